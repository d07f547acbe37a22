"""What a cache's key says: BuildKit's indexes and blobs, and the families of the well-known actions."""

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

BUILDKIT_VERSION = sha256(b"|go-actionscache-1.0").hexdigest()
"""The `version` of every entry that BuildKit's client saves."""

# Written by BuildKit in cache/remotecache/gha/gha.go; a cache scope may hold dashes.
_INDEX = re.compile(r"index-(?P<scope>.*)-1-(?P<hash>[0-9a-f]{8})(?P<signed>-sig)?#(?P<number>[0-9]{1,18})", re.DOTALL)
_BLOB = re.compile(r"buildkit-blob-1-(?P<digest>sha256:[0-9a-f]{64})(?P<signed>-sig)?")
# What most keys end in: hashFiles(), a commit or a run's number.
_ENDING = re.compile(r"(?P<prefix>.+)[-_.:/](?:[0-9a-f]{32,128}|[0-9]{8,20})", re.DOTALL)


class CacheKind(StrEnum):
    """What an entry is to BuildKit."""

    INDEX = "index"
    BLOB = "blob"
    OTHER = "other"


class Family(StrEnum):
    """Who writes such keys."""

    BUILDKIT = "BuildKit"
    SETUP_GO = "setup-go"
    SETUP_NODE = "setup-node"
    SETUP_PYTHON = "setup-python"
    SETUP_JAVA = "setup-java"
    SETUP_BUILDX = "setup-buildx"
    OTHER = "actions/cache"


# Found in these actions' sources; a newer setup-go may put a prefix of the user's own before its own.
_FAMILIES = (
    (re.compile(r"(?:.+-)?setup-go-[A-Za-z]+-", re.DOTALL), Family.SETUP_GO),
    (re.compile(r"node-cache-[A-Za-z]+-"), Family.SETUP_NODE),
    (re.compile(r"setup-python-[A-Za-z]+-"), Family.SETUP_PYTHON),
    (re.compile(r"setup-java-[A-Za-z]+-"), Family.SETUP_JAVA),
    (re.compile(r"buildx-dl-bin-"), Family.SETUP_BUILDX),
)


@dataclass(frozen=True, slots=True)
class CacheKey:
    """A decoded key. `prefix` is what keys of the same purpose share; what a kind does not have is None.

    An index has a cache `scope`, the `ref_hash` of the ref it was made on and a `generation`; a blob has the `digest`
    of its compressed bytes. `signed` is an index of signed caches, or the signature of one.
    """

    family: Family
    kind: CacheKind
    prefix: str
    scope: str | None = None
    ref_hash: str | None = None
    generation: int | None = None
    digest: str | None = None
    signed: bool = False


def decode(key: str, version: str = "") -> CacheKey:
    """Decode a key; one that looks like BuildKit's but has another client's `version` is none of BuildKit's."""
    if version in {"", BUILDKIT_VERSION}:
        if match := _INDEX.fullmatch(key):
            return CacheKey(
                Family.BUILDKIT,
                CacheKind.INDEX,
                key.rpartition("#")[0],
                scope=match["scope"],
                ref_hash=match["hash"],
                generation=int(match["number"]),
                signed=bool(match["signed"]),
            )
        if match := _BLOB.fullmatch(key):
            signed = bool(match["signed"])
            return CacheKey(Family.BUILDKIT, CacheKind.BLOB, key, digest=match["digest"], signed=signed)
    family = next((family for pattern, family in _FAMILIES if pattern.match(key)), Family.OTHER)
    ending = _ENDING.fullmatch(key)
    return CacheKey(family, CacheKind.OTHER, ending["prefix"] if ending else key)


def ref_hash(ref: str) -> str:
    """Return how a ref is written in an index's key: the first eight hex digits of its SHA-256."""
    return sha256(ref.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def index_key(scope: str, ref: str) -> str:
    """Return what BuildKit looks an index up by: the key without its generation."""
    return f"index-{scope}-1-{ref_hash(ref)}"
