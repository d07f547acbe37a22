"""The buildx builders there are."""

import re
from collections.abc import Iterator

import msgspec

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.record import BuilderInfo, NodeInfo
from dockcache_tui.sources.buildx_files import buildx_folder, read_builder, read_chosen
from dockcache_tui.sources.docker_cli import Docker, explained

_UNKNOWN = re.compile(r"no builder .* found|no such builder")

ANSWERS = 9.0
"""Seconds in which whoever is there answers: within ten a user is told."""


class _Node(msgspec.Struct, rename="pascal"):
    name: str = ""
    endpoint: str = ""
    status: str = ""
    err: str = ""
    version: str = ""
    platforms: list[str] | None = None


class _Builder(msgspec.Struct, rename="pascal"):
    name: str
    driver: str = ""
    current: bool = False
    err: str = ""
    nodes: list[_Node] | None = None


def list_builders(docker: Docker) -> tuple[BuilderInfo, ...]:
    """Return every builder of `docker buildx ls`; nothing is started. Raises SourceError."""
    output = docker.run("buildx", "ls", "--format", "json", timeout=25)
    try:
        builders = [msgspec.json.decode(line, type=_Builder) for line in output.splitlines() if line.strip()]
    except msgspec.MsgspecError as error:
        raise SourceError(
            f"`docker buildx ls --format json` printed something unexpected: {error}",
            title="Docker's buildx plugin is too old",
            hint="Install buildx 0.13 or newer.",
        ) from error
    return tuple(
        BuilderInfo(builder.name, builder.driver, tuple(_nodes(builder)), builder.current, builder.err)
        for builder in builders
    )


def _nodes(builder: _Builder) -> Iterator[NodeInfo]:
    for node in builder.nodes or ():
        if node.name:
            yield NodeInfo(node.name, node.endpoint, node.status, node.err, node.version, tuple(node.platforms or ()))


def find_builder(docker: Docker, name: str = "") -> BuilderInfo:
    """Return a builder (none named: BUILDX_BUILDER's or the current one) without asking its nodes; raises SourceError.

    Only a Docker context, which has one node and no file, is asked: `docker buildx inspect` says nothing of any node
    while it waits, 20 seconds, for one that is down.
    """
    kept = read_builder(docker.environment, name or docker.environment.get("BUILDX_BUILDER") or _current(docker))
    if kept is None:
        return inspect_builder(docker, name)
    nodes = (NodeInfo(str(node["Name"]), str(node.get("Endpoint", ""))) for node in kept.nodes)
    return BuilderInfo(kept.name, kept.driver, tuple(nodes))


def _current(docker: Docker) -> str:
    """Return which builder `docker buildx use` chose, empty where it is the Docker context that is."""
    chosen = read_chosen(docker.environment)
    if not chosen.name or chosen.everywhere:
        return chosen.name
    words = ("context", "inspect", "--format", "{{.Name}} {{.Endpoints.docker.Host}}")
    context, _, address = docker.run(*words, timeout=ANSWERS).strip().partition(" ")
    # As buildx keeps it: the default context, which DOCKER_HOST may lead elsewhere, by its address.
    return chosen.name if chosen.key == (address if context == "default" else context) else ""


def inspect_builder(docker: Docker, name: str = "", **environment: str) -> BuilderInfo:
    """Return one builder (none named: BUILDX_BUILDER's or the current one), starting nothing; raises SourceError."""
    try:
        output = docker.run("buildx", "inspect", "--", *([name] if name else []), timeout=ANSWERS, **environment)
    except SourceError as error:
        context = docker.environment.get("DOCKER_CONTEXT")
        if context and not name and f'no builder "{context}"' in str(error):  # what buildx says of an unknown context
            raise explained(f"context {context} not found") from error
        raise
    info = parse_inspect(output)
    if info.error and not info.nodes:
        raise explained(info.error)
    return info


def is_gone(docker: Docker, name: str) -> bool:
    """Tell whether docker knows no builder of this name; one that can't be reached is not gone."""
    if (buildx_folder(docker.environment) / "instances" / name).is_file():
        return False
    try:
        inspect_builder(docker, name)
    except SourceError as error:
        return bool(_UNKNOWN.search(str(error)))
    return False


def parse_inspect(output: str) -> BuilderInfo:
    """Read what `docker buildx inspect` prints: a head, then one paragraph a node; else raises SourceError."""
    head, _, rest = output.partition("\nNodes:\n")
    fields = _fields(head)
    if "Name" not in fields:
        raise SourceError("`docker buildx inspect` printed something unexpected", title="Can't use this buildx")
    nodes = [_fields(part) for part in re.split(r"\n(?=Name:)", f"\n{rest}") if part.strip()]
    return BuilderInfo(
        fields["Name"],
        fields.get("Driver", ""),
        tuple(
            NodeInfo(
                node.get("Name", ""),
                node.get("Endpoint", ""),
                node.get("Status", "error" if "Error" in node else ""),
                node.get("Error", ""),
                node.get("BuildKit version", ""),
                tuple(word.strip("*") for word in node.get("Platforms", "").split(", ") if word),
            )
            for node in nodes
        ),
        error=fields.get("Error", ""),
    )


def _fields(paragraph: str) -> dict[str, str]:
    """Return the `Key: value` lines that are not indented, the first of each key."""
    fields: dict[str, str] = {}
    for line in paragraph.splitlines():
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace():
            fields.setdefault(key, value.strip())
    return fields
