"""Bytes unpacked (gzip, bzip2, xz, zstd, zip's deflate) and digested while they are read, within bounds."""

import bz2
import io
import lzma
import re
import sys
import zlib
from collections.abc import Callable
from hashlib import new
from typing import Any, Protocol

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault
from dockcache_tui.sources.ending import check

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_TIMES = 200
"""A stream that unpacks to more than this many times its packed size is taken for a bomb, if larger than FREE."""
FREE = 1 << 30
MAX_GROWN = 1 << 40
BUFFER = 1 << 16

_STEP = 1 << 16
_CHECKS = 64
"""The checksums that end a stream are no longer."""
_WINDOW_LOG = 27
"""A stream may ask for 128 MiB to look back in, zstd's own default and twice what `xz -9` takes."""
_MAX_MEMORY = (1 << _WINDOW_LOG) + (1 << 20)
TELLING = 10
"""First bytes that tell how something is packed."""
_MAGIC = {
    "gz": re.compile(rb"\x1f\x8b"),
    "bz2": re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
    "xz": re.compile(rb"\xfd7zXZ\0"),
    "zst": re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
}
PACKINGS = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}
"""What each packing is called."""
_NAMES = {**PACKINGS, "deflate": "deflated"}


class _Decoder(Protocol):
    """Unpacks one gzip member, bzip2 or xz stream, or zstd frame, a bounded piece at a time."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def packing_of(head: bytes) -> str:
    """Return which of PACKINGS the first bytes of something tell, else nothing."""
    return next((packing for packing, magic in _MAGIC.items() if magic.match(head)), "")


def unpacked(stream: io.BufferedReader) -> io.BufferedReader:
    """Return what a stream unpacks to; one that is not packed is returned as it is."""
    packing = packing_of(stream.peek(TELLING))
    return unpack(stream, packing) if packing else stream


def unpack(stream: io.BufferedIOBase, packing: str) -> io.BufferedReader:
    """Return what a stream packed as one of PACKINGS or `deflate` unpacks to."""
    return io.BufferedReader(_Unpacking(stream, packing), BUFFER)


def fill(stream: io.BufferedIOBase, buffer: Any) -> int:
    """Fill a buffer and return the bytes read; what lies before a fault is given first, the fault when asked again."""
    view, count = memoryview(buffer), 0
    try:
        while count < len(view) and (read := stream.readinto1(view[count:])):
            count += read
    except BrokenArchiveError:
        if not count:
            raise
    return count


def deflated_sizes(stream: io.BufferedIOBase) -> tuple[int, int]:
    """Return how many bytes deflated data at a stream's front takes, and how many it unpacks to; reads all of it.

    Raises BrokenArchiveError where it can't be unpacked to its end.
    """
    unpacking, buffer = _Unpacking(stream, "deflate"), bytearray(BUFFER)
    while unpacking.readinto(buffer):
        pass
    return unpacking.used, unpacking.grown


class _Unpacking(io.RawIOBase):
    """Raises BrokenArchiveError with the offset in the packed stream where it can't be unpacked further."""

    def __init__(self, packed: io.BufferedIOBase, packing: str) -> None:
        self._packed = packed
        self._packing = packing
        self._new = _DECODERS[packing]
        self._decoder = self._new()
        self._rest = self._ahead = b""
        self._read = self.grown = 0
        self._ended = False
        self._fault: BrokenArchiveError | None = None

    @property
    def used(self) -> int:
        """Return how many packed bytes it took up to here."""
        return self._read - len(self._rest)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        check()
        if self._fault:
            raise self._fault
        try:
            while not self._ended:
                if data := self._piece(len(buffer)):
                    buffer[: len(data)] = data
                    return len(data)
        except BrokenArchiveError as error:
            self._fault = error
            raise
        return 0

    def close(self) -> None:
        if not self.closed:
            self._packed.close()
        super().close()

    def _piece(self, most: int) -> bytes:
        if self._decoder.eof:
            self._next_part()
            return b""
        given, self._rest = self._rest, b""
        hungry = self._decoder.needs_input and not given
        if hungry:
            given = self._more()
        try:
            data = self._decoder.decompress(given, most)
        except (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError) as error:
            large = "memory" in str(error).lower()
            raise self._broken("looks back further than 128 MiB" if large else "is damaged") from error
        if hungry and not given and not data and not self._decoder.eof:
            raise self._broken("is cut")
        self._rest = self._decoder.unused_data
        self.grown += len(data)
        if self.grown > MAX_GROWN or (self.grown > FREE and self.grown > MAX_TIMES * self._read):
            raise self._broken(f"grows to more than {self.grown - 1:,} bytes, as a bomb would")
        return data

    def _more(self) -> bytes:
        """Return further packed bytes, the last ones one by one: a wrong checksum then takes no data along."""
        while len(self._ahead) <= _CHECKS and (data := self._packed.read1(_STEP)):
            self._ahead += data
        count = max(1, len(self._ahead) - _CHECKS)
        given, self._ahead = self._ahead[:count], self._ahead[count:]
        self._read += len(given)
        return given

    def _next_part(self) -> None:
        """Begin the next member, stream or frame, if there is one; zeros may fill up the end."""
        if self._packing == "deflate":
            self._ended = True
            return
        self._rest = self._rest.lstrip(b"\0")
        while len(self._rest) < TELLING and (more := self._more()):
            self._rest = (self._rest + more).lstrip(b"\0")
        if not self._rest:
            self._ended = True
        elif packing_of(self._rest) == self._packing:
            self._decoder = self._new()
        else:
            raise self._broken("is followed by something else")

    def _broken(self, what: str) -> BrokenArchiveError:
        return BrokenArchiveError(Fault(f"the {_NAMES[self._packing]} data {what}", offset=self.used))


class _Zlib:
    """A gzip member or deflated bytes, with the interface of zstd's decoder."""

    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _zstd() -> _Decoder:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gz": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(-15),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, _MAX_MEMORY),
    "zst": _zstd,
}


class Hashing(io.RawIOBase):
    """Passes a stream on, counts its bytes, tells the count to `done` and takes their digest."""

    def __init__(
        self, stream: io.BufferedIOBase, done: Callable[[int], None] | None = None, algorithm: str = "sha256"
    ) -> None:
        """Take a stream at its first byte."""
        self._stream, self._done, self.algorithm = stream, done, algorithm
        self._hash = new(algorithm)
        self.count = 0

    @property
    def digest(self) -> str:
        return f"{self.algorithm}:{self._hash.hexdigest()}"

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        count = fill(self._stream, buffer)
        self._hash.update(memoryview(buffer)[:count])
        self.count += count
        if self._done:
            self._done(self.count)
        return count
