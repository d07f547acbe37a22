"""Reads a build context as a client sends it: what .dockerignore lets through, with BuildKit's digest of each file."""

import os
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from errno import ENOTSUP
from hashlib import sha256
from pathlib import Path
from threading import Event
from time import time_ns

from dockcache_tui.core.builds.build import SourceFile
from dockcache_tui.core.builds.ignore import IgnoreRule, IgnoreVerdict, judge, may_take_in, parse_ignore
from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.headers import counts, header
from dockcache_tui.sources.file_stamps import KnownFiles, Stamp, stamp_of

_FRESH = 2_000_000_000
"""A file changed within these nanoseconds may change again under the same times: its stamp is not kept."""
_SECOND = 1_000_000_000
_COARSEST = 2 * _SECOND
"""Of a file system that keeps no fractions of seconds."""
_THREADS, _BATCH, _BLOCK = 4, 64, 1 << 20
_UNREAD = "it was not read before the build was over"

_Found = tuple[bytes, bytes, os.stat_result]
"""A path in the context, where it is, and what lstat says of it."""


class ContextReader:
    """One context; `stop` ends a reading from another thread."""

    def __init__(self, root: Path, dockerfile: Path | None = None, known: KnownFiles | None = None) -> None:
        """Read its .dockerignore, or that of its Dockerfile; raises UsageError on one that Docker refuses."""
        self.root = os.fsencode(root)
        self.ignore = _ignore_file(root, dockerfile)
        """What says which files are left out, by its path from the context; without a text where there is none."""
        self._text = self.ignore.text
        self._rules: tuple[IgnoreRule, ...] = parse_ignore(self._text)
        self.known = known or KnownFiles()
        self._verdicts = {b"": IgnoreVerdict()}
        self._unlisted: dict[bytes, str] = {}
        self._stopped = Event()
        self.is_news = True
        """Whether the last reading came to more than what was known."""

    def stop(self) -> None:
        """Leave unread what was not read yet."""
        self._stopped.set()

    def read(self) -> tuple[SentFile, ...]:
        """Return all that is sent, by path in byte order; what could not be read has an error, what vanished is out.

        From then on `known` is what this reading came to.
        """
        settled = time_ns() - _FRESH
        files: dict[bytes, tuple[SentFile, Stamp]] = {}
        unknown: list[_Found] = []
        linked: list[tuple[bytes, int]] = []
        known = self.known.files
        for found in tuple(self._walk()):
            path, _, info = found
            before = known.get(path)
            if before and before[1] == stamp_of(info) and path not in self._unlisted:
                files[path] = before
            else:
                unknown.append(found)
            if info.st_nlink > 1 and not stat.S_ISDIR(info.st_mode):
                linked.append((path, info.st_ino))
        with ThreadPoolExecutor(_THREADS, "context") as threads:
            batches = [unknown[start : start + _BATCH] for start in range(0, len(unknown), _BATCH)]
            for some in threads.map(self._read_some, batches):
                files |= {file.path: (file, stamp) for file, stamp in some}
        self.is_news = bool(unknown) or len(files) != len(known)
        if self.is_news:
            keepable = {path: one for path, one in files.items() if one[1][0] < settled and one[0].digest}
            self.known = KnownFiles(self._text, keepable)
        for path, before_it in _hard_links(linked).items():
            if path in files:
                files[path] = (replace(files[path][0], hard_link=before_it), files[path][1])
        return tuple(files[path][0] for path in sorted(files))

    def changed_since(self, moment: int, files: Sequence[SentFile]) -> tuple[bytes, ...]:
        """Return the paths that changed, came or went since a moment of the file system's clock, in ns.

        The empty path is the list of what is in the root itself.
        """
        here = {path: info for path, _, info in self._walk()}
        here[b""] = os.stat(self.root)  # noqa: PTH116 -- bytes
        changed = {path for path, info in here.items() if _latest(info.st_ctime_ns) >= moment}
        moved = [path for path in changed if stat.S_ISDIR(here[path].st_mode) and here[path].st_mtime_ns < moment]
        gone = {file.path for file in files if file.path not in here}
        below = {file.path for folder in moved if folder for file in files if file.path.startswith(folder + b"/")}
        return tuple(sorted(changed | gone | below))

    def _walk(self) -> Iterator[_Found]:
        """Yield what is let through; a folder left out comes after what in it is not."""
        trusted = self.known.files if self.known.rules == self._text else {}
        left_out: dict[bytes, _Found] = {}
        folders = [(self.root, b"")]
        while folders and not self._stopped.is_set():
            folder, prefix = folders.pop()
            for entry in self._listed(folder, prefix):
                path = prefix + entry.name
                try:
                    info = entry.stat(follow_symlinks=False)
                except OSError:  # it vanished
                    continue
                is_folder = stat.S_ISDIR(info.st_mode)
                if self._rules and (is_folder or path not in trusted) and self._verdict(path, is_folder).ignored:
                    if is_folder and may_take_in(self._rules, os.fsdecode(path)):
                        left_out[path] = (path, entry.path, info)
                        folders.append((entry.path, path + b"/"))
                    continue
                yield path, entry.path, info
                if is_folder:
                    folders.append((entry.path, path + b"/"))
                above = prefix[:-1] if left_out else b""
                while above in left_out:
                    yield left_out.pop(above)
                    above = above.rpartition(b"/")[0]

    def _listed(self, folder: bytes, prefix: bytes) -> list[os.DirEntry[bytes]]:
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError as error:
            self._unlisted[prefix[:-1]] = str(error.strerror)
            return []

    def _verdict(self, path: bytes, is_folder: bool) -> IgnoreVerdict:  # noqa: FBT001
        """Judge a path by the verdict about its folder, which was judged before."""
        verdict = judge(self._rules, os.fsdecode(path), self._verdicts[path.rpartition(b"/")[0]])
        if is_folder:
            self._verdicts[path] = verdict
        return verdict

    def _read_some(self, some: Sequence[_Found]) -> list[tuple[SentFile, Stamp]]:
        read = ((self._read(path, place, info), stamp_of(info)) for path, place, info in some)
        return [(file, stamp) for file, stamp in read if file]

    def _read(self, path: bytes, place: bytes, info: os.stat_result) -> SentFile | None:
        if self._stopped.is_set():
            return SentFile(path, info.st_mode, error=_UNREAD)
        if path in self._unlisted:
            return SentFile(path, info.st_mode, error=self._unlisted[path])
        try:
            if stat.S_ISREG(info.st_mode):
                return self._file(path, place)
            link = os.readlink(place) if stat.S_ISLNK(info.st_mode) else b""  # noqa: PTH115 -- bytes
            device = (os.major(info.st_rdev), os.minor(info.st_rdev)) if _is_device(info.st_mode) else (0, 0)
            xattrs = _xattrs(place)
        except FileNotFoundError:
            return None
        except OSError as error:
            return SentFile(path, info.st_mode, error=str(error.strerror))
        begun = header(info.st_mode, link=link, device=device, xattrs=dict(xattrs))
        digest = f"sha256:{sha256(begun).hexdigest()}"
        mtime = info.st_mtime_ns
        return SentFile(path, info.st_mode, digest, 0, mtime, link=link, device=device, xattrs=xattrs)

    def _file(self, path: bytes, place: bytes) -> SentFile:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            info, xattrs = os.fstat(descriptor), _xattrs(descriptor)
            left, content = info.st_size, sha256()
            whole = sha256(header(info.st_mode, info.st_size, xattrs=dict(xattrs)))
            while left > 0 and (block := os.read(descriptor, min(left, _BLOCK))):
                whole.update(block)
                content.update(block)
                left -= len(block)
                if self._stopped.is_set():
                    return SentFile(path, info.st_mode, error=_UNREAD)
        finally:
            os.close(descriptor)
        size, digest = info.st_size, f"sha256:{whole.hexdigest()}"
        return SentFile(path, info.st_mode, digest, size, info.st_mtime_ns, content.hexdigest(), xattrs=xattrs)


