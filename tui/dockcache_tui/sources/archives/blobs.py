"""An archive's blobs by their digests, and the layout that `docker save` wrote before OCI's and others still do."""

import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256, sha512
from pathlib import Path
from types import TracebackType
from typing import Self

from dockcache_tui.core.archives.archive import ArchiveError, BrokenArchiveError, Fault, FaultList, fault_of
from dockcache_tui.core.archives.manifest import Config, Descriptor, Saved, V1Config, decode
from dockcache_tui.sources.archives.members import DOCUMENT, Members, clean
from dockcache_tui.sources.archives.opening import open_members
from dockcache_tui.sources.archives.unpacking import PACKINGS, packing_of

_DOCUMENTS = 32 * DOCUMENT
"""Bytes of documents that are read from one archive at most."""
_FLAT = re.compile(r"([0-9a-f]{64}|[0-9a-f]{128})(?:\.manifest\.json)?")
_BLOB = re.compile(r"blobs/(sha256/[0-9a-f]{64}|sha512/[0-9a-f]{128})")
_HEX = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:\.tar|\.json|\.tar\.gz)?")
_V1_ID = re.compile(r"[0-9a-f]{64}")
_MAX_IMAGES = 1_000
_LAYER = "application/vnd.docker.image.rootfs.diff.tar"


class OpenArchive:
    """An open archive; what it gives out lives until it is closed."""

    def __init__(self, members: Members, root: str = "") -> None:
        """Take the members, and the folder among them that the layout is in."""
        self.members = members
        self._root = f"{root}/" if root else ""
        self._sizes = members.sizes()
        self._room = _DOCUMENTS
        self._places = {
            match[1].replace("/", ":"): name
            for name in self._sizes
            if name.startswith(self._root) and (match := _BLOB.fullmatch(name, len(self._root)))
        }
        self.flat = self._is_flat()
        """Whether it is of skopeo's `dir:`, where the blobs lie beside the manifest.json under their bare digests."""
        if self.flat:
            self._place_flat()
        self.saved = not self.flat and not self.has("index.json") and (self.has("manifest.json") or not self._places)
        """Whether it is of `docker save` alone; a newer one is an OCI layout that has a manifest.json too."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.members.close()

    def __contains__(self, digest: object) -> bool:
        return digest in self._places

    @property
    def sizes(self) -> Mapping[str, int]:
        """Return the stored bytes of each blob."""
        return {digest: self._sizes[name] for digest, name in self._places.items()}

    def size(self, digest: str) -> int:
        """Return the stored bytes of a blob; raises ArchiveError when it is not here."""
        return self._sizes[self._place(digest)]

    def open(self, digest: str) -> io.BufferedReader:
        """Return a blob as it is stored, seekable unless the archive is packed; raises ArchiveError.

        Reading raises BrokenArchiveError where the archive is cut or damaged.
        """
        return self.members.open(self._place(digest))

    def each(self, digests: Collection[str]) -> Iterator[tuple[str, io.BufferedReader]]:
        """Return several blobs in the order in which they lie, each to be used before the next: unpacks only once."""
        named: dict[str, list[str]] = {}
        for digest in dict.fromkeys(digests):
            named.setdefault(self._place(digest), []).append(digest)
        for name, stream in self.members.each(named):
            first, *others = named[name]
            yield first, stream
            for digest in others:
                with self.members.open(name) as again:
                    yield digest, again

    def files(self) -> list[str]:
        """Return the names of the files beside the blobs."""
        return [name.removeprefix(self._root) for name in self._sizes if name.startswith(self._root)]

    def each_file(self) -> Iterator[tuple[str, int, io.BufferedReader]]:
        """Return every file with its bytes in the order in which they lie, each to be used before the next."""
        names = [name for name in self._sizes if name.startswith(self._root)]
        for name, stream in self.members.each(names):
            yield name.removeprefix(self._root), self._sizes[name], stream

    def has(self, name: str) -> bool:
        """Tell whether there is a file of this name beside the blobs."""
        return self._root + name in self._sizes

    def place(self, digest: str, name: str) -> None:
        """Say that a file is the blob of a digest, as the manifest of `docker save` does."""
        self._places[digest] = self._root + name

    def file_size(self, name: str) -> int:
        """Return the bytes of a file beside the blobs."""
        return self._sizes[self._root + name]

    def file_head(self, name: str) -> bytes:
        """Return the first bytes of a file beside the blobs."""
        return self.members.head(self._root + name)

    def file(self, name: str) -> bytes:
        """Return a document beside the blobs; raises BrokenArchiveError."""
        if not self.has(name):
            raise BrokenArchiveError(Fault("is not in the archive", member=name))
        return self._read(self._root + name, Fault("", member=name))

    def document(self, digest: str) -> bytes:
        """Return a small blob, checked by its digest; raises BrokenArchiveError."""
        data = self.unchecked(digest)
        if fault := mismatch(digest, data):
            raise BrokenArchiveError(fault)
        return data

    def head(self, digest: str) -> bytes:
        """Return the first bytes of a blob."""
        return self.members.head(self._place(digest))

    def unchecked(self, digest: str) -> bytes:
        """Return a small blob, whatever its digest is; raises BrokenArchiveError."""
        if digest not in self._places:
            raise BrokenArchiveError(Fault("is not in the archive", digest=digest))
        return self._read(self._places[digest], Fault("", digest=digest))

    def _is_flat(self) -> bool:
        """Tell whether it is of skopeo's `dir:`, by its version file, else by a manifest as registries keep them."""
        if self.has("index.json"):
            return False
        tells = {"version": b"Directory ", "manifest.json": b'{.*"schemaVersion"'}
        with suppress(BrokenArchiveError):
            return any(self.has(name) and re.match(one, self.file_head(name), re.DOTALL) for name, one in tells.items())
        return False

    def _place_flat(self) -> None:
        for name in self.files():
            if match := _FLAT.fullmatch(name):
                self.place(f"sha{len(match[1]) * 4}:{match[1]}", name)
        with suppress(ArchiveError):
            self.place(f"sha256:{sha256(self.file('manifest.json')).hexdigest()}", "manifest.json")

    def _read(self, name: str, place: Fault) -> bytes:
        size = self._sizes[name]
        if size > DOCUMENT:
            reason = f"a document of {size:,} bytes; none is larger than {DOCUMENT:,}"
            raise BrokenArchiveError(Fault(reason, place.digest, place.member))
        self._room -= size
        if self._room < 0:
            raise BrokenArchiveError(Fault("too many large documents", place.digest, place.member))
        try:
            with self.members.open(name) as stream:
                return stream.read(DOCUMENT)
        except BrokenArchiveError as error:
            raise BrokenArchiveError(
                Fault(error.fault.reason, place.digest, place.member, error.fault.offset)
            ) from error

    def _place(self, digest: str) -> str:
        if digest not in self._places:
            raise ArchiveError(f"{digest} is not in the archive")
        return self._places[digest]


