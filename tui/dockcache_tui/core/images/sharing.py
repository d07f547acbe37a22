"""Where else the layers of an archive are: in Actions caches, in other archives, in records of a builder."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dockcache_tui.core.actions_cache.entry import CacheEntry
from dockcache_tui.core.actions_cache.index import CacheIndex
from dockcache_tui.core.images.archive import Archive, Layer
from dockcache_tui.core.records.attribution import ScopedRecord


class Place(StrEnum):
    """What holds a layer too."""

    ACTIONS = "Actions cache"
    ARCHIVE = "archive"
    RECORD = "builder record"


@dataclass(frozen=True, slots=True)
class Share:
    """One that holds a layer: a cache's ref, an archive's path or a record's id.

    `repacked` when it has the layer's tar, but packed differently.
    """

    place: Place
    name: str
    repacked: bool = False


class Sharing:
    """Knows what is elsewhere; asked layer by layer.

    A record tells no digest of a layer. The provenance of a build does: by `steps`, from a layer's digest to that of
    the vertex that made it, a layer belongs to the record that the vertex made. Of other layers nothing is known.
    """

    def __init__(
        self,
        archives: Iterable[Archive] = (),
        caches: Iterable[CacheEntry] = (),
        indexes: Iterable[CacheIndex] = (),
        records: Iterable[ScopedRecord] = (),
        steps: Mapping[str, str] | None = None,
    ) -> None:
        """Index everything by digest, and by diff_id where that is told."""
        self._stored: defaultdict[str, dict[Share, None]] = defaultdict(dict)
        self._unpacked: defaultdict[str, dict[Share, None]] = defaultdict(dict)
        self._records: defaultdict[str, dict[Share, None]] = defaultdict(dict)
        self._steps = steps or {}
        for archive in archives:
            self._add_archive(archive)
        self._add_caches(caches, indexes)
        for record in records:
            if record.created_step:
                share = Share(Place.RECORD, record.record.id)
                self._records[record.created_step.digest][share] = None

    def of(self, layer: Layer) -> tuple[Share, ...]:
        """Return who else has a layer, those with the same bytes first."""
        same = self._stored.get(layer.digest, {})
        unpacked = self._unpacked.get(layer.diff_id, {}) if layer.diff_id else {}
        repacked = (Share(one.place, one.name, repacked=True) for one in unpacked if one not in same)
        return (*same, *repacked, *self._records.get(self._steps.get(layer.digest, ""), {}))

    def record_known(self, layer: Layer) -> bool:
        """Tell whether it is known of which step a layer is, so that no record means that there is none."""
        return layer.digest in self._steps

    def _add_archive(self, archive: Archive) -> None:
        share = Share(Place.ARCHIVE, archive.path)
        for blob in archive.blobs:
            self._stored[blob.digest][share] = None
        for layer in (layer for image in archive.images for layer in image.layers):
            if layer.diff_id and not layer.missing:
                self._unpacked[layer.diff_id][share] = None

    def _add_caches(self, caches: Iterable[CacheEntry], indexes: Iterable[CacheIndex]) -> None:
        diff_ids = {layer.blob: layer.diff_id for index in indexes for layer in index.layers if layer.diff_id}
        for cache in caches:
            digest = cache.decoded.digest
            if digest and not cache.decoded.signed:
                share = Share(Place.ACTIONS, cache.cache.ref)
                self._stored[digest][share] = None
                if digest in diff_ids:
                    self._unpacked[diff_ids[digest]][share] = None
