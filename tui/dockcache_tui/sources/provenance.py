"""What a build's own history tells of its steps: the lines of the Dockerfile they come from."""

import msgspec

from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.docker_cli import Docker

_METADATA = "https://mobyproject.org/buildkit@v1#metadata"


class _Point(msgspec.Struct):
    line: int = 0


class _Range(msgspec.Struct):
    start: _Point


class _Location(msgspec.Struct):
    ranges: list[_Range] = []


class _Locations(msgspec.Struct):
    locations: list[_Location] = []


class _Source(msgspec.Struct):
    locations: dict[str, _Locations] = {}


class _Metadata(msgspec.Struct):
    source: _Source = msgspec.field(default_factory=_Source)


class _Config(msgspec.Struct, rename="camel"):
    digest_mapping: dict[str, str] = {}


class _BuildDefinition(msgspec.Struct, rename="camel"):
    internal_parameters: dict[str, msgspec.Raw] = {}


class _RunDetails(msgspec.Struct):
    metadata: dict[str, msgspec.Raw] = {}


class _Provenance(msgspec.Struct, rename="camel"):
    """SLSA 0.2 (buildConfig, metadata) or 1 (buildDefinition, runDetails)."""

    build_config: _Config | None = None
    metadata: dict[str, msgspec.Raw] = {}
    build_definition: _BuildDefinition | None = None
    run_details: _RunDetails | None = None


def step_lines(docker: Docker, builder: str, ref: str) -> dict[str, int]:
    """Return the Dockerfile line of each vertex of a build, by digest; empty when the history has none."""
    words = ("--builder", builder, "--type", "provenance", ref)
    try:
        return parse_lines(docker.run("buildx", "history", "inspect", "attachment", *words, timeout=10).encode())
    except SourceError:
        return {}  # failed builds and older buildx have none


def parse_lines(provenance: bytes) -> dict[str, int]:
    """Read the lines from a provenance document; empty for what is none."""
    try:
        read = msgspec.json.decode(provenance, type=_Provenance)
        config, source = read.build_config or _Config(), read.metadata.get(_METADATA)
        if read.build_definition and read.run_details:
            raw = read.build_definition.internal_parameters.get("buildConfig")
            config = msgspec.json.decode(raw, type=_Config) if raw else config
            source = read.run_details.metadata.get("buildkit_metadata")
        steps = msgspec.json.decode(source, type=_Metadata).source.locations if source else {}
    except msgspec.MsgspecError:
        return {}
    lines = {step: _first_line(locations) for step, locations in steps.items()}
    return {digest: line for digest, step in config.digest_mapping.items() if (line := lines.get(step))}


def _first_line(locations: _Locations) -> int | None:
    return next((span.start.line for location in locations.locations for span in location.ranges), None)