def _ignore_file(root: Path, dockerfile: Path | None) -> SourceFile:
    usual = root / ".dockerignore"
    own = Path(f"{dockerfile}.dockerignore") if dockerfile else usual
    found = next((path for path in (own, usual) if path.is_file()), None)
    text = found.read_bytes().decode("utf-8", "surrogateescape") if found else ""
    return SourceFile(os.path.relpath(found or usual, root), text)


def _xattrs(place: bytes | int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the attributes that a client sends and BuildKit counts; on macOS those are none but Apple's own."""
    if not hasattr(os, "listxattr"):
        return ()
    follows = isinstance(place, int)
    try:
        names = os.listxattr(place, follow_symlinks=follows)
    except OSError as error:
        if error.errno == ENOTSUP:
            return ()
        raise
    sent = sorted(name for one in names if counts(name := os.fsencode(one)) and not name.startswith(b"com.apple."))
    return tuple((name, os.getxattr(place, name, follow_symlinks=follows)) for name in sent)


def _is_device(mode: int) -> bool:
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _hard_links(linked: Sequence[tuple[bytes, int]]) -> dict[bytes, bytes]:
    """Return of each path the one that a client sends before it: first in the order of folders and names."""
    first: dict[int, bytes] = {}
    ordered = sorted(linked, key=lambda one: one[0].replace(b"/", b"\0"))
    return {path: before for path, inode in ordered if (before := first.setdefault(inode, path)) != path}


def _latest(ctime: int) -> int:
    """Return when a file may have changed at the latest: some file systems cut the fraction of a second off."""
    return ctime if ctime % _SECOND else ctime + _COARSEST
