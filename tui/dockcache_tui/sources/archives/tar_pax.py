"""PAX extended headers: lines of `length key=value`, by POSIX 1003.1-2001."""

from collections.abc import Mapping

_DIGITS = 20
_NO_NUL = frozenset({"path", "linkpath", "uname", "gname"})


class PaxError(ValueError):
    """A PAX header that is none."""


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
