"""Packed streams unpacked piece by piece."""

import gzip
import io
import os
import sys
from collections.abc import Callable

import pytest

from dockcache_tui.core.images.errors import BrokenArchiveError
from dockcache_tui.sources.archives.unpacking import unpack

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstd.compress}


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize("size", [0, 1, (1 << 16) - 1, 1 << 16, 1 << 17, (1 << 17) + 1, 1 << 20, 3_000_000])
def test_all_of_a_stream_comes_out(size: int, packing: str) -> None:
    """Whatever boundaries the packed pieces have, all is unpacked, and one byte less is a cut stream."""
    content = os.urandom(size // 2) + bytes(size - size // 2)
    packed = PACKERS[packing](content)
    assert unpack(io.BytesIO(packed), packing).read() == content
    with pytest.raises(BrokenArchiveError, match="cut"):
        unpack(io.BytesIO(packed[:-1]), packing).read()
