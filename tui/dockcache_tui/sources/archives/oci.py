"""The OCI image layout: indexes that lead to indexes and manifests, as engines, BuildKit and others write them."""

from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from typing import Annotated

import msgspec

from dockcache_tui.core.archives.archive import ArchiveError, ArchiveKind, Fault, FaultList, Image, Layer, fault_of
from dockcache_tui.core.archives.image_metadata import (
    PLAIN_TAR,
    completed,
    layers_of,
    missing_image,
    moment,
    names_of,
    platform_of,
    revision_in,
)
from dockcache_tui.core.archives.manifest import (
    ATTESTATION_OF,
    CACHE_CONFIG,
    CONFIGS,
    PREDICATE,
    RECORD_CONFIG,
    BuildRecordConfig,
    Config,
    Descriptor,
    Document,
    Few,
    decode,
    revision_of,
)
from dockcache_tui.core.caches.index import IndexLayer, UnreadableIndexError, read_index
from dockcache_tui.sources.archives.blobs import OpenArchive, mismatch

_MAX_MANIFESTS = 10_000
_DEEPEST = 50
_FOREIGN = ("nondistributable", ".foreign")
_PROVENANCE = "https://slsa.dev/provenance/"


class OciReading:
    """What an index leads to; what can't be read of it is in the faults."""

    def __init__(self, blobs: OpenArchive) -> None:
        """Follow index.json, depth first in its order."""
        self.images: list[Image] = []
        self.builds: list[str] = []
        self.revisions: list[str] = []
        self.records: list[str] = []
        """Digests of the configs of build records, each of the build of the same place."""
        self.faults = FaultList()
        self.named: dict[str, str] = {}
        """Media types of the blobs that something leads to, by digest."""
        self.caches = 0
        self._blobs = blobs
        self._revisions: dict[str, str] = {}
        self._below: dict[str, range] = {}
        """Which images each index or manifest led to."""
        self._seen = 0
        self._index(self._top(), (), ())
        words = {layer.digest: layer.created_by for image in self.images for layer in image.layers if layer.created_by}
        self.images = [completed(image, words, self._revisions) for image in self.images]

    @property
    def kind(self) -> ArchiveKind:
        """Return what all of it is."""
        if self.builds:
            return ArchiveKind.RECORD
        if self.caches == len(self.images) > 0:
            return ArchiveKind.CACHE
        if self.images and all(image.artifact for image in self.images):
            return ArchiveKind.ARTIFACT
        return ArchiveKind.DIR if self._blobs.flat else ArchiveKind.OCI

    def _top(self) -> Document:
        """Read index.json, or stand in for it: with the manifest.json of a `dir:`, or what the blobs still tell."""
        name = "manifest.json" if self._blobs.flat else "index.json"
        try:
            data = self._blobs.file(name)
            top = decode(data, Document)
        except ArchiveError as error:
            self._broken(error, Fault("", member=name))
            return Document(manifests=lost_roots(self._blobs))
        digest = f"sha256:{sha256(data).hexdigest()}"
        return Document(manifests=[Descriptor(digest, len(data), top.media_type)]) if self._blobs.flat else top

    def _index(self, index: Document, above: tuple[str, ...], names: tuple[str, ...]) -> None:
        children = index.manifests or []
        if above and children and not any(child.digest in self._blobs for child in children):
            self.faults.add(Fault("an index of which no manifest is in the archive", digest=above[-1]))
        for child in children:
            if self._seen >= _MAX_MANIFESTS:
                self.faults.add(Fault(f"more than {_MAX_MANIFESTS:,} manifests; the rest was not read"))
                return
            self._seen += 1
            self._follow(child, above, names_of(child) or names)

    def _follow(self, descriptor: Descriptor, above: tuple[str, ...], names: tuple[str, ...]) -> None:
        digest = descriptor.digest
        if digest in above:
            self.faults.add(Fault("an index that leads to itself", digest=digest))
            return
        if len(above) > _DEEPEST:
            self.faults.add(Fault("indexes of indexes, too deep to follow", digest=digest))
            return
        if digest in self._below:
            self._seen += len(self._below[digest])
            self._also(self._below[digest], names, above)
            return
        first = len(self.images)
        self._enter(descriptor, above, names)
        self._below[digest] = range(first, len(self.images))
        if len(self.images) > first and self.images[first].digest != digest:
            self._also(self._below[digest], (), (digest,))

    def _enter(self, descriptor: Descriptor, above: tuple[str, ...], names: tuple[str, ...]) -> None:
        digest = descriptor.digest
        if digest not in self._blobs:
            self.images.append(missing_image(descriptor, names))
            if not above:  # what an inner index names may be left out, as other platforms are
                self.faults.add(Fault("is not in the archive", digest=digest))
            return
        self._name(descriptor)
        try:
            document = decode(self._document(digest), Document)
        except ArchiveError as error:
            self._broken(error, Fault("", digest=digest))
            return
        if document.manifests is not None:
            self._index_or_cache(descriptor, document, (*above, digest), names)
        elif document.config or document.layers is not None or document.blobs is not None:
            self._manifest(descriptor, document, names)
        else:
            self.faults.add(Fault("neither an index nor a manifest", digest=digest))

    def _also(self, numbers: range, names: tuple[str, ...], indexes: tuple[str, ...]) -> None:
        """Add names and indexes that lead to images too."""
        for number in numbers:
            image = self.images[number]
            self.images[number] = replace(
                image,
                names=tuple(dict.fromkeys((*image.names, *names))),
                also=tuple(dict.fromkeys((*image.also, *indexes))),
            )

    def _index_or_cache(
        self, descriptor: Descriptor, document: Document, above: tuple[str, ...], names: tuple[str, ...]
    ) -> None:
        """Read an index; BuildKit's caches were one that leads to layers and a cache config."""
        config = next((child for child in document.manifests or [] if child.media_type == CACHE_CONFIG), None)
        if config is None:
            self._index(document, above, names)
        else:
            layers = [child for child in document.manifests or [] if child is not config]
            self._cache(descriptor, config, layers, names)

    def _manifest(self, descriptor: Descriptor, manifest: Document, names: tuple[str, ...]) -> None:
        layers, config = manifest.layers or [], manifest.config
        if config is not None and config.media_type == CACHE_CONFIG:
            self._cache(descriptor, config, layers, names)
        elif config is not None and config.media_type == RECORD_CONFIG:
            self._record(config, layers)
        elif of := descriptor.said(ATTESTATION_OF):
            self._attestations(descriptor, layers, config, of)
        elif artifact := manifest.artifact:
            blobs = self._listed(manifest.stored, config)
            self.images.append(Image(descriptor.digest, blobs, names=names, artifact=artifact))
        else:
            self._image(descriptor, manifest, names)

    def _image(self, descriptor: Descriptor, manifest: Document, names: tuple[str, ...]) -> None:
        stored, config = manifest.layers or [], Config()
        if manifest.config is not None:
            self._name(manifest.config)
            if manifest.config.media_type in CONFIGS or not manifest.config.media_type:
                config = self._config(manifest.config.digest)
        for layer in stored:
            self._name(layer)
            self._check(layer)
        if config.diff_ids and len(config.diff_ids) != len(stored):
            reason = f"its config tells of {len(config.diff_ids)} layers, its manifest of {len(stored)}"
            self.faults.add(Fault(reason, digest=descriptor.digest))
        annotations = {**(descriptor.annotations or {}), **(manifest.annotations or {})}
        self.images.append(
            Image(
                digest=descriptor.digest,
                layers=layers_of(stored, config, self._blobs),
                platform=config.platform or platform_of(descriptor),
                names=names,
                labels=tuple(config.labels.items()),
                created_at=moment(config.created),
                revision=revision_in(config.labels) or revision_in(annotations),
                also=(manifest.config.digest,) if manifest.config else (),
            )
        )

    def _config(self, digest: str) -> Config:
        try:
            return decode(self._document(digest), Config)
        except ArchiveError as error:
            self._broken(error, Fault("", digest=digest))
            return Config()

    def _attestations(
        self, descriptor: Descriptor, stored: list[Descriptor], config: Descriptor | None, of: str
    ) -> None:
        layers = self._listed(stored, config)
        for layer in stored:
            if layer.said(PREDICATE).startswith(_PROVENANCE) and layer.digest in self._blobs:
                self._provenance(layer.digest, of)
        self.images.append(Image(descriptor.digest, layers, attestation_of=of))

    def _listed(self, stored: list[Descriptor], config: Descriptor | None) -> tuple[Layer, ...]:
        """Return the blobs of what is no image as layers without files."""
        if config is not None:
            self._name(config)
            if config.digest in self._blobs:  # it may be empty, and so left out
                self._check(config)
        for blob in stored:
            self._name(blob)
            self._check(blob)
        return tuple(
            Layer(blob.digest, blob.size, media_type=blob.media_type, missing=blob.digest not in self._blobs)
            for blob in stored
        )

    def _provenance(self, digest: str, of: str) -> None:
        try:
            self._revisions[of] = revision_of(self._document(digest))
        except ArchiveError as error:
            self._broken(error, Fault("", digest=digest))

    def _cache(
        self, descriptor: Descriptor, config: Descriptor, stored: list[Descriptor], names: tuple[str, ...]
    ) -> None:
        self.caches += 1
        for blob in (config, *stored):
            self._name(blob)
            self._check(blob)
        layers: tuple[Layer, ...] = ()
        try:
            layers = cache_layers(self._document(config.digest), stored, self._blobs)
        except ArchiveError as error:
            self._broken(error, Fault("", digest=config.digest))
        for layer in layers:
            self.named.setdefault(layer.digest, layer.media_type)
            if layer.missing:
                self.faults.add(Fault("is not in the archive", digest=layer.digest))
        self.images.append(Image(descriptor.digest, layers, names=names))

    def _record(self, config: Descriptor, stored: list[Descriptor]) -> None:
        self.records.append(config.digest)
        for blob in (config, *stored):
            self._name(blob)
            self._check(blob)
        try:
            record = decode(self._document(config.digest), BuildRecordConfig)
            self.builds.append(record.ref)
            self.revisions.append(record.revision)
        except ArchiveError as error:
            self._broken(error, Fault("", digest=config.digest))
            self.builds.append("")

    def _name(self, descriptor: Descriptor) -> None:
        self.named.setdefault(descriptor.digest, descriptor.media_type)

    def _check(self, blob: Descriptor) -> None:
        """Note a blob that is not here or has another size; some layers may be left out by right."""
        if blob.digest not in self._blobs:
            if not any(word in blob.media_type for word in _FOREIGN):
                self.faults.add(Fault("is not in the archive", digest=blob.digest))
        elif (size := self._blobs.size(blob.digest)) != blob.size:
            reason = f"has {size:,} bytes, not {blob.size:,} as was said"
            self.faults.add(Fault(reason, digest=blob.digest))

    def _document(self, digest: str) -> bytes:
        """Read a document; one whose digest is another is told and shown all the same."""
        data = self._blobs.unchecked(digest)
        if fault := mismatch(digest, data):
            self.faults.add(fault)
        return data

    def _broken(self, error: ArchiveError, place: Fault) -> None:
        self.faults.add(fault_of(error, place))


