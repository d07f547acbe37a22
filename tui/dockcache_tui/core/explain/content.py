"""The digest of the files that a step takes from an input, and what it is made of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, takewhile
from os import fsdecode, fsencode

from dockcache_tui.core.builds.ignore import IgnoreVerdict, judge, parse_patterns
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.inputs import InputKey, Taken, clean, has_wildcard
from dockcache_tui.core.explain.path_match import path_match
from dockcache_tui.core.explain.rules import KeyRules
from dockcache_tui.core.explain.tree import PathKind, Tree, key_of, path_of


def content_digest(tree: Tree, key: InputKey, rules: KeyRules) -> str | None:
    """Return the digest of what an input is matched by content for.

    None where there is none: matched by definition only, or a file is missing and the build fails; or where it can't
    be known.
    """
    digests = [taken_digest(tree, one, rules) for one in key.taken]
    found = [one for one in digests if one is not None]
    if not digests or len(found) < len(digests):
        return None
    return digest("\0".join(found).encode())


def taken_digest(tree: Tree, taken: Taken, rules: KeyRules) -> str | None:
    """Return the digest of one path and what it takes below it, None where a path that must be there is not.

    None also for `COPY --parents */./*`: it counts what its wildcard meets, of which a client sends only a part.
    """
    path = clean(taken.path)
    if taken.is_plain:
        return tree.at(fsencode(path), follows=taken.follows)
    try:
        if taken.wildcard and judge(parse_patterns(taken.includes), "", IgnoreVerdict()).ignored:
            return None
        listed = _Listing(tree, taken, path).all()
    except (UsageError, ValueError):  # a pattern that BuildKit refuses
        return None
    if not all(any(fsdecode(one.path).startswith(required) for one in listed) for required in taken.required):
        return None
    return _list_digest(tree, taken, path, listed, rules)


def taken_paths(tree: Tree, taken: Taken, among: Iterable[bytes] | None = None) -> Mapping[bytes, bytes]:
    """Return all that a path takes, by its path as the instruction has it, each with its path in the tree.

    They differ where a link was followed. Both are absolute; those of folders end in a slash. Empty where it can't be
    known. `among` are the only paths in the tree, relative, that are asked for below a plain path that is no link.
    """
    path = clean(taken.path)
    if taken.is_plain and among is not None:
        return dict(_among(tree, fsencode(path), among))
    if taken.is_plain:
        return _expanded(tree, fsencode(path), follows=taken.follows)
    try:
        listed = _Listing(tree, taken, path).all()
    except (UsageError, ValueError):  # a pattern that BuildKit refuses
        return {}
    found: dict[bytes, bytes] = {}
    for one in listed:
        if taken.follows and one.is_top and tree.kind(one.key) is PathKind.LINK:
            found |= _expanded(tree, one.path, follows=True)
        else:
            found[one.path + b"/" * (tree.kind(one.key) is PathKind.HEADER)] = path_of(one.key)
    return found


def _expanded(tree: Tree, path: bytes, *, follows: bool) -> Mapping[bytes, bytes]:
    """Return a path and all below it; the root's header does not count."""
    first = tree.resolve(path, follows=follows)
    if first is None:
        return {}
    inside = takewhile(lambda key: key.startswith(first + b"\0"), tree.keys_from(first + b"\0"))
    start, shift = path.rstrip(b"/"), len(first)
    keys = (key for key in chain((first,), inside) if tree.kind(key) is not PathKind.FOLDER and key != b"\0")
    places = (path_of(key) for key in keys)
    return {start + place[shift:]: place for place in places}


