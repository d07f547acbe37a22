"""A folder with the files of an archive."""

import io
import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault, FaultList
from dockcache_tui.sources.archives.members import MAX_MEMBERS
from dockcache_tui.sources.archives.unpacking import TELLING

_FOLDERS = re.compile(r"blobs(/[^/]+)?|[0-9a-f]{64}")


class FolderMembers:
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
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as error:
            raise BrokenArchiveError(Fault(f"can't be opened: {error.strerror}", member=name)) from error
        file = os.fdopen(descriptor, "rb")
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            file.close()
            raise BrokenArchiveError(Fault("is no file any more", member=name))
        return file

    def head(self, name: str) -> bytes:
        """Return a file's first bytes."""
        with self.open(name) as stream:
            return stream.read(TELLING)

    def each(self, names: Collection[str]) -> Iterator[tuple[str, io.BufferedReader]]:
        """Return several files."""
        for name in names:
            with self.open(name) as stream:
                yield name, stream

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
                self.faults.add(Fault("is a link or no file; it was left alone", member=name))
