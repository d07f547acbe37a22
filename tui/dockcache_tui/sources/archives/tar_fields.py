"""The fields of a tar header, as POSIX and GNU write them and Go reads them."""

from dockcache_tui.core.images.archive import Fault
from dockcache_tui.core.images.errors import BrokenArchiveError

BLOCK = 512
MOST = (1 << 63) - 1
_SUM_AS_BLANKS = 8 * 0x20
_OCTAL = frozenset(b"01234567")


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
            raise BrokenArchiveError(Fault("a header with a number that is none", offset=offset))
        value = int(digits, 8) if digits else 0
    if not (-MOST if signed else 0) <= value <= MOST:
        what = "negative" if value < 0 else "impossible"
        raise BrokenArchiveError(Fault(f"a header with a {what} number", offset=offset))
    return value


def text(field: bytes) -> str:
    """Read up to the first NUL."""
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")
