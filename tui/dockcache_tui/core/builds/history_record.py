"""A build as a build record's JSON tells it: BuildKit's BuildHistoryRecord, written as Go writes structs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.instant import Instant

PROVENANCE = "https://slsa.dev/provenance/"
PREDICATE = "in-toto.io/predicate-type"
_CANCELED = 1
_SECOND = 1_000_000_000
_YEARS = msgspec.Meta(ge=-62_135_596_800, le=253_402_300_799)
"""Go's zero time, and the last second that RFC 3339 can write."""


class UnreadableRecordError(ValueError):
    """JSON that is no build record."""


class _Moment(msgspec.Struct):
    seconds: Annotated[int, _YEARS] = 0
    nanos: Annotated[int, msgspec.Meta(ge=0, lt=_SECOND)] = 0

    def instant(self) -> Instant:
        return Instant(self.seconds * _SECOND + self.nanos)


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""


class _Descriptor(msgspec.Struct):
    digest: str = ""
    annotations: dict[str, str] | None = None


class _Result(msgspec.Struct, rename={"attestations": "Attestations"}):
    attestations: list[_Descriptor] | None = None


class _LocalState(msgspec.Struct, rename={"folder": "LocalPath"}):
    folder: str = ""


_SECRET = re.compile("token|secret|key|password", re.IGNORECASE)


class _Import(msgspec.Struct, rename={"type": "Type", "attributes": "Attrs"}):
    type: str = ""
    attributes: dict[str, str] | None = None

    def spec(self) -> str:
        attributes = self.attributes or {}
        if self.type == "gha":
            attributes = {"scope": "buildkit"} | attributes
        told = (f"{name}={value}" for name, value in attributes.items() if not _SECRET.search(name))
        return ",".join((f"type={self.type}", *told))


class _Record(
    msgspec.Struct,
    rename={
        "ref": "Ref",
        "attributes": "FrontendAttrs",
        "created": "CreatedAt",
        "completed": "CompletedAt",
        "external_error": "externalError",
        "result": "Result",
        "results": "Results",
        "state": "localState",
    },
):
    ref: str
    created: _Moment
    attributes: dict[str, str] | None = None
    completed: _Moment | None = None
    error: _Error | None = None
    logs: _Descriptor | None = None
    external_error: _Descriptor | None = None
    result: _Result | None = None
    results: dict[str, _Result | None] | None = None
    state: _LocalState | None = None


@dataclass(frozen=True, slots=True)
class HistoryRecord:
    """A build without its steps, and the digests of what tells more: logs, the error in full, provenances.

    Of each provenance it is told for which platform it is, empty for the only one. `imports` are the caches the build
    was told to import, as `--cache-from` takes them, `request` is all that the frontend was asked.
    """

    build: Build
    logs: str
    error: str
    provenances: Mapping[str, str]
    imports: tuple[str, ...]
    request: Mapping[str, str]


def read_history_record(document: bytes) -> HistoryRecord:
    """Read a record's JSON; raises UnreadableRecordError."""
    try:
        read = msgspec.json.decode(document, type=_Record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableRecordError(str(error)) from error
    results = {"": read.result, **(read.results or {})}
    attestations = [
        (platform, one) for platform, result in results.items() if result for one in result.attestations or ()
    ]
    return HistoryRecord(
        _build(read),
        read.logs.digest if read.logs else "",
        read.external_error.digest if read.external_error else "",
        {one.digest: platform for platform, one in attestations if _is_provenance(one)},
        _imports((read.attributes or {}).get("cache-imports", "")),
        read.attributes or {},
    )


def _is_provenance(attestation: _Descriptor) -> bool:
    return (attestation.annotations or {}).get(PREDICATE, "").startswith(PROVENANCE)


def _build(read: _Record) -> Build:
    attributes = read.attributes or {}
    return Build(
        ref=read.ref,
        builder="",
        started_at=read.created.instant(),
        completed_at=read.completed.instant() if read.completed else None,
        status=_status(read),
        folder=attributes.get("context", "") or (read.state.folder if read.state else ""),
        target=attributes.get("target", ""),
        revision=attributes.get("vcs:revision", ""),
        error=read.error.message if read.error else "",
        ours=False,
    )


def _status(read: _Record) -> BuildStatus:
    if read.error:
        return BuildStatus.CANCELED if read.error.code == _CANCELED else BuildStatus.FAILED
    return BuildStatus.SUCCEEDED if read.completed else BuildStatus.LOST


def _imports(text: str) -> tuple[str, ...]:
    try:
        return tuple(one.spec() for one in msgspec.json.decode(text, type=list[_Import]))
    except (msgspec.MsgspecError, RecursionError):
        return ()
