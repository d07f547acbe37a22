"""Records what real builders print with --progress=rawjson: `python tests/sources/record_rawjson.py` writes rawjson/*.

Needs an engine; see tests/conftest.py.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from dockcache_tui.lab import engine as lab

FOLDER = Path(__file__).parent / "rawjson"
DOCKERFILE = """\
FROM busybox AS build
ARG MARK
WORKDIR /w
RUN --mount=type=cache,target=/c,mode=0777 echo $MARK > mark && head -c 20000 /dev/urandom > big
COPY main.txt .
RUN cat main.txt mark > out; echo built; echo loud >&2
FROM scratch
COPY --link extra /extra
COPY --from=build /w/out /out
"""
COMPOSE = "services:\n  web: {build: .}\n  api: {build: {context: ., target: build}}\n"


def main() -> None:
    """Record every case."""
    FOLDER.mkdir(exist_ok=True)
    with lab.borrow(lab.default_home(), lab.narrate, builders=True) as engine:
        for builder in (lab.DOCKER, lab.container_builder(engine), lab.remote_builder(engine)):
            with _project() as project:
                kind = {lab.DOCKER: "docker"}.get(builder, builder.removeprefix("dockcache-"))
                _build(engine, builder, project, f"{kind}-first", "--provenance=mode=max")
                _build(engine, builder, project, f"{kind}-again", "--provenance=mode=max")
                (project / "main.txt").write_text("edited")
                _build(engine, builder, project, f"{kind}-edited", "--provenance=mode=max")
                (project / "Dockerfile").write_text(f"{DOCKERFILE}COPY nothing /\n".replace("built;", "built; exit 3;"))
                _build(engine, builder, project, f"{kind}-failed")
        _imports(engine)
        with _project() as project:
            (project / "compose.yaml").write_text(COMPOSE)
            _run(engine, project, "bake", "compose", "--file", "compose.yaml")


def _imports(engine: lab.Engine) -> None:
    """Import a cache whose blob must be pulled, then one whose blob is gone."""
    remote = lab.Remote(engine, f"dockcache-record-{uuid4().hex[:8]}")
    remote.start()
    try:
        with _project() as project, tempfile.TemporaryDirectory() as cache:
            _build(engine, remote.name, project, "cache-export", f"--cache-to=type=local,dest={cache},mode=max")
            for name in ("lazy-pull", "false-hit"):
                _docker(engine, project, "prune", "--builder", remote.name, "--all", "--force")
                (project / "main.txt").write_text(name)
                if name == "false-hit":
                    _biggest_of_ours(Path(cache)).unlink()
                _build(engine, remote.name, project, name, f"--cache-from=type=local,src={cache}")
    finally:
        remote.remove()


def _biggest_of_ours(cache: Path) -> Path:
    index = json.loads((cache / "index.json").read_text())
    blobs = cache / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"].removeprefix("sha256:")).read_text())
    layers = [layer for layer in manifest["layers"] if layer["size"] < 100_000]
    digest: str = max(layers, key=lambda layer: layer["size"])["digest"]
    return blobs / digest.removeprefix("sha256:")


@contextmanager
def _project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "Dockerfile").write_text(DOCKERFILE.replace("ARG MARK", f"ARG MARK={uuid4().hex}"))
        (project / "main.txt").write_text("main")
        (project / "extra").write_text("extra")
        yield project


def _build(engine: lab.Engine, builder: str, project: Path, name: str, *words: str) -> None:
    _run(engine, project, "build", name, "--builder", builder, *words, ".")


def _run(engine: lab.Engine, project: Path, command: str, name: str, *words: str) -> None:
    said = _docker(engine, project, command, "--progress=rawjson", *words)
    (FOLDER / f"{name}.jsonl").write_bytes(said.replace(str(project).encode(), b"/project"))


def _docker(engine: lab.Engine, project: Path, *words: str) -> bytes:
    argv = ("docker", "buildx", *words)
    return subprocess.run(argv, cwd=project, env=engine.variables, capture_output=True, timeout=120, check=False).stderr


if __name__ == "__main__":
    main()
