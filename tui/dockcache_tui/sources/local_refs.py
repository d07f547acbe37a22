"""BuildKit's own ref of a build of ours, from what buildx leaves on disk.

buildx writes `refs/BUILDER/NODE/REF` ({"LocalPath", "GroupRef", ...}) when a build begins, and the exact refs into its
metadata file when one succeeds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dockcache_tui.core.builds.build import Build
from dockcache_tui.sources.buildx_files import buildx_folder


@dataclass(frozen=True, slots=True)
class BuildRefs:
    """The refs of one build, one for each target of a bake and each node; `node` is empty when it ran on several."""

    builder: str
    node: str
    refs: tuple[str, ...]


class _LocalState(msgspec.Struct, rename="pascal"):
    local_path: str = ""
    group_ref: str = ""


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
