"""What the record list shows: which rows, in which order, for a reading, a filter, a scope and folds."""

from collections.abc import Collection
from dataclasses import dataclass

from dockcache_tui.core.filter import Filter
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.forest import forest
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import RecordKey
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.builder.records_table import RecordRow


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked to be shown."""

    reading: Reading
    filter: Filter[ScopedRecord]
    scope: ScopeFilter
    collapsed: Collection[RecordKey] = frozenset()
    flat: bool = False

    @property
    def narrows(self) -> bool:
        """Tell whether a filter or a scope leaves records out."""
        return not self.filter.empty or self.scope.picked is not None


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows for a wish, hidden ones last; `matching` counts the records that pass, without ancestors for context."""

    rows: tuple[RecordRow, ...]
    matching: int


def rows_of(wish: Wish, now: Instant) -> Rows:
    """Work out the rows; takes a while for 100,000 records, so call it off the event loop."""
    passes = wish.filter.compile(now)
    records = wish.reading.records
    matching = [scoped for scoped in records if wish.scope.admits_owners(scoped.owners) and passes(scoped)]
    if wish.flat:
        rows = [RecordRow(scoped) for scoped in matching]
    else:
        keys = {scoped.record.key for scoped in matching} if wish.narrows else None
        places = forest(wish.reading.lineage, collapsed=wish.collapsed, matching=keys)
        rows = [RecordRow(wish.reading.by_key[place.record.key], place) for place in places]
    shown = {row.scoped.record.key for row in rows}
    hidden = [RecordRow(scoped, hidden=True) for scoped in records if scoped.record.key not in shown]
    return Rows((*rows, *hidden), len(matching))
