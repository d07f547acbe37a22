"""The keys of sources: images, files and repositories from elsewhere, and local contexts.

Rules as in BuildKit's source/containerimage, source/http, source/git and source/local.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from dockcache_tui.core.explain.go_json import digest, go_json
from dockcache_tui.core.explain.ops import Body, Op
from dockcache_tui.core.explain.rules import KeyRules

_NUMBER = re.compile("0[0-7]{0,19}|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Keys:
    """Digests that an operation is looked up by, any of which will do; `complete` when there are no others.

    None and complete: it has random ones that are never found again, as a local context.
    """

    known: tuple[str, ...] = ()
    complete: bool = False


UNKNOWN = Keys()
RANDOM = Keys(complete=True)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a source came to; empty or None for what is not known."""

    digest: str = ""
    """Of an image's manifest or index, or of a file."""
    diff_ids: tuple[str, ...] | None = None
    """Of an image's layers, lowest first."""
    last_modified: str | None = None
    """What the server of a file said, empty when it said nothing."""
    commit: str = ""
    ref: str = ""
    """The full ref of a commit."""


def source_keys(op: Op, rules: KeyRules, resolved: Resolved) -> Keys:
    """Return the keys of a source."""
    scheme, _, reference = op.body["identifier"].partition("://")
    attributes = op.body.get("attrs") or {}
    match scheme:
        case "local":
            return RANDOM
        case "docker-image" | "oci-layout":
            return _image(op, reference, rules, resolved)
        case "http" | "https":
            return _file(attributes, resolved)
        case "git":
            return _commit(reference, attributes, rules, resolved)
    return UNKNOWN


def platform_words(op: Op) -> Body:
    """Return an operation's platform in the words of keys, in which only OS and Arch are always there."""
    told = op.platform
    more = {name: told[name] for name in ("Variant", "OSVersion", "OSFeatures") if told.get(name)}
    return {"OS": told.get("OS", ""), "Arch": told.get("Architecture", ""), **more}


def _image(op: Op, reference: str, rules: KeyRules, resolved: Resolved) -> Keys:
    pinned = re.search("@(sha256:[0-9a-f]{64})$", reference)
    manifest = pinned[1] if pinned else resolved.digest
    if not op.platform or not manifest:  # without a platform the daemon takes its own
        return UNKNOWN
    attributes = op.body.get("attrs") or {}
    limit = attributes.get("image.layerlimit") or attributes.get("oci.layerlimit")
    if limit and not _NUMBER.fullmatch(limit):
        return UNKNOWN
    limited = {"Limit": int(limit)} if limit else {}
    by_manifest = _key(digest(go_json({"Digest": manifest, **platform_words(op), **limited})))
    if rules.drops_chain:
        return Keys((by_manifest,), complete=True)
    if resolved.diff_ids is None:
        return Keys((by_manifest,))
    layers = resolved.diff_ids[: limited.get("Limit")]
    return Keys((by_manifest, _key(_chain(layers))) if layers else (by_manifest,), complete=True)


def _chain(diff_ids: Iterable[str]) -> str:
    return reduce(lambda below, layer: digest(f"{below} {layer}".encode()), diff_ids)


def _file(attributes: Body, resolved: Resolved) -> Keys:
    checked = attributes.get("http.checksum", "")
    content, modified = (checked, "") if checked else (resolved.digest, resolved.last_modified)
    if not content or modified is None or not attributes.get("http.filename") or _has_headers(attributes):
        return UNKNOWN
    told = {name: attributes.get(f"http.{name.lower()}", "0") for name in ("Perm", "UID", "GID")}
    if not all(map(_NUMBER.fullmatch, told.values())):
        return UNKNOWN
    numbers = {name: _integer(text) for name, text in told.items()}
    more = {"LastModTime": modified, "AuthHeaderSecret": attributes.get("http.authheadersecret")}
    written = {"Filename": attributes["http.filename"], **numbers, "Checksum": content}
    return Keys(
        (_key(digest(go_json(written | {name: value for name, value in more.items() if value}))),), complete=True
    )


def _commit(reference: str, attributes: Body, rules: KeyRules, resolved: Resolved) -> Keys:
    ref, _, folder = reference.partition("#")[2].partition(":")
    named = re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", ref)
    commit = ref if named else resolved.commit
    keeps = attributes.get("git.keepgitdir") == "true"
    full_ref = ref if named else resolved.ref
    if not commit or (keeps and rules.names_git_ref and not full_ref):
        return UNKNOWN
    subfolder = posixpath.normpath(f"/{folder}").lstrip("/")
    mtime = attributes.get("git.mtime", "checkout")
    parts = (
        (keeps, ".git"),
        (keeps and rules.names_git_ref, f"#{full_ref}"),
        (subfolder, f":{subfolder}"),
        (rules.names_submodules and attributes.get("git.skipsubmodules") == "true", "(skip-submodules)"),
        (rules.names_mtime and mtime != "checkout", f"(mtime={mtime})"),
        (rules.names_bundle and attributes.get("git.checkoutbundle") == "true", "(bundle)"),
    )
    return Keys((_key(commit + "".join(text for there, text in parts if there)),), complete=True)


def _key(text: str) -> str:
    return digest(f"buildkit.source.v0:{text}".encode())


def _integer(text: str) -> int:
    """Read a number as Go does: decimal, or octal after a 0."""
    return int(text, 8 if text.startswith("0") else 10)


def _has_headers(attributes: Body) -> bool:
    return any(name.startswith("http.header.") for name in attributes)
