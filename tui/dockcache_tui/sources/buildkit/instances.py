"""A private buildx configuration in which each node of a builder is a builder of its own.

`docker buildx dial-stdio` picks a node by itself, so this is how every node is reached. The user's configuration is
only read.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dockcache_tui.core.records.record import BuilderInfo, NodeInfo
from dockcache_tui.sources.buildx_files import read_builder
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
    kept = read_builder(docker.environment, info.name)
    if kept is None:
        # A builder that is a Docker context has no file; `default` follows DOCKER_HOST.
        node = info.nodes[0] if info.nodes else NodeInfo(info.name, info.name)
        return (Instance(node, info.driver, info.name, ("--context", info.name)),)
    return tuple(
        _write(folder, kept.group, node, f"node{number}", one)
        for number, (node, one) in enumerate(zip(kept.nodes, info.nodes, strict=True))
    )


def _write(
    folder: Path, group: Mapping[str, object], node: Mapping[str, object], alias: str, info: NodeInfo
) -> Instance:
    """Write one node's instance, without its files: only a container's creation needs them, and they may hold keys."""
    alone = {**group, "Name": alias, "Nodes": [{**node, "Files": None}]}
    (folder / "instances" / alias).write_text(json.dumps(alone), encoding="utf-8")
    return Instance(info, str(group.get("Driver", "")), alias)
