"""Reads a `.dockerbuild`: an OCI layout whose manifests have a build's record as config and its logs as layers."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import BinaryIO

import msgspec
from google.protobuf.message import DecodeError

from dockcache_tui.core.archives.archive import ArchiveError, BrokenArchiveError, BuildRecord, Fault
from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.history_record import HistoryRecord, UnreadableRecordError, read_history_record
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.sources.archives.blobs import OpenArchive
from dockcache_tui.sources.archives.oci import OciReading
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import progress
from dockcache_tui.sources.provenance import Provenance, read_failed_at, read_provenance

_LENGTH = 4
MAX_LOG = 64 << 20
"""BuildKit itself keeps 2 MiB of a step's output unless told otherwise."""
MAX_THINGS = 100_000
"""Steps and transfers of one build."""


def read_status_log(stream: BinaryIO, digest: str) -> Iterator[Progress]:
    """Yield the messages; raises BrokenArchiveError where it can't be read on, or is not what its digest says."""
    hashed, at = sha256(), 0
    things: set[tuple[str, str]] = set()
    while prefix := stream.read(_LENGTH):
        length = int.from_bytes(prefix, "little")
        if at + length > MAX_LOG:
            raise _broken(f"the log goes on for {length:,} bytes, which is not read", digest, at)
        message = stream.read(length) if len(prefix) == _LENGTH else b""
        if len(prefix) < _LENGTH or len(message) < length:
            raise _broken("the log is cut", digest, at)
        try:
            said = progress(pb.StatusResponse.FromString(message))
        except DecodeError as error:
            raise _broken("a message that is not a StatusResponse", digest, at) from error
        things.update((vertex.digest, "") for vertex in said.vertexes)
        things.update((chunk.vertex, "") for chunk in said.logs)
        things.update((transfer.vertex, transfer.id) for transfer in said.transfers)
        if len(things) > MAX_THINGS:
            raise _broken("more steps than any build has", digest, at)
        yield said
        hashed.update(prefix + message)
        at += _LENGTH + length
    if f"sha256:{hashed.hexdigest()}" != digest:
        raise _broken(f"its content has another digest: sha256:{hashed.hexdigest()}", digest, None)


def _broken(reason: str, digest: str, at: int | None) -> BrokenArchiveError:
    return BrokenArchiveError(Fault(reason, digest, offset=at))


_FAILED_AT = b"github.com/moby/buildkit/errdefs.Source+json"
_STEP_OUTPUT = 256 * 1024
MAX_RECORDS = 100
"""Each is held in memory with its output; one bake has a few."""
UNREADABLE = (DecodeError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def read_build_records(blobs: OpenArchive) -> tuple[BuildRecord, ...]:
    """Read every recorded build, newest first; raises ArchiveError when there is none to be read."""
    reading = OciReading(blobs)
    faults = [*blobs.members.faults, *reading.faults]
    configs = tuple(dict.fromkeys(reading.records))
    if len(configs) > MAX_RECORDS:
        faults.append(Fault(f"{len(configs):,} builds, of which {MAX_RECORDS} are read"))
    records: list[BuildRecord] = []
    for config in configs[:MAX_RECORDS]:
        try:
            records.append(_record(blobs, config))
        except BrokenArchiveError as error:
            faults.append(error.fault)
    if not records:
        raise BrokenArchiveError(faults[-1]) if faults else ArchiveError("it holds no build's record")
    records.sort(key=lambda record: record.build.started_at, reverse=True)
    # What could not be read at all has no build of its own to be told with.
    return tuple(replace(one, faults=tuple(dict.fromkeys((*faults, *one.faults)))) for one in records)


def _record(blobs: OpenArchive, config: str) -> BuildRecord:
    try:
        record = read_history_record(blobs.document(config))
    except UnreadableRecordError as error:
        raise BrokenArchiveError(Fault(f"it is not a build's record: {error}", config)) from error
    faults: list[Fault] = []
    live = _replayed(blobs, record, faults)
    told = _told(blobs, record, faults)
    lines = {digest: line for one in told for digest, line in one.lines.items()}
    layers = {digest: made for one in told for digest, made in one.layers.items()}
    failed_at = next((one.failed_at for one in told if one.failed_at), None)
    steps = tuple(
        replace(_placed(step, lines, failed_at), layers=layers.get(step.digest, ())) for step in live.snapshot()
    )
    return BuildRecord(
        replace(record.build, steps=steps),
        {step.digest: log for step in steps if (log := live.log(step.digest)).lines},
        live.warnings(),
        tuple(dict.fromkeys(file for one in told for file in one.files)),
        record.imports,
        tuple(faults),
    )


def _replayed(blobs: OpenArchive, record: HistoryRecord, faults: list[Fault]) -> LiveBuild:
    """Take in the log as if the build ran now, to where it can be read."""
    live, build = LiveBuild(log_bytes=_STEP_OUTPUT), record.build
    try:
        if record.logs:
            with blobs.open(record.logs) as stream:
                for progress in read_status_log(stream, record.logs):
                    live.apply(progress)
    except ArchiveError as error:
        faults.append(_fault(error, record.logs))
    live.end(build.status, build.completed_at or build.started_at)
    return live


def _told(blobs: OpenArchive, record: HistoryRecord, faults: list[Fault]) -> list[Provenance]:
    """Read what tells lines and files: provenances, and of a failed build its error."""
    told = []
    for digest in record.provenances:
        try:
            told.append(read_provenance(blobs.document(digest)))
        except UNREADABLE as error:
            faults.append(Fault(f"it is not a provenance: {error}", digest))
        except ArchiveError as error:
            faults.append(_fault(error, digest))
    if record.error:
        try:
            told += read_failure(blobs, record.error)
        except UNREADABLE as error:
            faults.append(Fault(f"it is not an error of BuildKit's: {error}", record.error))
        except ArchiveError as error:
            faults.append(_fault(error, record.error))
    return told


def read_failure(blobs: OpenArchive, digest: str) -> list[Provenance]:
    """Read the error of a failed build in full; raises ArchiveError, or one of UNREADABLE for anything else."""
    failure = pb.Failure.FromString(blobs.document(digest))
    return [read_failed_at(one.value) for one in failure.details if one.type_url == _FAILED_AT]


def _fault(error: ArchiveError, digest: str) -> Fault:
    return replace(error.fault, digest=digest) if isinstance(error, BrokenArchiveError) else Fault(str(error), digest)


def _placed(step: Step, lines: dict[str, int], failed_at: int | None) -> Step:
    return replace(step, line=(failed_at if step.state is StepState.FAILED else None) or lines.get(step.digest))
