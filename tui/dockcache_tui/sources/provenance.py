"""What a build's own history tells of its steps: the lines of the Dockerfile they come from, and the Dockerfile."""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field

import msgspec

from dockcache_tui.core.builds.source_file import SourceFile
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.docker_cli import Docker

_METADATA = "https://mobyproject.org/buildkit@v1#metadata"


class _Point(msgspec.Struct):
    line: int = 0


class _Range(msgspec.Struct):
    start: _Point


class _Location(msgspec.Struct):
    ranges: list[_Range] = []


class _Info(msgspec.Struct):
    filename: str = ""
    data: str = ""

    def file(self) -> SourceFile:
        try:
            return SourceFile(self.filename, b64decode(self.data).decode(errors="backslashreplace"))
        except (binascii.Error, ValueError):
            return SourceFile(self.filename, "")


class _FailedAt(_Location):
    info: _Info = msgspec.field(default_factory=_Info)


class _Locations(msgspec.Struct):
    locations: list[_Location] = []


class _Source(msgspec.Struct):
    locations: dict[str, _Locations] = {}
    infos: list[_Info] = []


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


@dataclass(frozen=True, slots=True)
class Provenance:
    """The Dockerfile line of each vertex, by digest, the one where the build failed, and the files they are of."""

    lines: dict[str, int] = field(default_factory=dict)
    files: tuple[SourceFile, ...] = ()
    failed_at: int | None = None


def parse_lines(provenance: bytes) -> dict[str, int]:
    """Read the lines from a provenance document; empty for what is none."""
    try:
        return read_provenance(provenance).lines
    except msgspec.MsgspecError:
        return {}


def read_provenance(document: bytes) -> Provenance:
    """Read a provenance document; raises MsgspecError for what is none."""
    read = msgspec.json.decode(document, type=_Provenance)
    config, metadata = read.build_config or _Config(), read.metadata.get(_METADATA)
    if read.build_definition and read.run_details:
        raw = read.build_definition.internal_parameters.get("buildConfig")
        config = msgspec.json.decode(raw, type=_Config) if raw else config
        metadata = read.run_details.metadata.get("buildkit_metadata")
    source = msgspec.json.decode(metadata, type=_Metadata).source if metadata else _Source()
    steps = {step: _first_line(locations) for step, locations in source.locations.items()}
    lines = {digest: line for digest, step in config.digest_mapping.items() if (line := steps.get(step))}
    return Provenance(lines, tuple(info.file() for info in source.infos))


def read_failed_at(source: bytes) -> Provenance:
    """Read where a build failed, BuildKit's errdefs.Source as JSON; raises MsgspecError for what is none."""
    read = msgspec.json.decode(source, type=_FailedAt)
    return Provenance(files=(read.info.file(),), failed_at=_first_line(_Locations([read])) or None)


def _first_line(locations: _Locations) -> int | None:
    return next((span.start.line for location in locations.locations for span in location.ranges), None)
