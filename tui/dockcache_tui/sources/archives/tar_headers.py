"""One pass over the headers of a tar, hostile or cut, by the rules of Go's archive/tar (which engines read with)."""

import io
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault
from dockcache_tui.sources.archives.tar_fields import (
    BLOCK,
    MAX_NUMBER,
    PaxError,
    Pieces,
    checked,
    is_sparse,
    number,
    read_map,
    read_old_blocks,
    read_pax,
    text,
)

_STEP = 1 << 20
_MAX_EXTENSION = 1 << 20
"""Bytes of a PAX header or long name; Go's limit too."""
_MAX_EXTENSIONS = 16
_NO_PAX: Mapping[str, str] = MappingProxyType({})
_BODILESS = frozenset(b"123456")
_EXTENSIONS = frozenset(b"xXgLK")
_ZEROS = bytes(BLOCK)


class TarMember(NamedTuple):
    """A member: `size` bytes as a reader sees them, of which `stored` lie in the tar from `offset` on.

    `type` is the type flag (`0` file, `1` hard link, `2` symlink, `3` `4` devices, `5` folder, `6` FIFO), `mtime`
    nanoseconds, as far off as a header can tell, `header` the offset of its first header, `pieces` where the stored
    bytes of a sparse file belong. Owners and device numbers may be negative. Bytes that are no UTF-8 are lone
    surrogates.
    """

    name: str
    type: str
    size: int
    offset: int
    stored: int
    header: int
    mode: int
    uid: int
    gid: int
    mtime: int
    link: str
    device: tuple[int, int]
    pax: Mapping[str, str]
    pieces: Pieces | None


