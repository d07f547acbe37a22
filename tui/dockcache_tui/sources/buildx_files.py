"""What buildx keeps on disk, only read: its builders (no node is waited for), and BuildKit's refs of our builds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.errors import SourceError


@dataclass(frozen=True, slots=True)
class BuilderFile:
    """A builder as its file has it: `group` is the whole of it, `nodes` the nodes in it, each with a name."""

    name: str
    driver: str
    group: Mapping[str, object]
    nodes: tuple[Mapping[str, object], ...]


class Chosen(msgspec.Struct, rename="pascal"):
    """Which builder `docker buildx use` chose: for one context, by name or address, or for all."""

    key: str = ""
    name: str = ""
    everywhere: bool = msgspec.field(name="Global", default=False)


def buildx_folder(environment: Mapping[str, str]) -> Path:
    """Return where a buildx of this environment keeps its files."""
    if folder := environment.get("BUILDX_CONFIG"):
        return Path(folder)
    return docker_folder(environment) / "buildx"


def docker_folder(environment: Mapping[str, str]) -> Path:
    """Return where a docker of this environment keeps its configuration."""
    return Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME") or Path.home(), ".docker"))


def read_builder(environment: Mapping[str, str], name: str) -> BuilderFile | None:
    """Return a builder; None for one without a file, which a Docker context is; raises SourceError for a broken one."""
    path = buildx_folder(environment) / "instances" / name.lower()
    if not name or not path.is_file():
        return None
    try:
        group = json.loads(path.read_bytes())
        nodes = tuple({**node, "Name": str(node["Name"])} for node in group["Nodes"])
        return BuilderFile(str(group["Name"]), str(group.get("Driver", "")), group, nodes)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{path} can't be read: {error}",
            title="The builder's configuration is broken",
            hint="See `docker buildx ls`.",
        ) from error


def read_chosen(environment: Mapping[str, str]) -> Chosen:
    """Return the choice; an empty one where none was made, or it can't be read."""
    try:
        return msgspec.json.decode((buildx_folder(environment) / "current").read_bytes(), type=Chosen)
    except (OSError, msgspec.MsgspecError):
        return Chosen()


@dataclass(frozen=True, slots=True)
class BuildRefs:
    """The refs of one build, one for each target of a bake and each node; `node` is empty when it ran on several."""

    builder: str
    node: str
    refs: tuple[str, ...]


class _LocalState(msgspec.Struct, rename="pascal"):
    local_path: str = ""
    group_ref: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class LocalState:
    """The folder that a build was given, and when buildx wrote it down, in ns of this machine's clock."""

    folder: str
    written_ns: int


def read_local_state(environment: Mapping[str, str], build: Build) -> LocalState | None:
    """Return what buildx keeps of a build that it started on this machine."""
    if any(part in {"", ".", ".."} or "/" in part for part in (build.builder, build.node, build.ref)):
        return None
    path = buildx_folder(environment) / "refs" / build.builder / build.node / build.ref
    state = _read(path)
    return LocalState(state.local_path, path.stat().st_mtime_ns) if state else None


def bake_targets_of(environment: Mapping[str, str], refs: BuildRefs) -> dict[str, str]:
    """Return the target of a bake file that each ref is of; `default` for a build without one."""
    folder = buildx_folder(environment) / "refs" / refs.builder
    states = {ref: state for ref in refs.refs for path in folder.glob(f"*/{ref}") if (state := _read(path))}
    return {ref: state.target for ref, state in states.items()}


class RefWatch:
    """Sees which refs are new since it was made."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Look at the buildx configuration that a command in this environment uses."""
        self._folder = buildx_folder(environment) / "refs"
        self._before = set(self._paths())

    def find(self, context: str | None) -> BuildRefs | None:
        """Return the new refs of a context (None: any); None while there are none or they could be another build's."""
        groups: dict[str, list[Path]] = {}
        for path in self._paths():
            state = None if path in self._before else _read(path)
            if state and context in {None, state.local_path}:
                groups.setdefault(state.group_ref or path.name, []).append(path)
        builders = {path.parts[-3] for paths in groups.values() for path in paths}
        nodes = [{path.parts[-2] for path in paths} for paths in groups.values()]
        apart = len(set[str]().union(*nodes)) == sum(map(len, nodes))
        if len(builders) != 1 or not apart:
            return None
        refs = tuple(sorted(path.name for paths in groups.values() for path in paths))
        return BuildRefs(builders.pop(), nodes[0].pop() if len(nodes) == 1 and len(nodes[0]) == 1 else "", refs)

    def _paths(self) -> list[Path]:
        return [path for path in self._folder.glob("*/*/*") if path.parts[-3] != "__group__"]


def read_metadata(path: Path) -> BuildRefs | None:
    """Read the refs from the metadata file of `buildx build` or `bake`; None when it has none."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
        refs = sorted(_refs(found))
    except (OSError, msgspec.MsgspecError):
        return None
    parts = [ref.split("/") for ref in refs]
    if not parts or any(len(part) != 3 for part in parts):
        return None
    return BuildRefs(parts[0][0], parts[0][1], tuple(part[2] for part in parts))


def _refs(metadata: Mapping[str, msgspec.Raw]) -> list[str]:
    key = "buildx.build.ref"
    if key in metadata:
        return [msgspec.json.decode(metadata[key], type=str)]
    documents = [raw for raw in metadata.values() if bytes(raw).startswith(b"{")]
    targets = [msgspec.json.decode(raw, type=dict[str, msgspec.Raw]) for raw in documents]
    return [msgspec.json.decode(target[key], type=str) for target in targets if key in target]


def _read(path: Path) -> _LocalState | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_LocalState)
    except (OSError, msgspec.MsgspecError):
        return None  # half written: the next look finds it whole
