"""A builder's own copy of a context: which files it sees no difference in, and so keeps as they were.

Rules as in BuildKit's source/local and in tonistiigi/fsutil's diff, followlinks and receive.
"""

import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from os import fsdecode
from posixpath import dirname, join, normpath

from dockcache_tui.core.builds.ignore import IgnoreVerdict, judge, parse_patterns
from dockcache_tui.core.explain.context import SentFile

_PIECE = 32 * 1024
_GO_TYPES = {stat.S_IFDIR: 1 << 31, stat.S_IFLNK: 1 << 27, stat.S_IFBLK: 1 << 26, stat.S_IFIFO: 1 << 25}
_GO_TYPES[stat.S_IFCHR] = (1 << 26) | (1 << 21)
_GO_BITS = ((stat.S_ISUID, 1 << 23), (stat.S_ISGID, 1 << 22), (stat.S_ISVTX, 1 << 20))


def kept_files(copy: Iterable[SentFile], sent: Sequence[SentFile]) -> tuple[SentFile, ...]:
    """Return the files of a builder's copy that stay in it, though those that are sent are others.

    It looks at type, mode, size, mtime, target and device; of a folder that it has only at its being one.
    """
    before = {file.path: file for file in copy}
    same = {new.path: old for new in sent if (old := before.get(new.path)) and _looks_same(old, new)}
    kept = {new.path: same[new.path] for new in sent if new.path in same and same[new.path].digest != new.digest}
    for new in sent:  # a new link is one to what the builder has
        if new.hard_link in kept and new.path not in same and kept[new.hard_link].digest != new.digest:
            kept[new.path] = replace(kept[new.hard_link], path=new.path, hard_link=new.hard_link)
    return tuple(kept.values())


def sent_files(files: Sequence[SentFile], follow: Sequence[str]) -> tuple[SentFile, ...]:
    """Return those that are sent when an operation names paths to follow (its local.followpaths); all for none."""
    wanted = _followed({fsdecode(file.path): file for file in files}, follow) if follow else None
    if wanted is None:
        return tuple(files)
    patterns = parse_patterns(wanted)
    verdicts = {"": IgnoreVerdict()}
    found = set[str]()
    for file in files:  # folders come before what is in them
        path = fsdecode(file.path)
        verdict = judge(patterns, path, verdicts.get(dirname(path), IgnoreVerdict()))
        if stat.S_ISDIR(file.mode):
            verdicts[path] = verdict
        while verdict.ignored and path and path not in found:
            found.add(path)
            path = dirname(path)
    return _linked(tuple(file for file in files if fsdecode(file.path) in found))


def bytes_received(sent: Sequence[SentFile], copy: Iterable[SentFile] = ()) -> int:
    """Return how many bytes a builder receives that has this copy: something of each file, and those it asks for."""
    before = {file.path: file for file in copy}
    data = (
        _data_packets(number, file)
        for number, file in enumerate(sent)
        if file.path not in before or not _looks_same(before[file.path], file)
    )
    return sum(map(_stat_packet, sent)) + sum(data) + 2


def _linked(sent: tuple[SentFile, ...]) -> tuple[SentFile, ...]:
    """Return files as they are sent without others: a hard link to one of those is a file, or a link to such a file."""
    first = {file.path: file.path for file in sent}
    links = sorted((file for file in sent if file.hard_link), key=lambda file: file.path.replace(b"/", b"\0"))
    found = {file.path: first.setdefault(file.hard_link, file.path) for file in links}
    return tuple(
        replace(file, hard_link=found[file.path] if found[file.path] != file.path else b"") if file.hard_link else file
        for file in sent
    )


def _looks_same(old: SentFile, new: SentFile) -> bool:
    if stat.S_ISDIR(old.mode) and stat.S_ISDIR(new.mode):
        return True
    return _look(old) == _look(new)


def _look(file: SentFile) -> tuple[object, ...]:
    return (file.mode, file.size, file.mtime_ns, file.link, file.hard_link, file.device)


def _followed(files: Mapping[str, SentFile], paths: Sequence[str]) -> list[str] | None:
    """Return the patterns of what is sent: the paths, and what links on their way and at their end lead to."""
    found = set[str]()
    left = list(paths)
    while left:
        parts = normpath(f"/{left.pop()}").strip("/").split("/")
        for number in range(1, len(parts) + 1):
            here, rest = "/".join(parts[:number]), parts[number:]
            links = _links(files, here)
            if here in found and (links or not rest):
                break
            if links:
                found.add(here)
                left += [join(one, *rest) for one in links]
                break
            if not rest:
                found.add(here)
    return None if "" in found else sorted(found)


def _links(files: Mapping[str, SentFile], path: str) -> list[str]:
    """Return where the links at a path, or that its last part's wildcards match, point to in the context."""
    folder, _, name = path.rpartition("/")
    if any(one in name for one in "*?["):
        here = [one for one in files if dirname(one) == folder and fnmatchcase(one[len(folder) :].lstrip("/"), name)]
    else:
        here = [path] if path in files else []
    targets = ((one, fsdecode(files[one].link)) for one in here if files[one].link)
    return [target if target.startswith("/") else f"/{join(dirname(one), target)}" for one, target in targets]


def _stat_packet(file: SentFile) -> int:
    kind = stat.S_IFMT(file.mode)
    mode = _GO_TYPES.get(kind, 0) | file.mode & 0o777 | sum(bit for mine, bit in _GO_BITS if file.mode & mine)
    numbers = (mode, len(file.link) or file.size, file.mtime_ns, *file.device)
    texts = (file.path, file.link or file.hard_link)
    inside = sum(1 + _varint(one) for one in numbers if one) + sum(_field(len(one)) for one in texts if one)
    for name, value in file.xattrs:
        inside += _field(_field(len(name)) + _field(len(value)))
    return _field(inside)


def _data_packets(number: int, file: SentFile) -> int:
    if not stat.S_ISREG(file.mode) or file.hard_link:
        return 0
    numbered = 2 + (1 + _varint(number) if number else 0)
    whole, rest = divmod(file.size, _PIECE)
    sizes = [_PIECE] * whole + ([rest] if rest else [])
    return sum(numbered + _field(one) for one in sizes) + numbered


def _field(length: int) -> int:
    return 1 + _varint(length) + length


def _varint(number: int) -> int:
    return max(1, (number.bit_length() + 6) // 7)
