"""The maps of sparse files: GNU's old headers and its PAX formats 0.0, 0.1 and 1.0, by the GNU tar manual."""

from collections.abc import Callable, Mapping

from dockcache_tui.sources.archives.tar_fields import BLOCK, number

Pieces = tuple[tuple[int, int], ...]
"""Where stored bytes belong in the file, each an offset and a length, in their order; all else is zeros."""

_MOST_BLOCKS = 2048
_ENTRY = 24


def is_sparse(pax: Mapping[str, str]) -> bool:
    """Tell whether a PAX header is of a sparse file."""
    return "GNU.sparse.map" in pax or pax.get("GNU.sparse.major") == "1"


def read_old_blocks(header: bytes, block_at: Callable[[int], bytes]) -> tuple[Pieces, int]:
    """Read the map in a header and in the blocks after it; returns it and how many blocks that were."""
    pieces = _entries(header[386:482])
    blocks, more = 0, header[482]
    while more:
        block = block_at(blocks * BLOCK)
        blocks += 1
        if len(block) < BLOCK or blocks > _MOST_BLOCKS:
            raise ValueError
        pieces += _entries(block[:504])
        more = block[504]
    return tuple(pieces), blocks


def read_map(pax: Mapping[str, str], block_at: Callable[[int], bytes]) -> tuple[Pieces, int]:
    """Read the map of a PAX header, in 1.0 from the first blocks of the body; returns it and its bytes in the body."""
    if pax.get("GNU.sparse.major") != "1":
        return _paired([_decimal(part) for part in pax["GNU.sparse.map"].split(",")]), 0
    text, used, wanted = b"", 0, 1
    while text.count(b"\n") < wanted:
        block = block_at(used)
        used += BLOCK
        if len(block) < BLOCK or used > _MOST_BLOCKS * BLOCK:
            raise ValueError
        text += block
        if wanted == 1 and b"\n" in text:
            wanted = 1 + 2 * _decimal(text.partition(b"\n")[0].decode())
    lines = text.split(b"\n")[1:wanted]
    return _paired([_decimal(line.decode()) for line in lines]), used


def _entries(area: bytes) -> list[tuple[int, int]]:
    entries = (area[at : at + _ENTRY] for at in range(0, len(area), _ENTRY))
    return [(number(entry[:12], 0), number(entry[12:], 0)) for entry in entries if entry[0]]


def _paired(numbers: list[int]) -> Pieces:
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return int(text)
