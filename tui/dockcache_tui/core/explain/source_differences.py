"""What differs of two sources: images, or files from an address."""

import re

from dockcache_tui.core.builds.cause import MissCause, MissEvidence
from dockcache_tui.core.explain import cause_words as words
from dockcache_tui.core.explain.differences import platform_name
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.ops import Op

_IMAGES = ("docker-image", "oci-layout")
_LOGIN = re.compile("://[^/]*@")
_USUAL = re.compile(r"^docker\.io/(?:library/)?")


def address(op: Op) -> str:
    """Return what a Dockerfile calls a source, without names and passwords; empty for anything else."""
    if op.kind != "source":
        return ""
    rest = op.body["identifier"].partition("://")[2]
    if _scheme(op) in _IMAGES:
        return _USUAL.sub("", rest.partition("@")[0])
    return _LOGIN.sub("://", op.body["identifier"])


def source_cause(old: KeyedGraph, old_op: str, new: KeyedGraph, op: str) -> MissCause | None:
    """Return the cause of a step that takes another source than before; None where they are no sources of one kind."""
    before, after = old.ops[old_op], new.ops[op]
    are_images = {_scheme(one) in _IMAGES for one in (before, after)}
    if not before.kind == after.kind == "source" or len(are_images) > 1 or _scheme(after) == "local":
        return None
    known = bool(old.keys[old_op].known and new.keys[op].known)
    if known and old.keys[old_op] == new.keys[op]:
        return None
    values = came_to(old, old_op), came_to(new, op)
    if are_images == {False} and (known or (all(values) and values[0] != values[1])):
        return words.of_address(MissEvidence("content", address(after), *values))
    if not known:
        return words.unknown(f"What {address(after)} served is not known.")
    platforms = platform_name(before.platform), platform_name(after.platform)
    if platforms[0] != platforms[1]:
        return words.of_platform(MissEvidence("platform", address(after), *platforms))
    return words.of_base(MissEvidence("digest", address(after), *values), address(before))


def same_file(old: KeyedGraph, old_op: str, new: KeyedGraph, op: str) -> bool:
    """Tell whether two addresses served one file, whenever they say that it changed."""
    one, other = old.ops[old_op], new.ops[op]
    are_files = _scheme(one) in ("http", "https") and _scheme(other) in ("http", "https")
    return are_files and came_to(old, old_op) == came_to(new, op) is not None


def came_to(graph: KeyedGraph, op: str) -> str | None:
    """Return the digest or commit that a source came to, None where that is not known."""
    one, resolved = graph.ops[op], graph.graph.sources.get(op)
    pinned = re.search("[@#]((?:sha256:)?[0-9a-f]{40,64})(?:$|:)", one.body["identifier"])
    checked = (one.body.get("attrs") or {}).get("http.checksum")
    found = pinned[1] if pinned else checked or (resolved and (resolved.commit or resolved.digest))
    return found or None


def _scheme(op: Op) -> str:
    return op.body["identifier"].partition("://")[0] if op.kind == "source" else ""
