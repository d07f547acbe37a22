"""Bytes unpacked while they are read: gzip, zstd and zip's deflate, with a bound to what they may grow to."""

import io
import sys
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from dockcache_tui.core.images.archive import Fault
from dockcache_tui.core.images.errors import BrokenArchiveError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_TIMES = 200
"""A stream that unpacks to more than so many times its packed size is taken for a bomb, once it is larger than FREE."""
FREE = 1 << 30
MOST = 1 << 40
BUFFER = 1 << 16

_STEP = 1 << 16
_WINDOW_LOG = 27
"""A zstd stream may ask for 128 MiB to look back in, zstd's own default."""
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"


class _Decoder(Protocol):
    """Unpacks one gzip member or one zstd frame, a bounded piece at a time."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def packing_of(head: bytes) -> str:
    """Return `gz` or `zst` for bytes that begin so, else nothing."""
    if head.startswith(GZIP):
        return "gz"
    return "zst" if head.startswith(ZSTD) or _is_skippable(head) else ""


def unpacked(stream: "io.BufferedReader[Any]") -> BinaryIO:
    """Return what a stream unpacks to; one that is not packed is returned as it is."""
    packing = packing_of(stream.peek(4)[:4])
    return unpack(stream, packing) if packing else stream


def unpack(stream: BinaryIO, packing: str) -> io.BufferedReader:
    """Return what a stream packed as `gz`, `zst` or `deflate` unpacks to."""
    return io.BufferedReader(_Unpacking(stream, packing), BUFFER)


def deflated_sizes(stream: BinaryIO) -> tuple[int, int]:
    """Return how many bytes deflated data at a stream's front takes, and how many it unpacks to; reads all of it.

    Raises BrokenArchiveError where it can't be unpacked to its end.
    """
    unpacking, buffer = _Unpacking(stream, "deflate"), bytearray(BUFFER)
    while unpacking.readinto(buffer):
        pass
    return unpacking.used, unpacking.grown


class _Unpacking(io.RawIOBase):
    """Raises BrokenArchiveError with the offset in the packed stream where it can't be unpacked further."""

    def __init__(self, packed: BinaryIO, packing: str) -> None:
        self._packed = packed
        self._packing = packing
        self._new = _DECODERS[packing]
        self._decoder = self._new()
        self._rest = b""
        self._read = self.grown = 0
        self._ended = False

    @property
    def used(self) -> int:
        """Return how many packed bytes it took up to here."""
        return self._read - len(self._rest)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._ended:
            if data := self._piece(len(buffer)):
                buffer[: len(data)] = data
                return len(data)
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
        except (zlib.error, zstd.ZstdError) as error:
            raise self._broken("is damaged") from error
        if hungry and not given and not data and not self._decoder.eof:
            raise self._broken("is cut")
        self._rest = self._decoder.unused_data
        self.grown += len(data)
        if self.grown > MOST or (self.grown > FREE and self.grown > MOST_TIMES * self._read):
            raise self._broken(f"grows to more than {self.grown - 1:,} bytes, as a bomb would")
        return data

    def _more(self) -> bytes:
        data = self._packed.read(_STEP)
        self._read += len(data)
        return data

    def _next_part(self) -> None:
        """Begin the next gzip member or zstd frame, if there is one; zeros may fill up the end."""
        if self._packing == "deflate":
            self._ended = True
            return
        self._rest = self._rest.lstrip(b"\0")
        while len(self._rest) < 4 and (more := self._more()):
            self._rest = (self._rest + more).lstrip(b"\0")
        if not self._rest:
            self._ended = True
        elif packing_of(self._rest) == self._packing:
            self._decoder = self._new()
        else:
            raise self._broken("is followed by something else")

    def _broken(self, what: str) -> BrokenArchiveError:
        name = {"gz": "gzip", "zst": "zstd", "deflate": "deflated"}[self._packing]
        return BrokenArchiveError(Fault(f"the {name} data {what}", offset=self.used))


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


def _is_skippable(head: bytes) -> bool:
    return len(head) >= 4 and head[0] & 0xF0 == 0x50 and head[1:4] == b"\x2a\x4d\x18"


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "gz": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(-15),
    "zst": _zstd,
}
