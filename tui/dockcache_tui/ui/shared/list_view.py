"""What every view of a list shares: the table, the filter under it, and the path that follows the cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual import on
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from dockcache_tui.core.field import Field
from dockcache_tui.core.filter import Filter, FilterError, parse
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.table import RecordTable

Table = TypeVar("Table", bound=RecordTable[Any])

NO_MATCH = "Nothing matches. esc clears the filter, f picks another branch."


class ListView(Vertical, Generic[Table]):
    """A view that narrows `table` by what is typed into `bar`, and by the branch scope.

    With the class `-empty` its state panel stands for the table.
    """

    DEFAULT_CSS = """
    ListView {
        & StatePanel { display: none; }
        &.-empty StatePanel { display: block; }
        &.-empty > RecordTable { display: none; }
    }
    """
    FIELDS: ClassVar[Sequence[Field[Any]]] = ()
    table: Table
    bar: FilterBar
    passing: Filter[Any] = parse("", ())
    """The last right expression."""
    within: ScopeFilter = ScopeFilter()

    class Moved(Message):
        """The cursor or the rows changed: the path follows."""

    @dataclass
    class Opened(Message):
        """A row was opened."""

        row: Any

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

    def scope(self, scope: ScopeFilter) -> None:
        """Narrow to a branch scope."""
        self.within = scope
        self.narrow()

    def filter(self, text: str) -> None:
        """Narrow to what passes an expression over FIELDS; a wrong one says where, and the last right one stays."""
        try:
            self.passing = parse(text, self.FIELDS)
        except FilterError as error:
            self.bar.say_wrong(error)
        else:
            self.bar.say_wrong(None)
            self.narrow()

    def narrow(self) -> None:
        """Show what is `passing` and `within`."""

    def open_row(self, row: Any) -> None:
        """Do what opening a row does; unless told otherwise the area is told."""
        self.post_message(self.Opened(row))

    def moved(self) -> None:
        """Follow the cursor: count what is shown."""
        self.bar.say_count(self.table.shown, self.table.total)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self.filter(event.text)

    @on(FilterBar.Kept)
    def _filter_kept(self, event: FilterBar.Kept) -> None:
        event.stop()
        self.table.focus()

    @on(RecordTable.Selected)
    def _row_selected(self, event: RecordTable.Selected) -> None:
        event.stop()
        if (row := self.table.cursor_row) is not None:
            self.open_row(row)

    @on(RecordTable.Highlighted)
    @on(RecordTable.Arranged)
    def _cursor_moved(self, event: RecordTable.Highlighted | RecordTable.Arranged) -> None:
        event.stop()
        self.moved()
        self.post_message(self.Moved())