def open_blobs(path: Path) -> OpenArchive:
    """Open an archive; raises ArchiveError when it is not one."""
    from dockcache_tui.sources.archives.blobs import place_layers

    members, root = open_members(path)
    blobs = OpenArchive(members, root)
    try:
        if blobs.saved:
            place_layers(blobs)
    except BaseException:
        members.close()
        raise
    return blobs


def mismatch(digest: str, data: bytes) -> Fault | None:
    """Return the fault of a document whose digest is not the one it is named by."""
    hashed = sha512(data) if digest.startswith("sha512:") else sha256(data)
    found = f"{hashed.name}:{hashed.hexdigest()}"
    return None if found == digest else Fault(f"its content has another digest: {found}", digest=digest)


def read_saved(blobs: OpenArchive, faults: FaultList) -> list[Saved]:
    """Read manifest.json; where it is lost, the configs still tell of the images."""
    try:
        found = decode(blobs.file("manifest.json"), list[Saved])
        if len(found) > _MAX_IMAGES:
            faults.add(Fault(f"{len(found):,} images, of which {_MAX_IMAGES:,} are read", member="manifest.json"))
        return found[:_MAX_IMAGES]
    except ArchiveError as error:
        faults.add(fault_of(error, Fault("", member="manifest.json")))
    return [Saved(name) for name in blobs.files() if name.endswith(".json") and _named(name)]


def read_config(blobs: OpenArchive, saved: Saved, faults: FaultList) -> tuple[str, Config]:
    """Read an image's config and work out its digest; empty ones where it can't be read."""
    name = clean(saved.config)
    try:
        data = blobs.file(name)
        digest = f"sha256:{sha256(data).hexdigest()}"
        if (said := _named(name)) and (fault := mismatch(said, data)):
            faults.add(replace(fault, member=name))
        return digest, decode(data, Config)
    except ArchiveError as error:
        faults.add(fault_of(error, Fault("", member=name)))
        return "", Config()


def stored_layers(blobs: OpenArchive, saved: Saved, config: Config) -> list[tuple[str, Descriptor]]:
    """Return where an image's layers are and what leads to them.

    A plain tar's digest is the one the config tells. A packed one's may be its name; where it is not, the digest of
    what it unpacks to stands for it. Where the manifest is lost, nothing tells where the layers of the config are.
    """
    if saved.layers is None:
        return [("", Descriptor(diff_id)) for diff_id in config.diff_ids]
    diff_ids = iter(config.diff_ids)
    return [(name, _stored(blobs, name, next(diff_ids, ""))) for name in map(clean, saved.layers)]


def place_layers(blobs: OpenArchive) -> None:
    """Tell an archive where the blobs are that its manifest.json names."""
    for saved in read_saved(blobs, FaultList()):
        digest, config = read_config(blobs, saved, FaultList())
        if digest:
            blobs.place(digest, clean(saved.config))
        for name, layer in stored_layers(blobs, saved, config):
            if layer.digest and blobs.has(name):
                blobs.place(layer.digest, name)


def v1_configs(blobs: OpenArchive, digests: Iterable[str]) -> Iterator[str]:
    """Yield the blobs that are a layer's JSON as Docker 1.x had it: `docker save` writes one each, and names none."""
    for digest in digests if blobs.has("manifest.json") else ():
        with suppress(ArchiveError):
            if blobs.head(digest)[:1] == b"{" and _V1_ID.fullmatch(decode(blobs.unchecked(digest), V1Config).id):
                yield digest


def _stored(blobs: OpenArchive, name: str, diff_id: str) -> Descriptor:
    if not blobs.has(name):
        return Descriptor(diff_id)
    packing = packing_of(blobs.file_head(name))
    digest = (_named(name) if packing else diff_id) or diff_id
    return Descriptor(digest, blobs.file_size(name), f"{_LAYER}.{PACKINGS[packing]}" if packing else _LAYER)


def _named(name: str) -> str:
    """Return the digest that a name tells: `blobs/sha256/HEX`, `HEX.json`, `HEX.tar.gz`; `HEX/layer.tar` tells none."""
    match = _HEX.fullmatch(name.removeprefix("blobs/sha256/"))
    return f"sha256:{match[1]}" if match else ""
