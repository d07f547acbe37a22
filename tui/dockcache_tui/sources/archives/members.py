"""What an archive is asked for, however it is packed: named members, their sizes and bytes; a folder's are files."""

import io
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault, FaultList
from dockcache_tui.sources.archives.unpacking import TELLING
from dockcache_tui.sources.ending import check

DOCUMENT = 8 << 20
"""Bytes of the largest JSON document that is read; engines refuse manifests of half of that."""
MAX_MEMBERS = 100_000
MAX_NAMES = 16 << 20
"""Characters of all members' names together."""
_FOLDERS = re.compile(r"blobs(/[^/]+)?|[0-9a-f]{64}")


class Members(Protocol):
    """An open archive. A name is relative, with single slashes, and leads nowhere outside."""

    packing: str
    faults: FaultList
    size: int
    """Bytes of the whole as it lies there."""

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each member."""

    def open(self, name: str) -> io.BufferedReader:
        """Return a member's bytes, seekable where the packing lets it; raises KeyError when there is none."""

    def head(self, name: str) -> bytes:
        """Return a member's first bytes, as many as tell its packing, without unpacking what lies before them again."""
        with self.open(name) as stream:
            return stream.read(TELLING)

    def each(self, names: Collection[str]) -> Iterator[tuple[str, io.BufferedReader]]:
        """Return several members in the order in which they lie there, unpacking once; use each before the next."""
        for name in names:
            with self.open(name) as stream:
                yield name, stream

    def close(self) -> None:
        """Close it, and what was opened of it."""


def clean(name: str) -> str:
    """Return a member's name without `./` and needless slashes; empty for one that leads outside or nowhere."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "" if name.startswith("/") or ".." in parts or "\0" in name else "/".join(parts)


class FolderMembers(Members):
    """The files of a layout in a folder; links are not followed, and only files are opened."""

    packing = "folder"

    def __init__(self, folder: Path) -> None:
        """List the folder, its blobs, and the folders of layers that `docker save` writes."""
        self.faults = FaultList()
        self._folder = folder
        self._sizes: dict[str, int] = {}
        self._list("")
        self.size = sum(self._sizes.values())

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each file."""
        return self._sizes

    def open(self, name: str) -> io.BufferedReader:
        """Return a file's bytes."""
        if name not in self._sizes:
            raise KeyError(name)
        check()
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise BrokenArchiveError(Fault(f"can't be opened: {error.strerror}", member=name)) from error
        file = os.fdopen(descriptor, "rb")
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            file.close()
            raise BrokenArchiveError(Fault("is not a file any more", member=name))
        return file

    def close(self) -> None:
        """Do nothing: files are opened one by one."""

    def _list(self, below: str) -> None:
        try:
            found = sorted(os.scandir(self._folder / below), key=lambda entry: entry.name)
        except OSError as error:
            self.faults.add(Fault(f"can't be listed: {error.strerror}", member=below))
            return
        for entry in found:
            name = f"{below}/{entry.name}" if below else entry.name
            if len(self._sizes) >= MAX_MEMBERS:
                self.faults.add(Fault(f"more than {MAX_MEMBERS:,} files; the rest was left out", member=below))
                return
            if entry.is_file(follow_symlinks=False):
                self._sizes[name] = entry.stat(follow_symlinks=False).st_size
            elif entry.is_dir(follow_symlinks=False):
                if _FOLDERS.fullmatch(name):
                    self._list(name)
            elif below or name == "index.json":
                self.faults.add(Fault("is a link or not a file; it was left alone", member=name))
