"""The bake and compose files of a build, found and read as docker does."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.private_folder import PrivateFolder

_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_COMPOSE_OVER = (
    "compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml",
)  # fmt: skip
_BAKE = ("docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl")
_NO_COMPOSE = re.compile(r"unknown (shorthand )?flag|unknown command|is not a docker command")
_ASSIGNED = re.compile(r"""^\s*(?:export\s+)?(\w+)\s*[=:]\s*(["']?)(.*?)\2\s*$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BakeFiles:
    """What `docker buildx bake` is told to read."""

    folder: str
    """Where it reads from: paths in the files and `.env` are looked up here."""
    files: tuple[str, ...] = ()
    """None for those that buildx finds in the folder by itself."""
    targets: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    """Folders elsewhere that the build may read: those a compose file names, as docker compose lets it."""


@dataclass(frozen=True, slots=True)
class BakeTarget:
    """What a target builds; folders have absolute paths, what is elsewhere its address."""

    context: str
    dockerfile: str
    named: tuple[tuple[str, str], ...] = ()
    """Its further contexts by name."""
    cache_to: tuple[str, ...] = ()
    """The caches that it writes, as --cache-to takes them."""


class _Target(msgspec.Struct, rename={"cache_to": "cache-to"}):
    context: str = "."
    dockerfile: str = "Dockerfile"
    contexts: dict[str, str] = {}
    cache_to: list[str | dict[str, str]] = []


class _Bake(msgspec.Struct):
    target: dict[str, _Target] = {}
    group: dict[str, dict[str, msgspec.Raw]] = {}


def bake_files(spec: BuildSpec, docker: Docker, scratch: Path) -> BakeFiles:
    """Return what to bake for a bake or compose spec; what docker compose makes of its files goes into `scratch`.

    Where there is no docker compose, buildx reads compose files itself, which knows no profiles. Raises SourceError.
    """
    named = tuple(_path(spec.project, file) for file in (spec.file, *spec.more_files) if file)
    targets = (spec.target,) if spec.target else ()
    if spec.kind == "bake":
        return BakeFiles(spec.project, named, targets)
    try:
        words = [word for file in named for word in ("--file", file)]
        text = docker.run("compose", *words, "build", "--print", "--", *targets, cwd=spec.project)
    except SourceError as error:
        if not _NO_COMPOSE.search(str(error)):
            raise
        files = named or compose_files(Path(spec.project), docker.environment)
        read = BakeFiles(str(Path(files[0]).parent) if files else spec.project, files, targets)
    else:
        (scratch / "compose.json").write_text(text)
        read = BakeFiles(spec.project, (str(scratch / "compose.json"),))
    found = _printed(read, docker).target.values()
    elsewhere = {path for target in found for path in _folders(target, read.folder)}
    return BakeFiles(read.folder, read.files, read.targets, tuple(sorted(elsewhere)))


def bake_targets(spec: BuildSpec, docker: Docker) -> dict[str, BakeTarget]:
    """Return the targets that a bake or compose spec builds; raises SourceError."""
    with PrivateFolder() as scratch:
        files = bake_files(spec, docker, scratch.path)
        found = _printed(files, docker).target
    return {
        name: BakeTarget(
            _path(files.folder, target.context),
            target.dockerfile,
            tuple((other, _path(files.folder, place)) for other, place in target.contexts.items()),
            tuple(map(_cache, target.cache_to)),
        )
        for name, target in found.items()
    }


def compose_files(project: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that docker compose reads in a folder: COMPOSE_FILE's, else the first it knows and its override.

    COMPOSE_FILE may be set in the folder's `.env` too.
    """
    known = {**_dotenv(project), **environment}
    if listed := known.get("COMPOSE_FILE"):
        names: list[str] = listed.split(known.get("COMPOSE_PATH_SEPARATOR") or os.pathsep)
    else:
        names = [*_first(project, _COMPOSE)]
        names += _first(project, _COMPOSE_OVER) if names else ()
    return tuple(_path(str(project), name) for name in names)


def finds_bake_file(project: Path, environment: Mapping[str, str]) -> bool:
    """Tell whether `docker buildx bake` finds a bake file in a folder by itself."""
    return bool(environment.get("BUILDX_BAKE_FILE")) or any(_first(project, _BAKE))


def is_remote(path: str) -> bool:
    """Tell whether a context or file is an address or stdin rather than a path here."""
    return "://" in path or path.startswith("git@") or path == "-"


def _path(folder: str, path: str) -> str:
    return path if is_remote(path) else str(Path(folder, path))


def _cache(told: str | Mapping[str, str]) -> str:
    """Return a cache as an option takes it; older versions of buildx print it so."""
    return told if isinstance(told, str) else ",".join(f"{name}={value}" for name, value in told.items())


def _printed(files: BakeFiles, docker: Docker) -> _Bake:
    words = ("--progress=quiet", *(word for file in files.files for word in ("--file", file)), "--print", "--")
    output = docker.run("buildx", "bake", *words, *files.targets, cwd=files.folder)
    try:
        return msgspec.json.decode(output, type=_Bake)
    except msgspec.MsgspecError as error:
        raise SourceError(f"`docker buildx bake --print` printed something unexpected: {error}") from error


def _folders(target: _Target, folder: str) -> Iterator[str]:
    """Yield the folders outside of `folder` that a target sends."""
    for context in (target.context, *target.contexts.values()):
        path = Path(folder, context).resolve()
        if not is_remote(context) and path.is_dir() and not path.is_relative_to(Path(folder).resolve()):
            yield str(path)


def _first(project: Path, names: tuple[str, ...]) -> Iterator[str]:
    yield from [name for name in names if (project / name).is_file()][:1]


def _dotenv(project: Path) -> dict[str, str]:
    try:
        return {name: value for name, _, value in _ASSIGNED.findall((project / ".env").read_text(errors="replace"))}
    except OSError:
        return {}
