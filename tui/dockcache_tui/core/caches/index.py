"""The JSON that a BuildKit index entry holds: layers, and the records that name them."""

from dataclasses import dataclass
from hashlib import sha256

import msgspec

from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant

_NO_PARENT = -1


class UnreadableIndexError(DockcacheError):
    """An index that is not what BuildKit writes."""

    title = "The cache index can't be read"


class _Annotations(msgspec.Struct, rename={"media_type": "mediaType", "diff_id": "diffID", "created_at": "createdAt"}):
    media_type: str = ""
    diff_id: str = ""
    size: int = 0
    created_at: str = ""


class _Layer(msgspec.Struct):
    blob: str
    parent: int = 0  # BuildKit leaves zeros out, so this is the first layer and none is -1
    annotations: _Annotations | None = None


class _Result(msgspec.Struct):
    layer: int


class _Chain(msgspec.Struct):
    layers: list[int]


class _Input(msgspec.Struct):
    link: int


class _Record(msgspec.Struct):
    digest: str
    layers: list[_Result] = []
    chains: list[_Chain] = []
    inputs: list[list[_Input]] = []


class _Index(msgspec.Struct):
    layers: list[_Layer] = []
    records: list[_Record] = []


@dataclass(frozen=True, slots=True)
class IndexLayer:
    """A layer: the digest of its compressed blob, its parent's position or None, and `size` in bytes."""

    blob: str
    parent: int | None
    size: int
    media_type: str
    diff_id: str
    created_at: Instant | None


@dataclass(frozen=True, slots=True)
class IndexRecord:
    """A cache record: its key's digest, the positions of its results' top layers, and of the records each input may be.

    `chains` are whole lists of layers' positions, which only the inline exporter writes.
    """

    digest: str
    layers: tuple[int, ...]
    chains: tuple[tuple[int, ...], ...]
    inputs: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CacheIndex:
    """A decoded index; `digest` is of its bytes.

    `order` are layers' positions, each after the one it lies on. The parents of a `broken` one go in a
    circle or are missing.
    """

    digest: str
    layers: tuple[IndexLayer, ...]
    records: tuple[IndexRecord, ...]
    order: tuple[int, ...]
    broken: tuple[int, ...]

    @property
    def blobs(self) -> dict[str, IndexLayer]:
        """Return the blobs it names by their digests, each as its first layer tells of it."""
        return {layer.blob: layer for layer in reversed(self.layers)}


def read_index(data: bytes) -> CacheIndex:
    """Decode an index as in BuildKit's cache/remotecache/v1/types/spec.go; raises UnreadableIndexError."""
    try:
        found = msgspec.json.decode(data, type=_Index)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise UnreadableIndexError(f"not what BuildKit writes: {error}") from error
    layers = tuple(map(_layer, found.layers))
    records = tuple(map(_record, found.records))
    order = _order(layers)
    broken = tuple(sorted(set(range(len(layers))) - set(order)))
    return CacheIndex(f"sha256:{sha256(data).hexdigest()}", layers, records, order, broken)


def _layer(layer: _Layer) -> IndexLayer:
    said = layer.annotations or _Annotations()
    parent = None if layer.parent == _NO_PARENT else layer.parent
    return IndexLayer(layer.blob, parent, said.size, said.media_type, said.diff_id, _moment(said.created_at))


def _moment(text: str) -> Instant | None:
    """Read a time; Go writes the year 1 for one it does not know."""
    if not text or text.startswith("0001-"):
        return None
    try:
        return Instant.parse(text)
    except ValueError as error:
        raise UnreadableIndexError(str(error)) from error


def _record(record: _Record) -> IndexRecord:
    return IndexRecord(
        record.digest,
        tuple(result.layer for result in record.layers),
        tuple(tuple(chain.layers) for chain in record.chains),
        tuple(tuple(one.link for one in alternatives) for alternatives in record.inputs),
    )


def _order(layers: tuple[IndexLayer, ...]) -> tuple[int, ...]:
    """Walk up from the layers without a parent; what is not reached is broken."""
    above: list[list[int]] = [[] for _ in layers]
    for position, layer in enumerate(layers):
        if layer.parent is not None and 0 <= layer.parent < len(layers):
            above[layer.parent].append(position)
    order, ahead = [], [position for position, layer in enumerate(layers) if layer.parent is None][::-1]
    while ahead:
        order.append(position := ahead.pop())
        ahead.extend(reversed(above[position]))
    return tuple(order)
