"""Finds what a project builds."""

from dataclasses import replace
from pathlib import Path

import msgspec

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal

_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_BAKE = ("docker-bake.hcl", "docker-bake.json")
_DOCKERFILE = ("Dockerfile", "Containerfile")


class _Target(msgspec.Struct):
    context: str = "."
    dockerfile: str = "Dockerfile"


class _Bake(msgspec.Struct):
    target: dict[str, _Target] = {}


def find_spec(path: Path, docker: Docker, journal: Journal) -> BuildSpec:
    """Return how to build a project: as it was last built but with the cache, else by its compose, bake or Dockerfile.

    Raises UsageError when there is nothing to build.
    """
    if path.is_file():
        return spec_of(path)
    if not path.is_dir():
        raise UsageError(f"{path} is no folder", hint="Name a project's folder or its Dockerfile.")
    project = path.resolve()
    last = journal.last_spec(str(project))
    if last and (project / last.file).is_file():
        return replace(last, no_cache=False)
    return _found(project, docker)


def spec_of(file: Path, project: Path | None = None) -> BuildSpec:
    """Return how to build by one file, inside or beside its project."""
    folder = (project or file.parent).resolve()
    file = file.resolve()
    name = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
    kind = {".hcl": "bake", ".json": "bake", ".yaml": "compose", ".yml": "compose"}.get(file.suffix, "dockerfile")
    return BuildSpec(project=str(folder), file=name, kind=kind)


def bake_targets(spec: BuildSpec, docker: Docker) -> dict[str, tuple[str, str]]:
    """Return the context and Dockerfile of each target that a bake or compose file builds; raises SourceError."""
    targets = [spec.target] if spec.target else []
    output = docker.run("buildx", "bake", "--file", str(Path(spec.project, spec.file)), "--print", *targets)
    try:
        found = msgspec.json.decode(output, type=_Bake).target
    except msgspec.MsgspecError as error:
        raise SourceError(f"`docker buildx bake --print` said something else: {error}") from error
    return {name: (target.context, target.dockerfile) for name, target in found.items()}


def _found(project: Path, docker: Docker) -> BuildSpec:
    for name in (*_COMPOSE, *_BAKE, *_DOCKERFILE):
        if (project / name).is_file():
            spec = spec_of(project / name)
            if spec.kind != "compose" or bake_targets(spec, docker):
                return spec
    raise UsageError(
        f"nothing to build in {project}",
        hint="Add a Dockerfile, a compose file with `build:` or a docker-bake.hcl, or name one with --file.",
    )
