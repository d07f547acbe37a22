"""Where bytes of an archive are: plainly in a file, or in a stream that must be unpacked from its start."""

import io
import os
from dataclasses import dataclass
from typing import Any, BinaryIO

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault
from dockcache_tui.sources.archives.unpacking import BUFFER, fill, unpack
from dockcache_tui.sources.ending import check


@dataclass(frozen=True, slots=True)
class Span:
    """`size` bytes of an open file from `start` on."""

    file: BinaryIO
    start: int
    size: int

    def open(self) -> io.BufferedReader:
        """Return a seekable stream, independent of others, that lives as long as the file."""
        return io.BufferedReader(_Window(self), BUFFER)

    def part(self, offset: int, size: int) -> "Span":
        return Span(self.file, self.start + offset, size)


@dataclass(frozen=True, slots=True)
class Packed:
    """What a span or another packed stream unpacks to; `packing` as in `unpack`."""

    inner: "Span | Packed"
    packing: str

    def open(self) -> io.BufferedReader:
        """Return a stream from the first byte on, which can't seek."""
        return unpack(self.inner.open(), self.packing)


Source = Span | Packed


def beginning(source: Source, most: int) -> bytes:
    """Return the first bytes; raises BrokenArchiveError when there are none before a fault."""
    buffer = bytearray(most)
    with source.open() as stream:
        return bytes(buffer[: fill(stream, buffer)])


class _Window(io.RawIOBase):
    """A span as a file of its own."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._span.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        check()
        span = self._span
        wanted = min(len(buffer), span.size - self._at)
        if wanted <= 0:
            return 0
        # io hands over a bytearray too, of which a slice would be a copy
        try:
            count = os.preadv(span.file.fileno(), [memoryview(buffer)[:wanted]], span.start + self._at)
        except OSError as error:
            reason = f"the file can't be read: {error.strerror}"
            raise BrokenArchiveError(Fault(reason, offset=span.start + self._at)) from error
        if not count:
            raise BrokenArchiveError(Fault("the file is cut", offset=span.start + self._at))
        self._at += count
        return count
