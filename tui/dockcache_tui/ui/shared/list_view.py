"""What every view of a list shares: the table, the filter under it, and the path that follows the cursor."""

from typing import Any, Generic, TypeVar

from textual import on
from textual.containers import Vertical
from textual.message import Message

from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.table import RecordTable

Table = TypeVar("Table", bound=RecordTable[Any])

NO_MATCH = "Nothing matches. esc clears the filter, f picks another branch."


class ListView(Vertical, Generic[Table]):
    """A view whose `filter` narrows `table` by what is typed into `bar`."""

    table: Table
    bar: FilterBar

    class Moved(Message):
        """The cursor or the rows changed: the path follows."""

    def filter(self, text: str) -> None:
        """Narrow to what passes an expression."""
        raise NotImplementedError

    def moved(self) -> None:
        """Follow the cursor."""

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self.filter(event.text)

    @on(FilterBar.Kept)
    def _filter_kept(self, event: FilterBar.Kept) -> None:
        event.stop()
        self.table.focus()

    @on(RecordTable.Highlighted)
    @on(RecordTable.Arranged)
    def _cursor_moved(self, event: RecordTable.Highlighted | RecordTable.Arranged) -> None:
        event.stop()
        self.moved()
        self.post_message(self.Moved())