def _among(tree: Tree, path: bytes, among: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for one in among:
        place = b"/" + one
        if place == path or place.startswith(path.rstrip(b"/") + b"/"):
            key = key_of(place)
            if tree.resolve(place, follows=False) == key:
                place += b"/" * (tree.kind(key) is PathKind.FOLDER)
                yield place, place


@dataclass(slots=True)
class _Listed:
    """A candidate: its path as the instruction has it, its key, and how the patterns judged it."""

    path: bytes
    key: bytes
    is_top: bool
    included: bool = False
    includes: IgnoreVerdict = field(default_factory=IgnoreVerdict)
    excludes: IgnoreVerdict = field(default_factory=IgnoreVerdict)


class _Listing:
    """All that a path with wildcards or filters lets through, in the order of keys."""

    def __init__(self, tree: Tree, taken: Taken, path: str) -> None:
        self._tree, self._taken = tree, taken
        self._path = fsencode(path.rstrip("/"))
        self._includes, self._excludes = parse_patterns(taken.includes), parse_patterns(taken.excludes)
        self._found: list[_Listed] = []
        self._folders: list[_Listed] = []
        self._match = b""

    def all(self) -> list[_Listed]:
        for path, key in self._candidates():
            while self._folders and not path.startswith(self._folders[-1].path + b"/"):
                self._folders.pop()
            relative = self._relative(path)
            if relative is not None:
                self._take(path, key, relative)
        return self._found

    def _candidates(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield each path, as the instruction has it, and its key."""
        start = fixed_part(self._path) if self._taken.wildcard else self._path
        first = self._tree.resolve(start, follows=self._taken.wildcard)
        if first is None:
            return
        resolved = path_of(first)
        inside = (key for key in self._tree.keys_from(first + b"\0") if key != first)
        for key in chain((first,), inside):
            path = path_of(key)
            if path.startswith(resolved):
                path = start + path[len(resolved) :]
            if not self._taken.wildcard and not path.startswith(self._path + b"/") and path != self._path:
                return
            if not (path == b"/" and not self._path):  # of the whole input the root's header does not count
                yield path.removesuffix(b"/") if key.endswith(b"\0") else path, key

    def _relative(self, path: bytes) -> str | None:
        """Return what patterns are asked about, None for a path that the wildcards do not match."""
        if self._taken.wildcard:
            if not (self._match and path.startswith(self._match + b"/")):
                if not path_match(fsdecode(self._path), fsdecode(path)):
                    return None
                self._match = path
            return fsdecode(path[len(self._match) + 1 :])
        return fsdecode(path[len(self._path) + 1 :])

    def _take(self, path: bytes, key: bytes, relative: str) -> None:
        above = self._folders[-1] if self._folders else None
        one = _Listed(path, key, is_top=above is None)
        wanted = self._is_wanted(one, above, relative)
        kind = self._tree.kind(key)
        if wanted and kind is not PathKind.FOLDER:
            missing = [folder for folder in self._folders if not folder.included]
            for listed in (*missing, one):
                listed.included = True
                self._found.append(listed)
        if kind is PathKind.HEADER:
            self._folders.append(one)

    def _is_wanted(self, one: _Listed, above: _Listed | None, relative: str) -> bool:
        if self._taken.includes:
            one.includes = judge(self._includes, relative, above.includes if above else IgnoreVerdict())
            if not one.includes.ignored:
                return False
        if self._taken.excludes:
            one.excludes = judge(self._excludes, relative, above.excludes if above else IgnoreVerdict())
        return not one.excludes.ignored


def fixed_part(path: bytes) -> bytes:
    """Return the path up to its first part with a wildcard."""
    parts = path.split(b"/")
    first = next(number for number, part in enumerate(parts) if has_wildcard(fsdecode(part)))
    return b"/".join(parts[:first])


def _list_digest(tree: Tree, taken: Taken, path: str, listed: list[_Listed], rules: KeyRules) -> str | None:
    digests = []
    for one in listed:
        is_link = tree.kind(one.key) is PathKind.LINK
        followed = taken.follows and is_link and (one.is_top or not rules.follows_top_links_only)
        found = tree.at(one.path, follows=True) if followed else tree.digest(one.key)
        if not found:
            return None
        digests.append(found)
    if len(listed) == 1 and _base(listed[0].path) == _base(fsencode(path)):
        return digests[0]
    texts = [one.encode() for one in digests]
    if rules.lists_paths:
        start = fixed_part(fsencode(path)) if taken.wildcard else fsencode(path.rstrip("/"))
        names = [one.path.removeprefix(start).replace(b"/", b"\0") or b"\0" for one in listed]
        return digest(b"".join(name + text for name, text in zip(names, texts, strict=True)))
    return digest(b"\0".join(_base(one.path) + text for one, text in zip(listed, texts, strict=True)))


def _base(path: bytes) -> bytes:
    return path.rstrip(b"/").rpartition(b"/")[2] or b"/"
