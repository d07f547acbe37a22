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
from time import time_ns

import msgspec

from dockcache_tui.core.builds.build import BuildSpec, BuildStatus
from dockcache_tui.core.instant import Instant
from dockcache_tui.lab import demo, engine
from dockcache_tui.lab.recorded import recording as form
from dockcache_tui.sources.build_runner import Runner, build_words
from dockcache_tui.sources.builders import inspect_builder
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal

SHOWN_BUILDER = "sample"
TARGET = Path(form.__file__).parents[1] / "recording" / "sample.jsonl"
SHOWN_AS = "/recorded"
RELAY = "--relay"


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
    builder, runner = open_builder(docker, builder_name), Runner(docker, Journal(folder / "journal"))
    try:
        yield form.SnapshotLine(builder.snapshot())
        for change in (lambda _: "nothing was built before", lambda _: "nothing was changed", edit):
            yield from build(runner, spec, change(project), folder)
            yield form.SnapshotLine(builder.snapshot())
    finally:
        builder.close()


def build(runner: Runner, spec: BuildSpec, change: str, folder: Path) -> Iterator[form.Line]:
    """Build, and yield what buildx says with the seconds since it was started, and why steps ran."""
    print(change, file=sys.stderr)
    metadata, said = folder / "metadata.json", folder / "said"
    command = ("docker", *build_words(spec, metadata))
    started = Instant.now()

    def words(kept: Path) -> tuple[str, ...]:
        return (sys.executable, __file__, RELAY, str(said), "docker", *build_words(spec, kept))

    running = runner.start(spec, words)
    for _ in running:
        pass
    whole = running.result()
    if whole.status is not BuildStatus.SUCCEEDED:
        sys.exit(f"the build failed: {whole.error}")
    begun = replace(whole, started_at=started, status=BuildStatus.RUNNING, completed_at=None, steps=())
    yield form.BuildLine(change, command, replace(begun, time_saved=None, weighted_reuse=None, compared_with=""))
    for line in said.read_text().splitlines():
        at, _, text = line.partition(" ")
        yield form.ProgressLine(round((int(at) - started.ns) / 1e9, 4), text)
    lines = {step.digest: step.line for step in whole.steps if step.line}
    causes = {step.digest: step.cause for step in whole.steps if step.cause}
    yield form.EndLine(whole.completed_at or Instant.now(), lines, causes, whole.compared_with)


def relay(said: str, *command: str) -> int:
    """Run a command and pass its stderr on; each line is kept with its time."""
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process, Path(said).open("w") as kept:
        for line in process.stderr or ():
            print(time_ns(), line.decode(), end="", file=kept)
            sys.stderr.buffer.write(line)
            sys.stderr.flush()
    return process.returncode


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
    if sys.argv[1:2] == [RELAY]:
        sys.exit(relay(*sys.argv[2:]))
    main()
