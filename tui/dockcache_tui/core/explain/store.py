"""When a record answers a step: the rule by which BuildKit finds what it has.

Rules as in BuildKit's solver/cachemanager.go. A record is named by a key and, for each of its inputs, by the records
it may stand on.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dockcache_tui.core.explain.go_json import digest

_CONTENT = -1


@dataclass(frozen=True, slots=True)
class Link:
    """That a record stands on another for one of its inputs; `selector` is empty where there is none."""

    input: int
    parent: str
    selector: str = ""


@dataclass(frozen=True, slots=True)
class KeyedRecord:
    """What a builder or a cache has for a step; `digest` is `record_digest` of one of the step's keys."""

    id: str
    digest: str
    links: frozenset[Link] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What one input of a step came to: the records that answer it, its selector, and the digest of its content."""

    records: frozenset[str] = frozenset()
    selector: str = ""
    content: str | None = None


def record_digest(key: str, output: int = 0) -> str:
    """Return the digest of the records of one output of an operation with that key."""
    return digest(f"{key}@{output}".encode())


def content_record(content: str) -> str:
    """Return the digest of the record that stands for the content of an input."""
    return record_digest(content, _CONTENT)


class RecordStore:
    """All records of a builder or a cache."""

    def __init__(self, records: Iterable[KeyedRecord]) -> None:
        """Take the records, parents anywhere among them."""
        self._by_digest: Mapping[str, list[KeyedRecord]] = defaultdict(list)
        for record in records:
            self._by_digest[record.digest].append(record)

    def answers(self, keys: Iterable[str], inputs: Sequence[Found], output: int = 0) -> frozenset[str]:
        """Return the ids of the records that answer a step; each stands, for every input, on what that came to."""
        ways = [self._ways(number, found) for number, found in enumerate(inputs)]
        named = (record for key in keys for record in self._by_digest.get(record_digest(key, output), ()))
        return frozenset(record.id for record in named if all(record.links & way for way in ways))

    def _ways(self, number: int, found: Found) -> frozenset[Link]:
        by_content = self._by_digest.get(content_record(found.content), ()) if found.content else ()
        return frozenset(
            (
                *(Link(number, record, found.selector) for record in found.records),
                *(Link(number, record.id) for record in by_content),
            )
        )
