"""A private buildx configuration in which each node of a builder is a builder of its own.

`docker buildx dial-stdio` picks a node by itself, so this is how every node is reached. The user's configuration is
only read.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.builder_info import BuilderInfo, NodeInfo
from dockcache_tui.sources.docker_cli import Docker


@dataclass(frozen=True, slots=True)
class Instance:
    """One node in the private configuration: `words` go before `buildx`, `alias` is its builder name."""

    node: NodeInfo
    driver: str
    alias: str
    words: tuple[str, ...] = ()


def write_instances(docker: Docker, info: BuilderInfo, folder: Path) -> tuple[Instance, ...]:
    """Write an instance file for every node into `folder` (a BUILDX_CONFIG); raises SourceError."""
    (folder / "instances").mkdir()
    original = _buildx_config(docker) / "instances" / info.name.lower()
    if not original.exists():
        # A builder that is a Docker context has no file; `default` follows DOCKER_HOST.
        node = info.nodes[0] if info.nodes else NodeInfo(info.name, info.name)
        return (Instance(node, info.driver, info.name, ("--context", info.name)),)
    try:
        group = json.loads(original.read_bytes())
        nodes = [(node["Name"], node) for node in group["Nodes"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{original} can't be read: {error}",
            title="The builder's configuration is broken",
            hint="See `docker buildx ls`.",
        ) from error
    seen = {node.name: node for node in info.nodes}
    return tuple(
        _write(folder, group, node, f"node{number}", seen.get(name) or NodeInfo(name, node.get("Endpoint", "")))
        for number, (name, node) in enumerate(nodes)
    )


def _write(folder: Path, group: dict[str, object], node: dict[str, object], alias: str, info: NodeInfo) -> Instance:
    """Write one node's instance, without its files: only a container's creation needs them, and they may hold keys."""
    alone = group | {"Name": alias, "Nodes": [node | {"Files": None}]}
    (folder / "instances" / alias).write_text(json.dumps(alone), encoding="utf-8")
    return Instance(info, str(group.get("Driver", "")), alias)


def _buildx_config(docker: Docker) -> Path:
    """Return where buildx keeps its builders in this environment."""
    environment = docker.environment
    if folder := environment.get("BUILDX_CONFIG"):
        return Path(folder)
    if folder := environment.get("DOCKER_CONFIG"):
        return Path(folder) / "buildx"
    return Path(environment.get("HOME") or Path.home()) / ".docker" / "buildx"
