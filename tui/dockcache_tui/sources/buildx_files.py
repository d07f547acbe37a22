"""What buildx keeps on disk, which tells of builders without waiting for any of their nodes. It is only read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

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
    docker = environment.get("DOCKER_CONFIG") or Path(environment.get("HOME") or Path.home(), ".docker")
    return Path(docker, "buildx")


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
