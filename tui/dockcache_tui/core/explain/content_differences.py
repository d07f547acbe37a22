"""Which of the files that a step takes differ between two builds, and how."""

import stat
from collections.abc import Iterable, Iterator, Mapping
from os import fsdecode

from dockcache_tui.core.explain.cause import MissEvidence
from dockcache_tui.core.explain.content import taken_paths
from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
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
_Taken = Mapping[bytes, tuple[str, SentFile]]
"""By the path that an instruction has: the path in the context, a folder's with a slash at its end, and the file."""


def content_differences(
    old: KeyedGraph, old_op: str, new: KeyedGraph, op: str, number: int
) -> tuple[MissEvidence, ...]:
    """Return what differs of the files that one input of an operation gives, by path; nothing of files not known."""
    before, after = _taken(old, old_op, number), _taken(new, op, number)
    removed = {path: before[path] for path in before.keys() - after.keys()}
    added = {path: after[path] for path in after.keys() - before.keys()}
    found = [one for path in before.keys() & after.keys() for one in _changes(before[path], after[path], path)]
    found += _renames(removed, added)
    found += [MissEvidence("removed", name, _whole(file), None) for name, file in removed.values()]
    found += [MissEvidence("added", name, None, _whole(file)) for name, file in added.values()]
    return tuple(sorted(found, key=lambda one: (one.name, one.what)))


def _taken(graph: KeyedGraph, op: str, number: int) -> _Taken:
    source = graph.ops[op].inputs[number].op
    tree, files = graph.tree(source), graph.files(source)
    found: dict[bytes, tuple[str, SentFile]] = {}
    if tree is None:
        return found
    for taken in graph.inputs[op][number].key.taken:
        for path, place in taken_paths(tree, taken).items():
            file = files.get(place.strip(b"/"))
            if file:
                found[path] = fsdecode(place[1:]), file
    return found


def _changes(old: tuple[str, SentFile], new: tuple[str, SentFile], path: bytes) -> Iterator[MissEvidence]:
    (place, one), (other_place, other) = old, new
    if one.digest == other.digest or not (one.digest and other.digest):
        return
    if place != other_place and place != fsdecode(path[1:]) and other_place != fsdecode(path[1:]):
        yield MissEvidence("link", fsdecode(path[1:]), place, other_place)
        return
    if stat.S_IFMT(one.mode) != stat.S_IFMT(other.mode):
        yield MissEvidence("type", other_place, _type(one), _type(other))
        return
    values = {
        "link": (fsdecode(one.link), fsdecode(other.link)),
        "mode": (_mode(one), _mode(other)),
        "xattr": (_xattrs(one), _xattrs(other)),
        "content": (_bytes(one), _bytes(other)),
    }
    differing = {what: pair for what, pair in values.items() if pair[0] != pair[1]}
    for what, pair in (differing or {"content": (one.digest, other.digest)}).items():
        yield MissEvidence(what, other_place, *pair)


def _renames(
    removed: dict[bytes, tuple[str, SentFile]], added: dict[bytes, tuple[str, SentFile]]
) -> list[MissEvidence]:
    """Take out of both what is there under another path; of files with equal bytes those with an equal name first."""
    found = []
    for same_name in (True, False):
        for path, (name, file) in sorted(removed.items()):
            if not stat.S_ISREG(file.mode) or not file.digest:
                continue
            like = (one for one in sorted(added) if added[one][1].digest == file.digest)
            other = next((one for one in like if not same_name or _base(one) == _base(path)), None)
            if other is not None:
                found.append(MissEvidence("renamed", added[other][0], name, added[other][0]))
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
