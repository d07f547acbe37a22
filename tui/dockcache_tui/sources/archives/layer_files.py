"""The files of a layer: one pass over its tar that takes every digest on the way."""

import io
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import NamedTuple

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault, FaultList
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind
from dockcache_tui.core.archives.path import (
    MAX_NAME,
    MAX_PART,
    is_bare,
    leads_out,
    length_of,
    longest_part,
    path_of,
    whiteout_of,
)
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.archives.tar_headers import TarHeaders, TarMember
from dockcache_tui.sources.archives.unpacking import Hashing, packing_of, unpacked

MAX_MEMBERS = 10_000_000
MAX_NAMES = 1 << 30
"""Characters of all names and links of a layer; a million files have a tenth of that."""
MAX_HOLES = 1 << 34
"""Zeros between the pieces of a layer's sparse files that are hashed; what has more has no digest."""

STEP = 1 << 17
_ZEROS = bytes(STEP)
_ID = (1 << 32) - 1
_FIRST, _LAST = -(1 << 63), (1 << 63) - 1
"""Nanoseconds that 64 bits hold: the years 1677 to 2262."""
_XATTR = "SCHILY.xattr."
_MAX_XATTR, _MAX_XATTR_NAME = 1 << 16, 255
"""Bytes of an extended attribute and of its name that Linux takes."""
_SPACES = frozenset({"user.", "trusted.", "security."})
"""What a name of an extended attribute begins with, and is not alone."""
_MAJORS, _MINORS = 1 << 12, 1 << 20
_KINDS = {
    "0": FileKind.FILE,
    "1": FileKind.HARDLINK,
    "2": FileKind.SYMLINK,
    "3": FileKind.DEVICE,
    "4": FileKind.DEVICE,
    "5": FileKind.FOLDER,
    "6": FileKind.FIFO,
}


class LayerFile(NamedTuple):
    """A member as an entry of the layer, and the offset of its first header in the unpacked tar."""

    entry: FileEntry
    header: int


