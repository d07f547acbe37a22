"""What the fields of a tar's headers say: numbers, names, PAX records and maps of sparse files, as Go reads them."""

from collections.abc import Callable, Mapping

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault

BLOCK = 512
MAX_NUMBER = (1 << 63) - 1
_SUM_AS_BLANKS = 8 * 0x20
_OCTAL = frozenset(b"01234567")
Pieces = tuple[tuple[int, int], ...]
"""Where stored bytes belong in the file, each an offset and a length, in their order; all else is zeros."""
_MAX_BLOCKS = 2048
_ENTRY = 24
_DIGITS = 20
_NO_NUL = frozenset({"path", "linkpath", "uname", "gname"})


def checked(block: bytes) -> bool:
    """Tell whether a header's checksum is right, of unsigned bytes or (as some wrote) of signed ones."""
    digits = block[148:156].strip(b" \0").partition(b"\0")[0]
    if not digits or not _OCTAL.issuperset(digits):
        return False
    said = int(digits, 8)
    seen = sum(block) - sum(block[148:156]) + _SUM_AS_BLANKS
    if said == seen:
        return True
    others = block[:148] + block[156:]
    return said == seen - 256 * sum(byte > 0x7F for byte in others)


def number(field: bytes, offset: int, *, signed: bool = False) -> int:
    """Read octal digits, or base 256 when the first bit is set; BrokenArchiveError names what is no such number."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:])
        if field[0] & 0x40:
            value -= 1 << (8 * len(field) - 1)
    else:
        digits = field.strip(b" \0").partition(b"\0")[0]
        if not _OCTAL.issuperset(digits):
            raise BrokenArchiveError(Fault("a header with a number that can't be read", offset=offset))
        value = int(digits, 8) if digits else 0
    if not (-MAX_NUMBER if signed else 0) <= value <= MAX_NUMBER:
        what = "negative" if value < 0 else "impossible"
        raise BrokenArchiveError(Fault(f"a header with a {what} number", offset=offset))
    return value


def text(field: bytes) -> str:
    """Read up to the first NUL."""
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


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
        if len(block) < BLOCK or blocks > _MAX_BLOCKS:
            raise ValueError
        pieces += _entries(block[:504])
        more = block[504]
    return tuple(pieces), blocks


def read_map(pax: Mapping[str, str], block_at: Callable[[int], bytes]) -> tuple[Pieces, int]:
    """Read the map of a PAX header, in 1.0 from the first blocks of the body; returns it and its bytes in the body."""
    if pax.get("GNU.sparse.major") != "1":
        return _paired([_sparse_decimal(part) for part in pax["GNU.sparse.map"].split(",")]), 0
    text, used, wanted = b"", 0, 1
    while text.count(b"\n") < wanted:
        block = block_at(used)
        used += BLOCK
        if len(block) < BLOCK or used > _MAX_BLOCKS * BLOCK:
            raise ValueError
        text += block
        if wanted == 1 and b"\n" in text:
            wanted = 1 + 2 * _sparse_decimal(text.partition(b"\n")[0].decode())
    lines = text.split(b"\n")[1:wanted]
    return _paired([_sparse_decimal(line.decode()) for line in lines]), used


def _entries(area: bytes) -> list[tuple[int, int]]:
    entries = (area[at : at + _ENTRY] for at in range(0, len(area), _ENTRY))
    return [(number(entry[:12], 0), number(entry[12:], 0)) for entry in entries if entry[0]]


def _paired(numbers: list[int]) -> Pieces:
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _sparse_decimal(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return int(text)


class PaxError(ValueError):
    """What should be a PAX header and can't be read as one."""


def read_pax(body: bytes) -> Mapping[str, str]:
    """Read the records, the last of a key counts; those of sparse format 0.0, which repeat, become 0.1's one map."""
    found: dict[str, str] = {}
    pieces: list[str] = []
    at = 0
    while at < len(body):
        key, value, at = _record(body, at)
        if key in ("GNU.sparse.offset", "GNU.sparse.numbytes"):
            pieces.append(value)
        else:
            found[key] = value
    if pieces:
        found["GNU.sparse.map"] = ",".join(pieces)
    return found


def _record(body: bytes, at: int) -> tuple[str, str, int]:
    blank = body.find(b" ", at, at + _DIGITS)
    digits = body[at:blank]
    if blank < 0 or not digits.isdigit():
        raise PaxError("a PAX header with a record without a length")
    end = at + int(digits)
    key, equals, value = body[blank + 1 : end - 1].partition(b"=")
    if end > len(body) or body[end - 1 : end] != b"\n" or end - 1 <= blank or not key or not equals:
        raise PaxError("a PAX header with a record whose length is wrong")
    name = key.decode("utf-8", "surrogateescape")
    if b"\0" in key or (name in _NO_NUL and b"\0" in value):
        raise PaxError("a PAX header with a NUL in it")
    return name, value.decode("utf-8", "surrogateescape"), end