_MAX_LOOKED_AT = 1000


def lost_roots(blobs: OpenArchive) -> list[Descriptor]:
    """Return the indexes and manifests among the blobs that no other one leads to."""
    found: dict[str, Document] = {}
    for digest in sorted(blobs.sizes, key=lambda one: (blobs.size(one), one))[:_MAX_LOOKED_AT]:
        with suppress(ArchiveError):
            if blobs.head(digest)[:1] == b"{":
                document = decode(blobs.document(digest), Document)
                if document.manifests is not None or document.layers is not None:
                    found[digest] = document
    below = {child.digest for document in found.values() for child in document.manifests or []}
    return [Descriptor(digest, media_type=one.media_type) for digest, one in found.items() if digest not in below]


_DIFF_ID, _CREATED_AT = "containerd.io/uncompressed", "buildkit/createdat"


class _Sized(msgspec.Struct):
    """As much of a config as tells whether it is of a build at all."""

    layers: Few[msgspec.Raw] = []
    records: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=100_000)] = []


def cache_layers(config: bytes, stored: Sequence[Descriptor], here: Container[str]) -> tuple[Layer, ...]:
    """Return the layers that a cache config tells of, in its order, then those that only the manifest names.

    A cache keeps no words of a build, so none tells what it was created by. Raises ArchiveError.
    """
    decode(config, _Sized)
    try:
        index = read_index(config)
    except UnreadableIndexError as error:
        raise ArchiveError(str(error)) from error
    blobs = {blob.digest: blob for blob in stored}
    told = index.blobs
    return tuple(
        _layer(digest, blobs.get(digest), told.get(digest), missing=digest not in here)
        for digest in dict.fromkeys((*(layer.blob for layer in index.layers), *blobs))
    )


def _layer(digest: str, blob: Descriptor | None, told: IndexLayer | None, *, missing: bool) -> Layer:
    """Return a layer as the manifest's annotations tell of it, else as the config does."""
    blob = blob or Descriptor(digest)
    size, media_type = blob.size or (told.size if told else 0), blob.media_type or (told.media_type if told else "")
    return Layer(
        digest=digest,
        size=size,
        diff_id=blob.said(_DIFF_ID) or (told.diff_id if told else ""),
        unpacked_size=size if media_type in PLAIN_TAR else None,
        media_type=media_type,
        created_at=moment(blob.said(_CREATED_AT)) or (told.created_at if told else None),
        missing=missing,
    )
