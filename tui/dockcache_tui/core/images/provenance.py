"""The commit that an image was built of, by its in-toto provenance."""

import msgspec

from dockcache_tui.core.images.manifest import decode

_METADATA = "https://mobyproject.org/buildkit@v1#metadata"


class _Vcs(msgspec.Struct):
    revision: str = ""


class _Metadata(msgspec.Struct):
    vcs: _Vcs = msgspec.field(default_factory=_Vcs)


class _Told(msgspec.Struct, rename={"old": _METADATA, "new": "buildkit_metadata"}):
    old: _Metadata | None = None
    new: _Metadata | None = None


class _Run(msgspec.Struct):
    metadata: _Told | None = None


class _Predicate(msgspec.Struct, rename={"run": "runDetails"}):
    """SLSA 0.2 (metadata) or 1 (runDetails)."""

    metadata: _Told | None = None
    run: _Run | None = None


class _Statement(msgspec.Struct):
    predicate: _Predicate = msgspec.field(default_factory=_Predicate)


def revision_of(statement: bytes) -> str:
    """Return the revision BuildKit tells in a statement, empty when it tells none; raises NotAsExpectedError."""
    predicate = decode(statement, _Statement).predicate
    told = (predicate.run.metadata if predicate.run else None) or predicate.metadata
    metadata = (told.new or told.old) if told else None
    return metadata.vcs.revision if metadata else ""
