"""The members of a tar, noted in one pass over its headers."""

import io
import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from dockcache_tui.core.archives.archive import BrokenArchiveError, Fault, FaultList
from dockcache_tui.sources.archives.members import DOCUMENT, MAX_MEMBERS, MAX_NAMES, clean
from dockcache_tui.sources.archives.spans import Source, Span
from dockcache_tui.sources.archives.tar_headers import TarHeaders, TarMember
from dockcache_tui.sources.archives.unpacking import BUFFER, TELLING, fill

_KEPT = 4 * DOCUMENT
_MAX_LINKS = 40


class _Place(NamedTuple):
    offset: int
    size: int


class TarMembers:
    """A tar; of a packed one, what may be JSON documents is kept from the first pass, within bounds."""

    def __init__(self, source: Source, packing: str, size: int) -> None:
        """Walk over the headers; what stops the walk is a fault, and what came before it is there."""
        self.packing, self.size = packing, size
        self.faults = FaultList()
        self._source = source
        self._places: dict[str, _Place] = {}
        self._links: dict[str, str] = {}
        self._kept: dict[str, bytes] = {}
        self._heads: dict[str, bytes] = {}
        self._room, self._letters = _KEPT, MAX_NAMES
        stream = source.open()
        headers = TarHeaders(stream)
        try:
            for member in headers:
                self._note(member, headers)
                if len(self._places) + len(self._links) >= MAX_MEMBERS or self._letters < 0:
                    self.faults.add(Fault("too many members; the rest was not read", offset=member.offset))
                    return
        except BrokenArchiveError as error:
            self.faults.add(error.fault)
            self._places = {
                name: place for name, place in self._places.items() if place.offset + place.size <= headers.position
            }
            return
        if not headers.ended:
            self.faults.add(Fault("the tar has no end marker; it may be cut", offset=headers.position))
        if not isinstance(source, Span):  # what ends a packed stream tells whether all of it is right
            try:
                while stream.read(BUFFER):
                    pass
            except BrokenArchiveError as error:
                self.faults.add(error.fault)

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each member, and of each link to one."""
        sizes = {name: place.size for name, place in self._places.items()}
        return sizes | {link: sizes[name] for link in self._links if (name := self._followed(link)) in sizes}

    def open(self, name: str) -> io.BufferedReader:
        """Return a member's bytes; of a packed tar all before them is unpacked and dropped."""
        place = self._places[self._followed(name)]
        if (kept := self._kept.get(self._followed(name))) is not None:
            return io.BufferedReader(io.BytesIO(kept))
        if isinstance(self._source, Span):
            return self._source.part(*place).open()
        stream = self._source.open()
        _skip(stream, place.offset)
        return io.BufferedReader(_Part(stream, place.size), BUFFER)

    def head(self, name: str) -> bytes:
        """Return a member's first bytes."""
        followed = self._followed(name)
        if followed in self._heads:
            return self._heads[followed]
        with self.open(name) as stream:
            return stream.read(TELLING)

    def each(self, names: Collection[str]) -> Iterator[tuple[str, io.BufferedReader]]:
        """Return several members in their order, a packed tar in one pass."""
        wanted = sorted((self._places[self._followed(name)], name) for name in names)
        if isinstance(self._source, Span):
            for _, name in wanted:
                with self.open(name) as stream:
                    yield name, stream
            return
        with self._source.open() as stream:
            at = 0
            for index, (place, name) in enumerate(wanted):
                if index and place == wanted[index - 1][0]:
                    with self.open(name) as again:
                        yield name, again
                    continue
                _skip(stream, place.offset - at)
                part = _Part(stream, place.size, closes=False)
                yield name, io.BufferedReader(part, BUFFER)
                at = place.offset + place.size - part.left

    def close(self) -> None:
        """Close the file."""
        source = self._source
        while not isinstance(source, Span):
            source = source.inner
        source.file.close()

    def _note(self, member: TarMember, headers: TarHeaders) -> None:
        if member.type == "5":
            return
        name = clean(member.name)
        self._letters -= len(member.name)
        if member.type not in "012":
            reason = "a device, a pipe or something else that no archive has; left out"
            self.faults.add(Fault(reason, member=member.name, offset=member.header))
        elif not name:
            self.faults.add(Fault("a name that leads outside the archive", member=member.name, offset=member.header))
        elif member.type in "12":
            self._link(name, member)
        elif member.pieces is not None:
            self.faults.add(Fault("a sparse file, which no archive has; left out", member=name, offset=member.header))
        else:
            if name in self._places or name in self._links:
                self.faults.add(
                    Fault("is in the archive twice; the last one counts", member=name, offset=member.header)
                )
                self._links.pop(name, None)
                self._room += len(self._kept.pop(name, b""))
            self._places[name] = _Place(member.offset, member.stored)
            if not isinstance(self._source, Span):
                self._keep(name, member.stored, headers)

    def _keep(self, name: str, size: int, headers: TarHeaders) -> None:
        """Keep of a packed tar what a second pass would be needed for: heads, and what may be JSON documents."""
        self._heads[name] = head = headers.read(TELLING)
        if size <= min(DOCUMENT, self._room) and head[:1] in (b"{", b"["):
            self._kept[name] = head + headers.read(size)
            self._room -= size

    def _link(self, name: str, member: TarMember) -> None:
        """Note a link: `docker save` once wrote a layer that two images share as a symlink to the other's."""
        folder = posixpath.dirname(name) if member.type == "2" else ""
        target = posixpath.normpath(posixpath.join(folder, member.link))
        if clean(target):
            self._links[name] = target
        else:
            fault = Fault("a link that leads outside the archive", member=name, offset=member.header)
            self.faults.add(fault)

    def _followed(self, name: str) -> str:
        for _ in range(_MAX_LINKS):
            if name not in self._links:
                break
            name = self._links[name]
        return name


class _Part(io.RawIOBase):
    """The next bytes of a stream as a file of their own."""

    def __init__(self, stream: io.BufferedReader, size: int, *, closes: bool = True) -> None:
        self._stream, self._closes = stream, closes
        self.left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        count = fill(self._stream, memoryview(buffer)[: self.left])
        if not count and self.left and len(buffer):
            raise BrokenArchiveError(Fault("the tar is cut inside a member"))
        self.left -= count
        return count

    def close(self) -> None:
        if self._closes and not self.closed:
            self._stream.close()
        super().close()


def _skip(stream: io.BufferedIOBase, count: int) -> None:
    while count and (skipped := len(stream.read(min(count, BUFFER)))):
        count -= skipped
