"""Reads a build context: what of it .dockerignore lets through, with the hash of every file."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import time_ns

from dockcache_tui.core.builds.ignore import IgnoreRule, IgnoreVerdict, judge, parse_ignore
from dockcache_tui.core.builds.manifest import ContextFile, ContextManifest

_FRESH = 2_000_000_000
"""A file changed within these nanoseconds may change again under the same mtime: its hash is not remembered."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file is unchanged, with the hash it had then."""

    mtime_ns: int
    size: int
    inode: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ContextReading:
    """A manifest, and the stamps (by path) that make the next reading quick."""

    manifest: ContextManifest
    stamps: Mapping[str, Stamp]


def read_context(
    root: Path, *, dockerfile: Path | None = None, known: Mapping[str, Stamp] | None = None
) -> ContextReading:
    """Walk a context as Docker would send it; unreadable files are noted, special and vanished ones left out.

    Raises UsageError on a .dockerignore that Docker refuses.
    """
    rules = parse_ignore(_ignore_text(root, dockerfile))
    now = time_ns()
    files, stamps = [], {}
    for path, entry in _walk(root, rules):
        try:
            file, stamp = _read(path, entry, (known or {}).get(path))
        except FileNotFoundError:
            continue
        if file:
            files.append(file)
        if stamp and now - stamp.mtime_ns > _FRESH:
            stamps[path] = stamp
    files.sort(key=lambda file: os.fsencode(file.path))
    return ContextReading(ContextManifest(str(root), tuple(files)), stamps)


def _ignore_text(root: Path, dockerfile: Path | None) -> str:
    own = Path(f"{dockerfile}.dockerignore") if dockerfile else None
    for path in (own, root / ".dockerignore"):
        if path and path.is_file():
            return path.read_text("utf-8", "surrogateescape")
    return ""


def _walk(root: Path, rules: tuple[IgnoreRule, ...]) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield what is let through; a folder left out is still searched when a rule may take something in again."""
    again = any(rule.takes_in for rule in rules)
    folders = [(str(root), "", IgnoreVerdict())]
    while folders:
        folder, prefix, above = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue  # unreadable or vanished: Docker will say so if it matters
        for entry in entries:
            path = prefix + entry.name
            verdict = judge(rules, path, above) if rules else above
            if not verdict.ignored:
                yield path, entry
            if entry.is_dir(follow_symlinks=False) and (again or not verdict.ignored):
                folders.append((entry.path, f"{path}/", verdict))


def _read(path: str, entry: os.DirEntry[str], known: Stamp | None) -> tuple[ContextFile | None, Stamp | None]:
    info = entry.stat(follow_symlinks=False)
    if stat.S_ISDIR(info.st_mode):
        return ContextFile(path, info.st_mode), None
    if stat.S_ISLNK(info.st_mode):
        link = str(Path(entry.path).readlink())
        digest = hashlib.sha256(os.fsencode(link)).hexdigest()
        return ContextFile(path, info.st_mode, info.st_size, digest, link), None
    if not stat.S_ISREG(info.st_mode):
        return None, None
    if known and (known.mtime_ns, known.size, known.inode) == (info.st_mtime_ns, info.st_size, info.st_ino):
        return ContextFile(path, info.st_mode, info.st_size, known.sha256), known
    try:
        with open(entry.path, "rb") as file:  # noqa: PTH123 -- a Path costs a tenth of reading a small file
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        return ContextFile(path, info.st_mode, info.st_size, error=str(error.strerror)), None
    stamp = Stamp(info.st_mtime_ns, info.st_size, info.st_ino, digest)
    return ContextFile(path, info.st_mode, info.st_size, digest), stamp
