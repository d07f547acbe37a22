"""What every view of a list shares: the table, the filter under it, and the path that follows the cursor."""

from typing import Any, Generic, TypeVar

from textual import on
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

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

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are."""
        raise NotImplementedError

    def step_back(self) -> bool:
        """Leave the input, else clear the filter, the marks or the zoom, and tell whether there was any of them."""
        if isinstance(self.app.focused, Input):
            self.bar.close(clear=False)
            self.table.focus()
        elif self.table.display and not self.table.has_focus:
            self.table.focus()
        elif self.bar.text:
            self.bar.close(clear=True)
        elif self.table.marks.keys:
            self.table.action_unmark_all()
        elif self.has_class("-zoomed"):
            self.remove_class("-zoomed")
        else:
            return False
        return True

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
