"""Record a real builder for machines without an engine: three builds of app/ on a fresh builder of a private engine."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import msgspec

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.instant import Instant
from dockcache_tui.lab import demo, engine
from dockcache_tui.lab.recorded import recording as form
from dockcache_tui.sources.build_runner import build_words
from dockcache_tui.sources.builders import inspect_builder
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.buildx_files import BuildRefs, read_metadata
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.git import read_checkout
from dockcache_tui.sources.provenance import history_tells

SHOWN_BUILDER = "sample"
TARGET = Path(form.__file__).parents[1] / "recording" / "sample.jsonl"
SHOWN_AS = "/recorded"


def edit(project: Path) -> str:
    """Change main.go on a branch of its own, and say so."""
    demo.git(project, "switch", "--quiet", "--create", "louder")
    source = project / "main.go"
    before = source.read_text()
    after = before.replace('"nothing to build"', '"nothing to build!"')
    if before == after:
        sys.exit("app/main.go has nothing to edit any more: change scripts/recording.py")
    source.write_text(after)
    demo.git(project, "commit", "--quiet", "--all", "--message", "Say it louder")
    return "main.go was edited, on the branch louder"


def record(docker: Docker, builder_name: str, folder: Path) -> Iterator[form.Line]:
    """Yield the lines of the recording, as they come."""
    project = demo.sample(folder)
    info = inspect_builder(docker, builder_name)
    spec = BuildSpec(project=str(project), builder=builder_name)
    yield form.Header(form.SCHEMA, Instant.now(), replace(info, current=True), spec)
    builder = open_builder(docker, builder_name)
    try:
        yield form.SnapshotLine(builder.snapshot())
        for change in (lambda _: "nothing was built before", lambda _: "nothing was changed", edit):
            yield from build(docker, spec, change(project), folder)
            yield form.SnapshotLine(builder.snapshot())
    finally:
        builder.close()


def build(docker: Docker, spec: BuildSpec, change: str, folder: Path) -> Iterator[form.Line]:
    """Build, and yield what buildx says with the seconds since it was started."""
    print(change, file=sys.stderr)
    metadata = folder / "metadata.json"
    command = ("docker", *build_words(spec, metadata))
    environment = {"BUILDX_METADATA_PROVENANCE": "disabled"} | docker.environment
    started, began = Instant.now(), monotonic()
    said: list[form.ProgressLine] = []
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        lines = (line.decode().rstrip("\n") for line in process.stderr or ())
        said.extend(form.ProgressLine(round(monotonic() - began, 4), line) for line in lines)
    ended = Instant.now()
    refs = read_metadata(metadata)
    if process.returncode or refs is None:
        sys.exit("the build failed: " + "\n".join(line.line for line in said[-5:]))
    yield form.BuildLine(change, command, _begun(spec, refs, started, docker))
    yield from said
    yield form.EndLine(ended, history_tells(docker, spec.builder, refs.refs[0]).lines)


def _begun(spec: BuildSpec, refs: BuildRefs, started: Instant, docker: Docker) -> Build:
    checkout = read_checkout(Path(spec.project), docker.environment)
    return Build(
        refs.refs[0],
        spec.builder,
        started,
        BuildStatus.RUNNING,
        node=refs.node,
        folder=spec.project,
        project=checkout.project,
        branch=checkout.branch,
        revision=checkout.revision,
    )


def without_machine(lines: list[form.Line], places: dict[str, str]) -> list[form.Line]:
    """Return the lines with this machine's own names replaced."""
    text = b"\n".join(map(msgspec.json.encode, lines)).decode()
    text = re.sub(rf"\b{re.escape(socket.gethostname())}\b", "machine", text)  # a short one may be part of an id
    for place, shown in places.items():
        text = text.replace(place, shown)
    return [msgspec.json.decode(line, type=form.Line) for line in text.splitlines()]


def main() -> None:
    """Record, and write the file that comes with the package."""
    with (
        engine.borrow(engine.default_home(), engine.narrate, builders=True) as lent,
        TemporaryDirectory(prefix="dockcache-") as folder,
    ):
        docker = Docker(demo.environment(lent))
        name = engine.container_builder(lent)
        engine.remove_builder(lent, name)
        engine.container_builder(lent)  # a fresh one
        lines = list(record(docker, name, Path(folder).resolve()))
        places = {
            str(Path(folder, "sample").resolve()): SHOWN_AS,
            str(Path(folder).resolve()): SHOWN_AS,
            lent.environment["DOCKER_HOST"]: "unix:///var/run/docker.sock",
            str(lent.home): SHOWN_AS,
            engine.registry_address(lent): "registry.invalid",
            name: SHOWN_BUILDER,
            os.path.expanduser("~"): SHOWN_AS,  # noqa: PTH111
        }
        form.write(TARGET, without_machine(lines, places))
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {len(lines)} lines", file=sys.stderr)


if __name__ == "__main__":
    main()
