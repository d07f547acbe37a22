"""What the last reading of a context came to, kept in a file of ours so that only changed files are read again."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from dockcache_tui.core.explain.context import SentFile

MAX_FOLDERS = 30
"""Folders whose stamps are kept; those read longest ago go."""

Stamp = tuple[int, int, int, int]
"""By which a file is known to be unchanged: its ctime and mtime in nanoseconds, size and inode."""


def stamp_of(info: os.stat_result) -> Stamp:
    """Return the stamp of a file."""
    return (info.st_ctime_ns, info.st_mtime_ns, info.st_size, info.st_ino)


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """Files of a context by path, with their stamps; `rules` is the text of the .dockerignore that let them through."""

    rules: str = ""
    files: Mapping[bytes, tuple[SentFile, Stamp]] = field(default_factory=dict)


class _Kept(msgspec.Struct, array_like=True):
    rules: bytes
    files: list[SentFile]
    stamps: list[Stamp]


class FileStamps:
    """The stamps of all contexts, a file for each in one folder; where they can't be kept each reading is a first."""

    def __init__(self, folder: Path) -> None:
        """Keep them in this folder, which is made when there is something to keep."""
        self._folder = folder

    def known(self, root: bytes) -> KnownFiles:
        """Return what is known of a context's files."""
        try:
            kept = msgspec.msgpack.decode(self._file(root).read_bytes(), type=_Kept)
        except (OSError, msgspec.MsgspecError):
            return KnownFiles()
        pairs = zip(kept.files, kept.stamps, strict=False)
        return KnownFiles(os.fsdecode(kept.rules), {file.path: (file, stamp) for file, stamp in pairs})

    def keep(self, root: bytes, known: KnownFiles) -> None:
        """Keep what is known now, whole or not at all."""
        files, stamps = zip(*known.files.values(), strict=True) if known.files else ((), ())
        packed = msgspec.msgpack.encode(_Kept(os.fsencode(known.rules), list(files), list(stamps)))
        place = self._file(root)
        scratch = place.with_suffix(f".{os.getpid()}")
        with suppress(OSError):  # the next reading then takes longer
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                scratch.touch(mode=0o600)
                scratch.write_bytes(packed)
                scratch.rename(place)
            finally:
                scratch.unlink(missing_ok=True)
            for old in sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)[:-MAX_FOLDERS]:
                old.unlink()

    def _file(self, root: bytes) -> Path:
        return self._folder / hashlib.sha256(root).hexdigest()[:32]
