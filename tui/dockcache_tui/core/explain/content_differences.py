"""Which of the files that a step takes differ between two builds, and how."""

import stat
from collections.abc import Iterable, Iterator, Mapping
from os import fsdecode, fsencode

from dockcache_tui.core.builds.cause import MissEvidence
from dockcache_tui.core.explain.content import taken_paths
from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.inputs import clean
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.tree import key_of
from dockcache_tui.core.wording import count

_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
_Taken = Mapping[bytes, tuple[bytes, SentFile]]
"""By the path that an instruction has: the absolute path in the context, a folder's with a slash at its end."""


def content_differences(
    old: KeyedGraph, old_op: str, new: KeyedGraph, op: str, number: int
) -> tuple[MissEvidence, ...]:
    """Return what differs of the files that one input of an operation gives, by path; nothing of files not known."""
    among = _among(old, old_op, new, op, number)
    before, after = _taken(old, old_op, number, among), _taken(new, op, number, among)
    removed = {path: before[path] for path in before.keys() - after.keys()}
    added = {path: after[path] for path in after.keys() - before.keys()}
    both = ((before[path], after[path], path) for path in before.keys() & after.keys())
    found = [
        each for one, other, path in both if one[1].digest != other[1].digest for each in _changes(one, other, path)
    ]
    found += _renames(removed, added)
    found += [MissEvidence("removed", _name(place), _whole(file), None) for place, file in removed.values()]
    found += [MissEvidence("added", _name(place), None, _whole(file)) for place, file in added.values()]
    return tuple(sorted(found, key=lambda one: (one.name, one.what)))


def _among(old: KeyedGraph, old_op: str, new: KeyedGraph, op: str, number: int) -> list[bytes] | None:
    """Return the paths whose files differ at all; None where a link leads to some, which may lead elsewhere now."""
    sources = old.ops[old_op].inputs[number].op, new.ops[op].inputs[number].op
    trees = old.tree(sources[0]), new.tree(sources[1])
    taken = {*old.inputs[old_op][number].key.taken, *new.inputs[op][number].key.taken}
    for path in (fsencode(clean(one.path)) for one in taken):
        if any(tree is None or tree.resolve(path, follows=True) != key_of(path) for tree in trees):
            return None
    before, after = old.files(sources[0]), new.files(sources[1])
    differing = [path for path, file in after.items() if (other := before.get(path)) is not file and other != file]
    return [*differing, *(before.keys() - after.keys())]


def _taken(graph: KeyedGraph, op: str, number: int, among: Iterable[bytes] | None) -> _Taken:
    source = graph.ops[op].inputs[number].op
    tree, files = graph.tree(source), graph.files(source)
    if tree is None:
        return {}
    found = (one for taken in graph.inputs[op][number].key.taken for one in taken_paths(tree, taken, among).items())
    return {path: (place, file) for path, place in found if (file := files.get(place.strip(b"/")))}


def _changes(old: tuple[bytes, SentFile], new: tuple[bytes, SentFile], path: bytes) -> Iterator[MissEvidence]:
    (place, one), (other_place, other) = old, new
    if not (one.digest and other.digest):
        return
    if len({place, other_place, path}) == 3:  # a link leads elsewhere
        yield MissEvidence("link", _name(path), _name(place), _name(other_place))
        return
    yield from file_changes(_name(other_place), one, other)


def file_changes(name: str, one: SentFile, other: SentFile) -> Iterator[MissEvidence]:
    """Yield how a file differs from what it was."""
    if stat.S_IFMT(one.mode) != stat.S_IFMT(other.mode):
        yield MissEvidence("type", name, _type(one), _type(other))
        return
    values = {
        "link": (fsdecode(one.link), fsdecode(other.link)),
        "mode": (_mode(one), _mode(other)),
        "xattr": (_xattrs(one), _xattrs(other)),
        "content": (_bytes(one), _bytes(other)),
    }
    differing = {what: pair for what, pair in values.items() if pair[0] != pair[1]}
    for what, pair in (differing or {"content": (one.digest, other.digest)}).items():
        yield MissEvidence(what, name, *pair)


def _name(place: bytes) -> str:
    return fsdecode(place[1:])


def _renames(
    removed: dict[bytes, tuple[bytes, SentFile]], added: dict[bytes, tuple[bytes, SentFile]]
) -> list[MissEvidence]:
    """Take out of both what is there under another path; of files with equal bytes those with an equal name first."""
    found = []
    by_digest: dict[str, list[bytes]] = {}
    for path in sorted(added):
        by_digest.setdefault(added[path][1].digest, []).append(path)
    for same_name in (True, False):
        for path, (place, file) in sorted(removed.items()):
            like = by_digest.get(file.digest, []) if file.digest and stat.S_ISREG(file.mode) else []
            other = next((one for one in like if not same_name or _base(one) == _base(path)), None)
            if other is not None:
                name = _name(added[other][0])
                found.append(MissEvidence("renamed", name, _name(place), name))
                like.remove(other)
                del removed[path], added[other]
    return found


def _base(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]


def _whole(file: SentFile) -> str:
    return _bytes(file) or f"{_mode(file)} {_type(file)}"


def _type(file: SentFile) -> str:
    return _TYPES.get(stat.S_IFMT(file.mode), "other")


def _mode(file: SentFile) -> str:
    """Return the permissions; those of a link do not count."""
    return "" if stat.S_ISLNK(file.mode) else f"{stat.S_IMODE(file.mode):04o}"


def _bytes(file: SentFile) -> str:
    return f"sha256:{file.content}, {count(file.size, 'byte')}" if file.content else ""


def _xattrs(file: SentFile) -> str:
    return ", ".join(_readable(pair) for pair in file.xattrs)


def _readable(pair: Iterable[bytes]) -> str:
    return "=".join(part.decode(errors="backslashreplace") for part in pair)
