"""What a cache that builds can import holds: BuildKit's cache configuration, as a folder or a registry keeps it.

Fields as in BuildKit's cache/remotecache/v1.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from dockcache_tui.core.explain.store import KeyedRecord, Link

_Index = Annotated[int, msgspec.Meta(ge=0)]


class _Layer(msgspec.Struct):
    blob: str = ""
    parent: int = 0


class _Input(msgspec.Struct):
    link: _Index
    selector: str = ""


class _Result(msgspec.Struct):
    layer: _Index


class _Chain(msgspec.Struct):
    layers: list[_Index]


class _Record(msgspec.Struct):
    digest: str
    inputs: list[list[_Input]] = []
    layers: list[_Result] = []
    chains: list[_Chain] = []


class _Config(msgspec.Struct):
    layers: list[_Layer] = []
    records: list[_Record] = []


@dataclass(frozen=True, slots=True)
class CachedRecord:
    """A record of a cache; its result is any of `results`, each the digests of the data that it takes."""

    record: KeyedRecord
    results: tuple[frozenset[str], ...] = ()
    is_lost: bool = False
    """Whether the data of all its results is gone."""


def read_cache_config(document: bytes, name: str) -> tuple[CachedRecord, ...]:
    """Read a cache's records, whose ids begin with its name; raises ValueError for what is no configuration."""
    try:
        config = msgspec.json.decode(document, type=_Config)
        records = tuple(_record(config, number, name) for number in range(len(config.records)))
    except (msgspec.MsgspecError, IndexError, RecursionError) as error:
        raise ValueError(f"no cache configuration: {error}") from error
    there = {one.record.id for one in records}
    if any(link.parent not in there for one in records for link in one.record.links):
        raise ValueError("no cache configuration: it links to what is not there")
    return records


def _record(config: _Config, number: int, name: str) -> CachedRecord:
    told = config.records[number]
    links = (
        Link(position, f"{name} {one.link}", one.selector) for position, ways in enumerate(told.inputs) for one in ways
    )
    chains = [*(_below(config.layers, one.layer) for one in told.layers), *(chain.layers for chain in told.chains)]
    results = tuple(frozenset(config.layers[layer].blob for layer in chain) for chain in chains)
    return CachedRecord(KeyedRecord(f"{name} {number}", told.digest, frozenset(links)), results)


def _below(layers: Sequence[_Layer], layer: int) -> Iterator[int]:
    """Yield a layer and all that it lies on; of those that lie on each other, each once."""
    seen = set[int]()
    while layer >= 0 and layer not in seen:
        seen.add(layer)
        yield layer
        layer = layers[layer].parent
