"""Where versions of BuildKit compute keys differently, as one table."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from dockcache_tui.core.explain.ops import Op

T = TypeVar("T")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.")


@dataclass(frozen=True, slots=True)
class KeyRules:
    """The differences; each field is named for what newer versions do."""

    drops_cache_ids: bool
    """The id and sharing of a cache mount count only where they are the default."""
    selects_roots: bool
    """Every mount of a RUN gives a selector, the root too; before, only one with a source did."""
    omits_zeros: bool
    """A provenance has no fields of number 0; before, it had some, and so had keys."""
    names_git_ref: bool
    names_submodules: bool
    names_mtime: bool
    names_bundle: bool
    follows_top_links_only: bool
    """Below a wildcard or filter only links at the top are followed."""
    lists_paths: bool
    """What a wildcard or filter lets through is hashed by whole paths, not by base names."""
    drops_chain: bool
    """An image is looked up by its manifest alone; before, also by its chain of layers."""


_SINCE = {
    "drops_cache_ids": (0, 13),
    "selects_roots": (0, 13),
    "omits_zeros": (0, 17),
    "names_git_ref": (0, 17),
    "names_submodules": (0, 24),
    "follows_top_links_only": (0, 25),
    "lists_paths": (0, 26),
    "names_mtime": (0, 29),
    "names_bundle": (0, 30),
    "drops_chain": (0, 34),
}


def rules_of(version: str) -> KeyRules | None:
    """Return the rules of a version such as v0.34.2; None for one that says nothing, as v0.0.0+unknown."""
    match = _VERSION.match(version)
    at = (int(match[1]), int(match[2])) if match else (0, 0)
    return _at(at) if at > (0, 0) else None


def possible_rules(version: str, finished: Iterable[Op]) -> tuple[KeyRules, ...]:
    """Return the rules that may hold on a builder, the newest first; none where what we are told can't be.

    They are those of its version, or all where that says nothing, if they would write the operations of a build that
    it finished as they are in its own provenance.
    """
    known = rules_of(version)
    all_rules = [_at(since) for since in sorted({*_SINCE.values(), (0, 0)}, reverse=True)]
    mounts = [mount for op in finished if op.kind == "exec" for mount in op.body.get("mounts") or ()]
    writes_zeros = any(mount.get("input") == 0 for mount in mounts)
    omits_zeros = any("input" not in mount for mount in mounts)
    return tuple(
        rules
        for rules in ([known] if known else all_rules)
        if not (writes_zeros and rules.omits_zeros) and not (omits_zeros and not rules.omits_zeros)
    )


def agreed(values: Iterable[T]) -> T | None:
    """Return what all rules come to, None where they differ."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def _at(version: tuple[int, int]) -> KeyRules:
    return KeyRules(**{name: version >= since for name, since in _SINCE.items()})
