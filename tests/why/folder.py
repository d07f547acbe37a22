"""A folder as a client sends it to a builder, with BuildKit's digest of each file."""

import os
import stat
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from dockcache_tui.core.builds.ignore import IgnoreRule, IgnoreVerdict, judge, parse_patterns
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.headers import header
from dockcache_tui.core.explain.tree import Entry, PathKind, Tree

_KINDS = {stat.S_IFLNK: PathKind.LINK, stat.S_IFDIR: PathKind.FOLDER}


def read_folder(root: Path, excludes: Iterable[str] = ()) -> Tree:
    """Read all that patterns let through; a folder that is left out is sent for what in it is not."""
    return Tree(_sent(root, "", parse_patterns(excludes), IgnoreVerdict()))


def read_context(name: str, root: Path, excludes: Iterable[str] = ()) -> Context:
    """Read the same with all that is kept of each file."""
    files = tuple(_kept(root, entry) for entry in _sent(root, "", parse_patterns(excludes), IgnoreVerdict()))
    return Context(name, str(root), files)


def _kept(root: Path, entry: Entry) -> SentFile:
    place = root / os.fsdecode(entry.path)
    info = place.lstat()
    content = sha256(place.read_bytes()).hexdigest() if stat.S_ISREG(info.st_mode) else ""
    xattrs = tuple(
        sorted((os.fsencode(name), os.getxattr(place, name, follow_symlinks=False)) for name in _xattrs(place))
    )
    return SentFile(
        *(entry.path, info.st_mode, entry.digest, info.st_size),
        content=content,
        link=entry.link,
        xattrs=xattrs,
    )


def _sent(root: Path, folder: str, rules: tuple[IgnoreRule, ...], above: IgnoreVerdict) -> Iterator[Entry]:
    for name in sorted(os.listdir(root / folder)):  # noqa: PTH208 -- names may be no UTF-8
        path = f"{folder}/{name}" if folder else name
        verdict = judge(rules, path, above)
        info = (root / path).lstat()
        inside = list(_sent(root, path, rules, verdict)) if stat.S_ISDIR(info.st_mode) else []
        if not verdict.ignored or inside:
            yield _entry(root / path, os.fsencode(path), info)
        yield from inside


def _entry(place: Path, path: bytes, info: os.stat_result) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(info.st_mode), PathKind.FILE)
    link = os.fsencode(place.readlink()) if kind is PathKind.LINK else b""
    xattrs = {os.fsencode(name): os.getxattr(place, name, follow_symlinks=False) for name in _xattrs(place)}
    device = (os.major(info.st_rdev), os.minor(info.st_rdev)) if info.st_rdev else (0, 0)
    begun = header(info.st_mode, info.st_size, link, device=device, xattrs=xattrs)
    content = place.read_bytes() if stat.S_ISREG(info.st_mode) else b""
    return Entry(path, kind, f"sha256:{sha256(begun + content).hexdigest()}", link)


def _xattrs(place: Path) -> list[str]:
    return os.listxattr(place, follow_symlinks=False)