class LayerFiles:
    """Iterate once; then the other attributes are known. What can't be read is told in `faults`, never raised."""

    def __init__(self, stored: io.BufferedIOBase, done: Callable[[int], None], algorithm: str = "sha256") -> None:
        """Take a blob as it is stored, packed or not; `done` hears how many bytes of it were read."""
        self._stored = Hashing(stored, done, algorithm)
        self._faults = FaultList()
        self._holes = self._names = 0
        self.size = self.unpacked_size = self.files = 0
        self.digest = self.diff_id = ""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong with it."""
        return self._faults.all()

    def __iter__(self) -> Iterator[LayerFile]:
        """Yield the members that have a place in an image, in their order."""
        packed: io.BufferedReader = io.BufferedReader(self._stored, STEP)
        tar, stream = self._unpacked(packed)
        try:
            yield from self._members(stream)
            while stream.read(STEP):
                pass  # what follows the end marker belongs to the digests too
        except BrokenArchiveError as error:
            self._faults.add(error.fault)
        self._drain(packed)
        self.size, self.digest = self._stored.count, self._stored.digest
        self.unpacked_size, self.diff_id = tar.count, tar.digest

    def _unpacked(self, packed: io.BufferedReader) -> tuple[Hashing, io.BufferedReader]:
        """Return the tar and a buffer over it; one that is stored as it is has one digest, taken once."""
        inner = unpacked(packed)
        if inner is packed and self._stored.algorithm == "sha256":
            return self._stored, packed
        tar = Hashing(inner)
        return tar, io.BufferedReader(tar, STEP)

    def _drain(self, packed: io.BufferedReader) -> None:
        try:
            while packed.read(STEP):
                pass
        except BrokenArchiveError as error:
            self._faults.add(error.fault)

    def _members(self, stream: io.BufferedReader) -> Iterator[LayerFile]:
        if packing := packing_of(stream.peek(4)[:4]):
            self._faults.add(Fault(f"packed twice: the layer unpacks to {packing} data, not to a tar"))
            return
        tar = TarHeaders(stream)
        for member in tar:
            self.files += 1
            self._names += len(member.name) + len(member.link)
            if self.files > MAX_MEMBERS:
                raise BrokenArchiveError(Fault(f"more than {MAX_MEMBERS:,} members", offset=member.header))
            if self._names > MAX_NAMES:
                raise BrokenArchiveError(Fault(f"names of more than {MAX_NAMES:,} characters", offset=member.header))
            if found := self._file(tar, member):
                yield found
        if not tar.ended:
            self._faults.add(Fault("the tar has no end marker: it may be cut"))

    def _file(self, tar: TarHeaders, member: TarMember) -> LayerFile | None:
        path, reason = path_of(member.name)
        if reason:
            self._complain(member, reason)
        if not path:
            return None
        whiteout = whiteout_of(path)
        if (longest := longest_part(whiteout[0] if whiteout else path)) > MAX_PART:
            self._complain(member, f"a name of {longest:,} bytes: engines refuse it")
        if whiteout:
            return self._whiteout(member, path, *whiteout)
        if member.type == "3" and member.device == (0, 0):  # how an overlay keeps a whiteout
            return LayerFile(FileEntry(path, FileKind.WHITEOUT), member.header)
        kind_ = _KINDS.get(member.type)
        if kind_ is None:
            self._complain(member, f"a member of the unknown type {member.type!r}")
            return None
        is_file, digest = kind_ is FileKind.FILE, ""
        if is_file:
            try:
                digest = self._digest(tar, member)
            except BrokenArchiveError as error:
                self._faults.add(Fault(error.fault.reason, member=member.name, offset=error.fault.offset))
        return LayerFile(
            FileEntry(
                path,
                kind_,
                member.size if is_file else 0,
                member.mode,
                _owner(member.uid),
                _owner(member.gid),
                self._time(member),
                self._link(member, path, kind_) if kind_ in {FileKind.SYMLINK, FileKind.HARDLINK} else "",
                digest,
                self._device(member) if kind_ is FileKind.DEVICE else "",
                self._xattrs(member),
            ),
            member.header,
        )

    def _whiteout(self, member: TarMember, path: str, hidden: str, kind: FileKind) -> LayerFile | None:
        if kind is FileKind.OPAQUE and not hidden:
            self._complain(member, "an opaque root, which engines take no notice of")
        elif not hidden and is_bare(path):
            self._complain(member, "a whiteout of nothing: engines refuse it")
        return LayerFile(FileEntry(hidden, kind), member.header) if hidden else None

    def _link(self, member: TarMember, path: str, kind: FileKind) -> str:
        if (length := length_of(member.link)) > MAX_NAME:
            self._complain(member, f"a link of {length:,} bytes: engines refuse it")
            return ""
        if not member.link and kind is FileKind.SYMLINK:
            self._complain(member, "a symlink to nothing: engines refuse it")
        # A hard link's target is a name in the image, a symlink's is read from where it lies.
        if leads_out(path.rpartition("/")[0] if kind is FileKind.SYMLINK else "", member.link):
            self._complain(member, "a link that leads out of the image")
        return member.link

    def _time(self, member: TarMember) -> Instant:
        if not _FIRST <= member.mtime <= _LAST:
            self._complain(
                member, "a time outside the years 1677 to 2262: engines make it 1970, here it is the nearest"
            )
        return Instant(min(max(member.mtime, _FIRST), _LAST))

    def _device(self, member: TarMember) -> str:
        major, minor = member.device
        if not (0 <= major < _MAJORS and 0 <= minor < _MINORS):
            self._complain(member, "a device number that no system has")
        return f"{'b' if member.type == '4' else 'c'} {major}:{minor}"

    def _xattrs(self, member: TarMember) -> tuple[tuple[str, bytes], ...]:
        """Return extended attributes as GNU tar writes them, which is what engines take."""
        found = []
        for key, text in member.pax.items():
            if key.startswith(_XATTR):
                name, value = key.removeprefix(_XATTR), text.encode("utf-8", "surrogateescape")
                self._names += len(name) + len(value)
                if 0 < len(name) <= _MAX_XATTR_NAME and name not in _SPACES and len(value) <= _MAX_XATTR:
                    found.append((name, value))
                else:
                    self._complain(member, "an extended attribute that no system takes: engines refuse it")
        return tuple(sorted(found))

    def _digest(self, tar: TarHeaders, member: TarMember) -> str:
        """Return the digest of a file's content as a container sees it; empty for one with too many zeros."""
        self._holes += member.size - member.stored
        if self._holes > MAX_HOLES:
            self._complain(member, f"a sparse file of {member.size:,} bytes is too large to be read")
            self._holes -= member.size - member.stored
            return ""
        hashed = sha256()
        for part in content_of(tar, member):
            hashed.update(part)
        return f"sha256:{hashed.hexdigest()}"

    def _complain(self, member: TarMember, reason: str) -> None:
        self._faults.add(Fault(reason, member=member.name, offset=member.header))


def _owner(number: int) -> int:
    """Return what becomes of an owner: 32 bits without a sign, and -1 leaves the file to root, as it was made."""
    return 0 if number & _ID == _ID else number & _ID


def content_of(tar: TarHeaders, member: TarMember) -> Iterator[bytes]:
    """Yield the content of the member last read, the holes of a sparse file filled with zeros."""
    if member.pieces is None:
        while part := tar.read(STEP):
            yield part
        return
    at = 0
    for offset, length in (*member.pieces, (member.size, 0)):
        while at < offset:
            yield _ZEROS[: offset - at]
            at += min(STEP, offset - at)
        while at < offset + length:
            part = tar.read(min(STEP, offset + length - at))
            yield part
            at += len(part)
