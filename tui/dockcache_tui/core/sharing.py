"""Where else the layers of an archive are: in records of a builder, in Actions caches, in other archives."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.caches.entry import CacheEntry
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.layers import record_layers


class SharedWith(StrEnum):
    """What holds a layer too."""

    RECORD = "builder record"
    ACTIONS = "Actions cache"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Share:
    """One that holds a layer, by the name people know it by; `key` is the record's id, the entry's, the archive's path.

    `repacked` when it has the layer's tar, but packed differently.
    """

    place: SharedWith
    name: str
    key: str
    repacked: bool = False


def shares(
    archive: Archive,
    others: Iterable[Archive] = (),
    caches: Iterable[CacheEntry] = (),
    records: Iterable[ScopedRecord] = (),
) -> Mapping[str, tuple[Share, ...]]:
    """Return for the digest of each layer or blob of an archive who else has it, those with the same bytes first.

    Digests are the same layer when they are equal, or when an image or a cache's index tells the same tar for both.
    """
    elsewhere, entries = [one for one in others if one.path != archive.path], tuple(caches)
    tars = dict(_tars((archive, *elsewhere), entries))
    wanted = {blob.digest for blob in archive.blobs}
    wanted |= {layer.digest for image in archive.images for layer in image.layers if not layer.empty}
    asked = {tars.get(digest, digest) for digest in wanted}
    held: defaultdict[str, dict[Share, set[str]]] = defaultdict(dict)
    for digest, share in (*_records(records), *_entries(entries), *_archives(elsewhere)):
        tar = tars.get(digest, digest)
        if tar in asked:
            held[tar].setdefault(share, set()).add(digest)
    return {
        digest: tuple(
            sorted(
                (replace(share, repacked=digest not in packed) for share, packed in holders.items()),
                key=lambda share: share.repacked,
            )
        )
        for digest in wanted
        if (holders := held.get(tars.get(digest, digest)))
    }


def _tars(archives: Iterable[Archive], caches: Iterable[CacheEntry]) -> Iterator[tuple[str, str]]:
    """Yield digests with that of the tar inside."""
    for entry in caches:
        for blob in entry.index.index.layers if entry.index else ():
            if blob.diff_id:
                yield blob.blob, blob.diff_id
    for layer in (layer for archive in archives for image in archive.images for layer in image.layers):
        if layer.digest and layer.diff_id:
            yield layer.digest, layer.diff_id


def _records(records: Iterable[ScopedRecord]) -> Iterator[tuple[str, Share]]:
    kept = tuple(records)
    layers = record_layers(kept)
    for one in kept:
        if one.key in layers:
            yield layers[one.key], Share(SharedWith.RECORD, one.title, one.record.id)


def _entries(caches: Iterable[CacheEntry]) -> Iterator[tuple[str, Share]]:
    for entry in caches:
        if entry.decoded.digest and not entry.decoded.signed:
            name = " · ".join((entry.branch.short, ", ".join(entry.scopes))) if entry.scopes else entry.branch.short
            yield entry.decoded.digest, Share(SharedWith.ACTIONS, name, str(entry.id))


def _archives(archives: Iterable[Archive]) -> Iterator[tuple[str, Share]]:
    for archive in archives:
        share = Share(SharedWith.ARCHIVE, archive.path.rpartition("/")[2], archive.path)
        for blob in archive.blobs:
            yield blob.digest, share
