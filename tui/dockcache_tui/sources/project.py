"""Finds what a project builds."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.next_build import repeated
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.sources.bake_files import bake_targets, compose_files, finds_bake_file, is_remote
from dockcache_tui.sources.builders import is_gone
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal

_DOCKERFILE = ("Dockerfile", "dockerfile", "Containerfile")
_NAMED_DOCKERFILE = re.compile(r"(docker|container)file(\..*)?", re.IGNORECASE)
_INSTRUCTION = re.compile(rb"^FROM\s+[^\s:=]", re.IGNORECASE | re.MULTILINE)
_KIND = {".hcl": "bake", ".json": "bake", ".yaml": "compose", ".yml": "compose"}


def find_spec(
    path: Path,
    docker: Docker,
    journal: Journal,
    files: tuple[str, ...] | None = None,
    target: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> BuildSpec:
    """Return how to build a project: by the files given, else as it was last built, else by what is found there.

    An empty `files` forgets what was last built. What is found must have the target. `say` is told what was passed
    over. Raises UsageError when there is nothing to build, SourceError when docker refuses all there is.
    """
    if path.is_file():
        files, path = (str(path), *(files or ())), path.parent
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder", hint="Name a project's folder or its Dockerfile.")
    project = path.resolve()
    last = journal.last_spec(str(project)) if files != () else None
    again = repeated(last, docker.environment) if last else None
    if files:
        spec = spec_of(files, project)
        return _usable(again, docker, say) if again and _files(again) == _files(spec) else spec
    if again and _is_there(again, docker):
        return _usable(again, docker, say)
    return _found(BuildSpec(str(project), target=target), docker, say)


def spec_of(files: tuple[str, ...], project: Path) -> BuildSpec:
    """Return how to build by files inside or beside a project; raises UsageError for several Dockerfiles."""
    folder = project.resolve()
    kinds = {_kind(file) for file in files}
    if len(files) > 1 and "dockerfile" in kinds:
        raise UsageError("only bake and compose files can be several", hint="Give --file once for a Dockerfile.")
    first, *more = (_name(file, folder) for file in files)
    return BuildSpec(str(folder), first, "bake" if len(kinds) > 1 else kinds.pop(), more_files=tuple(more))


def _found(asked: BuildSpec, docker: Docker, say: Callable[[str], None]) -> BuildSpec:
    refused: dict[str, SourceError] = {}
    for spec in _candidates(asked, docker):
        try:
            if spec.kind == "dockerfile" or bake_targets(spec, docker):
                _tell(refused, say)
                return spec
        except SourceError as error:
            refused[spec.kind] = error
    if refused:
        first, *more = refused.values()
        _tell(refused if more else {}, say)
        raise first
    raise UsageError(
        f"nothing to build in {asked.project}",
        hint="Add a Dockerfile, a compose file with `build:` or a docker-bake.hcl, or name one with --file.",
    )


def _tell(refused: Mapping[str, SourceError], say: Callable[[str], None]) -> None:
    for kind, error in refused.items():
        say(f"The {kind} file is skipped: {error}")


def _candidates(asked: BuildSpec, docker: Docker) -> Iterator[BuildSpec]:
    kinds = ["compose", "bake"]
    if docker.environment.get("BUILDX_BAKE_FILE"):
        kinds.reverse()
    specs = [replace(asked, file="", kind=kind) for kind in kinds]
    specs += [replace(asked, file=name) for name in _DOCKERFILE]
    yield from (spec for spec in specs if _is_there(spec, docker))


def _is_there(spec: BuildSpec, docker: Docker) -> bool:
    project = Path(spec.project)
    if spec.file:
        return all(is_remote(file) or (project / file).is_file() for file in (spec.file, *spec.more_files))
    if spec.kind == "compose":
        return bool(compose_files(project, docker.environment))
    return finds_bake_file(project, docker.environment)


def _usable(spec: BuildSpec, docker: Docker, say: Callable[[str], None]) -> BuildSpec:
    if spec.builder and is_gone(docker, spec.builder):
        say(f"The builder {spec.builder}, which built last, is gone.")
        return replace(spec, builder="")
    return spec


def _files(spec: BuildSpec) -> tuple[str, ...]:
    return (spec.kind, spec.file, *spec.more_files)


def _name(file: str, folder: Path) -> str:
    if is_remote(file):
        return file
    path = Path(file).resolve()
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _kind(file: str) -> str:
    path = Path(file)
    if _NAMED_DOCKERFILE.fullmatch(path.name):
        return "dockerfile"
    kind = _KIND.get(path.suffix.lower(), "dockerfile")
    return "dockerfile" if kind == "compose" and path.is_file() and _INSTRUCTION.search(path.read_bytes()) else kind
