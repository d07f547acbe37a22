"""The members of a zip, as artifacts are downloaded: stored or deflated."""

import io
import struct
import zipfile
from collections.abc import Mapping
from contextlib import suppress

from dockcache_tui.core.archives.archive import ArchiveError, BrokenArchiveError, Fault, FaultList
from dockcache_tui.sources.archives.members import MAX_MEMBERS, Members, clean
from dockcache_tui.sources.archives.spans import Packed, Source, Span
from dockcache_tui.sources.archives.unpacking import deflated_sizes

_HEADER = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED = 1
_SIZES_BEHIND = 8
_IN_ZIP64 = 0xFFFFFFFF
_MAX_END = 66_000
"""What ends a zip is no longer, its comment of at most 65,535 bytes included."""
_MAX_DIRECTORY = 16 << 20
_METHODS = {zipfile.ZIP_STORED: "", zipfile.ZIP_DEFLATED: "deflate"}


class ZipMembers(Members):
    """A zip; of one that was cut, and so lost its directory, what its members say of themselves counts."""

    packing = "zip"

    def __init__(self, span: Span) -> None:
        self.faults = FaultList()
        self.size = span.size
        self._span = span
        self._sources: dict[str, Source] = {}
        self._sizes: dict[str, int] = {}
        try:
            for info in _directory(span):
                self._note(info)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error) as error:
            self.faults.add(Fault(f"the zip's directory can't be read: {error}", offset=span.size))
            self._note_each()

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each file."""
        return self._sizes

    def source(self, name: str) -> Source:
        """Return where a file's bytes are."""
        return self._sources[name]

    def open(self, name: str) -> io.BufferedReader:
        """Return a file's bytes."""
        return self._sources[name].open()

    def close(self) -> None:
        self._span.file.close()

    def _note(self, info: zipfile.ZipInfo) -> None:
        name = clean(info.filename)
        if info.filename.endswith("/"):
            return
        if not name:
            self.faults.add(Fault("a name that leads outside the archive", member=info.filename))
        elif info.compress_type not in _METHODS or info.flag_bits & _ENCRYPTED:
            how = "encrypted" if info.flag_bits & _ENCRYPTED else f"packed by method {info.compress_type}"
            self.faults.add(Fault(f"is {how}, which can't be read", member=name))
        else:
            if name in self._sources:
                self.faults.add(Fault("is in the zip twice; the last one counts", member=name))
            self._add(name, info.header_offset, info.compress_size, info.file_size, info.compress_type)

    def _note_each(self) -> None:
        """Note the members one after the other by their own headers, up to the one that is cut."""
        at: int | None = 0
        while at is not None and len(self._sources) < MAX_MEMBERS and (header := self._header(at)):
            flags, method, stored, size, name_length = header[2], header[3], header[7], header[8], header[9]
            if flags & _ENCRYPTED or method not in _METHODS:
                return
            raw = self._span.part(at + _HEADER.size, name_length).open().read().decode("utf-8", "surrogateescape")
            start, end = at + _HEADER.size + name_length + header[10], None
            if flags & _SIZES_BEHIND or stored == _IN_ZIP64:
                # Where it ends only its bytes tell; of one that is cut, or does not tell, all the rest is taken.
                stored, size = self._span.size, self._span.size
                if _METHODS[method]:
                    with suppress(BrokenArchiveError):
                        stored, size = deflated_sizes(self._span.part(start, max(0, self._span.size - start)).open())
                        end = self._after_sizes(start + stored)
            else:
                end = start + stored
            if not raw.endswith("/") and (name := clean(raw)):
                self._add(name, at, stored, size, method)
            at = end

    def _after_sizes(self, at: int) -> int | None:
        """Return where the next header is when sizes, in one of their four forms, stand before it."""
        return next((at + length for length in (16, 24, 12, 20) if self._header(at + length)), None)

    def _add(self, name: str, at: int, stored: int, size: int, method: int) -> None:
        header = self._header(at)
        if header is None:
            self.faults.add(Fault("has no header where the zip's directory says", member=name, offset=at))
            return
        start = at + _HEADER.size + header[9] + header[10]
        stored = max(0, min(stored, self._span.size - start))
        part = self._span.part(start, stored)
        self._sources[name] = Packed(part, "deflate") if _METHODS[method] else part
        self._sizes[name] = size if _METHODS[method] else stored

    def _header(self, at: int) -> tuple[int, ...] | None:
        if not 0 <= at <= self._span.size - _HEADER.size:
            return None
        fields = _HEADER.unpack(self._span.part(at, _HEADER.size).open().read())
        return fields if fields[0] == b"PK\x03\x04" else None


def _directory(span: Span) -> list[zipfile.ZipInfo]:
    """Return what a zip's directory lists; one too large to be an artifact's is refused before it is read."""
    tail = min(span.size, _MAX_END)
    end = span.part(span.size - tail, tail).open().read()
    for mark, at, width in ((b"PK\x05\x06", 12, 4), (b"PK\x06\x06", 40, 8)):
        found = end.rfind(mark) + at
        size = int.from_bytes(end[found : found + width], "little") if found >= at else 0
        if _MAX_DIRECTORY < size != _IN_ZIP64:
            raise ArchiveError(f"a zip whose directory is {size:,} bytes long")
    with zipfile.ZipFile(span.open()) as opened:
        infos = opened.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError(f"a zip of {len(infos):,} files is not an artifact with an image")
    return infos
