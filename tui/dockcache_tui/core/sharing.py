"""Where else the layers of an archive are: in records of a builder, in Actions caches, in other archives."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from dockcache_tui.core.archives.archive import Archive
from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.caches.reading import CacheEntry
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.record import Record, RecordKey
from dockcache_tui.core.records.steps import StepKey, fitness, name_key

_PULLED = "pulled from "
_Steps = dict[StepKey, list[Step]]


def record_layers(records: Iterable[ScopedRecord]) -> dict[RecordKey, str]:
    """Return the digest of each record's layer; BuildKit itself tells none, so of a record in doubt nothing is said.

    A record is of the step that made it, else of one that reused it. A pulled image's records lie one on another as its
    layers do. What two records could be, neither is.
    """
    kept = tuple(records)
    by_key = {one.key: one.record for one in kept}
    steps: dict[str, _Steps] = {}
    claims: defaultdict[tuple[str, str, int], list[tuple[RecordKey, str]]] = defaultdict(list)
    for one in kept:
        step = next(_sure(one, steps), None)
        position = _depth(one.record, by_key, len(step.layers)) if step else None
        if step and position is not None:
            claims[one.record.node, step.digest, position].append((one.key, step.layers[position]))
    return dict(found[0] for found in claims.values() if len({key for key, _ in found}) == 1)


def _sure(scoped: ScopedRecord, steps: dict[str, _Steps]) -> Iterator[Step]:
    """Yield the steps that packed the record and can have been no other step's."""
    record = scoped.record
    pulled = record.description.startswith(_PULLED)
    if record.type != "regular" or (record.description.startswith("mount ") and record.description[6:8] != "/ "):
        return  # what a step has mounted besides its root is in no layer
    used_at = record.last_used_at or record.created_at
    for build, step, at, reused in (
        (scoped.created_by, scoped.created_step, record.created_at, False),
        (scoped.last_used_by, scoped.last_used_step, used_at, True),
    ):
        if build is None or step is None or not step.layers:
            continue
        if pulled and not step.name.endswith(f" {record.description.removeprefix(_PULLED)}"):
            continue  # the same tag, but another image
        fits = pulled or (step.state is StepState.REUSED) is reused
        if fits and _alone(build, step, record.description, at, steps):
            yield step


def _alone(build: Build, step: Step, description: str, at: Instant, steps: dict[str, _Steps]) -> bool:
    """Tell whether no other step of the build fits as well: platforms and bake's targets run the same instructions."""
    if step.name == description:
        return True
    if build.ref not in steps:
        steps[build.ref] = defaultdict(list)
        for one in build.steps:
            steps[build.ref][name_key(one.name)].append(one)
    like = steps[build.ref][name_key(step.name)]
    return all(other is step or fitness(other, at) < fitness(step, at) for other in like)


def _depth(record: Record, by_key: dict[RecordKey, Record], layers: int) -> int | None:
    """Return which of its step's layers it is: of an image the one on as many records as layers, else the only one."""
    if not record.description.startswith(_PULLED):
        return 0 if layers == 1 else None
    for depth in range(layers):
        if not record.parents:
            return depth
        parent = by_key.get(RecordKey(record.node, record.parents[0]))
        if parent is None:
            return None
        record = parent
    return None


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