class TarHeaders:
    """The members of a tar in their order; `read` gives the stored bytes of the one last yielded.

    Between two members a seekable stream may be used freely. BrokenArchiveError, raised after all sound members were
    yielded, tells reason and offset, counted from the tar's first byte. `ended` tells whether the end marker was seen:
    engines do without, and of a file that was cut between two members it is all that is missing.
    """

    def __init__(self, stream: io.BufferedIOBase) -> None:
        """Take a stream at the tar's first byte, whose `read` gives less than asked only at its end."""
        self._stream = stream
        self._start = stream.tell() if stream.seekable() else None
        self._length = None if self._start is None else stream.seek(0, 2) - self._start
        self._at = 0
        self._left = self._body_end = 0
        self.ended = False

    def __iter__(self) -> Iterator[TarMember]:
        """Walk over the headers; the bodies are skipped."""
        following, extensions = 0, 0
        pax, long_name, long_link = _NO_PAX, "", ""
        header = following
        while (block := self._block(following)) is not None:
            size = number(block[124:136], following)
            type_ = block[156]
            if type_ in _EXTENSIONS:
                extensions += 1
                if extensions > _MAX_EXTENSIONS:
                    raise _broken("extension headers without end", following)
                body = self._extension(size, following)
                if type_ in b"xX":
                    pax = self._pax(body, following)
                elif type_ == ord("L"):
                    long_name = text(body)
                elif type_ == ord("K"):
                    long_link = text(body)
                following += BLOCK + _padded(size)
                continue
            member = self._member(block, size, following, header, pax)
            if long_name or long_link:
                member = member._replace(name=long_name or member.name, link=long_link or member.link)
            if member.type == "\0":  # of the first tars: only the name tells a folder
                member = member._replace(type="5" if member.name.endswith("/") else "0")
            self._enter(member)
            yield member
            following = header = member.offset + _padded(member.stored)
            extensions, pax, long_name, long_link = 0, _NO_PAX, "", ""
        if extensions:
            raise _broken("an extension header with nothing after it", header)

    @property
    def position(self) -> int:
        """Return the offset up to which the tar was read."""
        return self._at

    def read(self, count: int) -> bytes:
        """Return the next stored bytes of the current member; fewer only at its end."""
        wanted = min(count, self._left)
        data = self._stream.read(wanted)
        self._at += len(data)
        self._left -= len(data)
        if len(data) < wanted:
            raise _broken("the tar is cut inside a member", self._at)
        return data

    def _block(self, offset: int) -> bytes | None:
        """Return the header block at an offset, None at the end."""
        block = self._at_offset(offset, BLOCK)
        if not block:
            return None
        if len(block) < BLOCK:
            raise _broken("the tar is cut inside a header", offset + len(block))
        if block == _ZEROS:
            second = self._at_offset(offset + BLOCK, BLOCK)
            if len(second) == BLOCK and second != _ZEROS:
                raise _broken("an empty block where a header belongs", offset)
            self.ended = len(second) == BLOCK
            return None
        if not checked(block):
            raise _broken("a header's checksum is wrong", offset)
        return block

    def _extension(self, size: int, offset: int) -> bytes:
        if size > _MAX_EXTENSION:
            raise _broken(f"an extension header of {size:,} bytes", offset)
        body = self._at_offset(offset + BLOCK, size)
        if len(body) < size:
            raise _broken("the tar is cut inside an extension header", offset + BLOCK + len(body))
        return body

    def _pax(self, body: bytes, offset: int) -> Mapping[str, str]:
        try:
            return read_pax(body)
        except PaxError as error:
            raise _broken(str(error), offset) from error

    def _member(self, block: bytes, size: int, at: int, header: int, pax: Mapping[str, str]) -> TarMember:
        magic, name, link, type_ = block[257:265], text(block[:100]), text(block[157:257]), chr(block[156])
        if magic[:6] == b"ustar\0":
            prefix = block[345:476] if block[508:512] == b"tar\0" else block[345:500]
            if prefix[0]:
                name = f"{text(prefix)}/{name}"
        mtime = number(block[136:148], at, signed=True) * 1_000_000_000
        uid, gid = number(block[108:116], at, signed=True), number(block[116:124], at, signed=True)
        if pax:
            name, link = pax.get("path") or name, pax.get("linkpath") or link
            size = _decimal(pax, "size", size, at)
            uid, gid = _decimal(pax, "uid", uid, at, signed=True), _decimal(pax, "gid", gid, at, signed=True)
            mtime = self._pax_moment(pax, mtime, at)
        if type_ == "7":  # a file too, once meant to lie in one piece
            type_ = "0"
        device = (0, 0)
        if type_ in "34" and magic[:5] == b"ustar":
            device = number(block[329:337], at, signed=True), number(block[337:345], at, signed=True)
        stored, offset, pieces = 0 if ord(type_) in _BODILESS else size, at + BLOCK, None
        size = stored
        if type_ == "S" or (pax and is_sparse(pax)):
            name, size, pieces, offset, stored = self._sparse(block, name, stored, offset, pax)
            type_ = "0"
        mode = number(block[100:108], at, signed=True) & 0o7777
        return TarMember(name, type_, size, offset, stored, header, mode, uid, gid, mtime, link, device, pax, pieces)

    def _pax_moment(self, pax: Mapping[str, str], now: int, at: int) -> int:
        said = pax.get("mtime")
        if not said:
            return now
        seconds, _, fraction = said.removeprefix("-").partition(".")
        if not (seconds + fraction).isdecimal() or len(seconds) > len(str(MAX_NUMBER)) or not said.isascii():
            raise _broken("a PAX header whose time can't be read", at)
        ns = int(seconds or 0) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))
        return -ns if said.startswith("-") else ns

    def _sparse(
        self, block: bytes, name: str, stored: int, offset: int, pax: Mapping[str, str]
    ) -> tuple[str, int, Pieces, int, int]:
        """Return name, seen size and pieces of a sparse file, and where its stored bytes are."""
        try:
            if block[156] == ord("S"):
                size = number(block[483:495], offset)
                pieces, blocks = read_old_blocks(block, lambda at: self._at_offset(offset + at, BLOCK))
                offset += blocks * BLOCK
            else:
                size = int(pax.get("GNU.sparse.size") or pax.get("GNU.sparse.realsize") or 0)
                name = pax.get("GNU.sparse.name") or name
                pieces, used = read_map(pax, lambda at: self._at_offset(offset + at, BLOCK) if at < stored else b"")
                offset, stored = offset + used, stored - used
        except ValueError as error:
            raise _broken("a sparse file whose map is wrong", offset) from error
        end = 0
        for begin, length in pieces:
            if begin < end or length < 0:
                raise _broken("a sparse file whose map is wrong", offset)
            end = begin + length
        if not end <= size <= MAX_NUMBER or sum(length for _, length in pieces) != stored:
            raise _broken("a sparse file whose map is wrong", offset)
        return name, size, pieces, offset, stored

    def _enter(self, member: TarMember) -> None:
        """Come to the first byte of a member's body; a body that is known to be cut is told at once."""
        if self._length is not None and member.offset + member.stored > self._length:
            reason = f"the tar is cut inside a member of {member.stored:,} bytes"
            raise BrokenArchiveError(Fault(reason, member=member.name, offset=self._length))
        self._go(member.offset)
        self._left, self._body_end = member.stored, member.offset + member.stored

    def _go(self, offset: int) -> bool:
        """Come to an offset; False where the stream ends before."""
        if self._start is not None:
            self._at = self._stream.seek(self._start + offset) - self._start
            return True
        while self._at < offset:
            skipped = len(self._stream.read1(min(_STEP, offset - self._at)))
            if not skipped:
                return False
            self._at += skipped
        return True

    def _at_offset(self, offset: int, count: int) -> bytes:
        """Return bytes from an offset on, fewer where the stream ends."""
        if not self._go(offset):
            if self._at < self._body_end:
                raise _broken("the tar is cut inside a member", self._at)
            return b""  # only what fills up the last block is missing
        data = self._stream.read(count)
        self._at = offset + len(data)
        return data


def _padded(size: int) -> int:
    return -size % BLOCK + size


def _decimal(pax: Mapping[str, str], key: str, now: int, at: int, *, signed: bool = False) -> int:
    said = pax.get(key)
    if not said:
        return now
    digits = said.removeprefix("-") if signed else said
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > len(str(MAX_NUMBER)) or int(digits) > MAX_NUMBER:
        raise _broken(f"a PAX header whose {key} can't be read", at)
    return int(said)


def _broken(reason: str, offset: int) -> BrokenArchiveError:
    return BrokenArchiveError(Fault(reason, offset=offset))
