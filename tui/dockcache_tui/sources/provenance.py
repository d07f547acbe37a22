"""What a build's own history tells of its steps: lines of the Dockerfile, layers, and the Dockerfile."""

import binascii
from base64 import b64decode
from dataclasses import dataclass, field

import msgspec

from dockcache_tui.core.builds.build import SourceFile
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


class _Layer(msgspec.Struct):
    digest: str


class _Metadata(msgspec.Struct):
    source: _Source = msgspec.field(default_factory=_Source)
    layers: dict[str, list[list[_Layer]]] = {}


class _Step(msgspec.Struct):
    id: str
    inputs: list[str] | None = None


class _Config(msgspec.Struct, rename="camel"):
    digest_mapping: dict[str, str] = {}
    llb_definition: list[_Step] = []


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


@dataclass(frozen=True, slots=True)
class Provenance:
    """The Dockerfile line of each vertex, by digest, the one where the build failed, and the files they are of.

    `layers` are the digests of the layers that each vertex made, lowest first. BuildKit tells of those that it has
    packed: for this build's export, or for any before it.
    """

    lines: dict[str, int] = field(default_factory=dict)
    files: tuple[SourceFile, ...] = ()
    failed_at: int | None = None
    layers: dict[str, tuple[str, ...]] = field(default_factory=dict)


def history_tells(docker: Docker, builder: str, ref: str) -> Provenance:
    """Return the provenance that a builder's history keeps of a build; of failed builds, and by older buildx, none."""
    words = ("--builder", builder, "--type", "provenance", ref)
    try:
        return read_provenance(docker.run("buildx", "history", "inspect", "attachment", *words, timeout=10).encode())
    except (SourceError, msgspec.MsgspecError):
        return Provenance()


def read_provenance(document: bytes) -> Provenance:
    """Read a provenance document; raises MsgspecError for anything else."""
    read = msgspec.json.decode(document, type=_Provenance)
    config, raw = read.build_config or _Config(), read.metadata.get(_METADATA)
    if read.build_definition and read.run_details:
        inner = read.build_definition.internal_parameters.get("buildConfig")
        config = msgspec.json.decode(inner, type=_Config) if inner else config
        raw = read.run_details.metadata.get("buildkit_metadata")
    metadata = msgspec.json.decode(raw, type=_Metadata) if raw else _Metadata()
    steps = {step: _first_line(locations) for step, locations in metadata.source.locations.items()}
    lines = {digest: line for digest, step in config.digest_mapping.items() if (line := steps.get(step))}
    files = tuple(info.file() for info in metadata.source.infos)
    return Provenance(lines, files, layers=_made(metadata.layers, config))


def read_failed_at(source: bytes) -> Provenance:
    """Read where a build failed, BuildKit's errdefs.Source as JSON; raises MsgspecError for anything else."""
    read = msgspec.json.decode(source, type=_FailedAt)
    return Provenance(files=(read.info.file(),), failed_at=_first_line(_Locations([read])) or None)


def _made(layers: dict[str, list[list[_Layer]]], config: _Config) -> dict[str, tuple[str, ...]]:
    """Return what each vertex put on top of its inputs: an image all its layers, any other step one, a merge none."""
    chains = {output: tuple(layer.digest for layer in told[0]) for output, told in layers.items() if told}
    inputs = {step.id: step.inputs or [] for step in config.llb_definition}
    made = {}
    for digest, step in config.digest_mapping.items():
        if step in inputs and (chain := chains.get(f"{step}:0")):
            made[digest] = _on_top(chain, [chains.get(output, ()) for output in inputs[step]])
    return made


def _on_top(chain: tuple[str, ...], below: list[tuple[str, ...]]) -> tuple[str, ...]:
    if not below:
        return chain
    base = max((one for one in below if chain[: len(one)] == one), key=len, default=())
    top = chain[len(base) :]
    merged = any(top == one for one in below if one is not base)
    return () if merged else top[-1:]


def _first_line(locations: _Locations) -> int | None:
    return next((span.start.line for location in locations.locations for span in location.ranges), None)
