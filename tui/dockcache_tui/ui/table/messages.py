"""What the table tells its screen; handle them as `RecordTable.Highlighted` and so on."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

if TYPE_CHECKING:
    from dockcache_tui.ui.table.table import RecordTable


@dataclass
class TableMessage(Message, bubble=True, namespace="record_table"):
    """Anything a table says."""

    table: "RecordTable[Any]"

    @property
    def control(self) -> "RecordTable[Any]":
        """The table, for `@on(..., selector)`."""
        return self.table


@dataclass
class Highlighted(TableMessage, namespace="record_table"):
    """The cursor is on another row, or on none."""

    key: Hashable | None

    def can_replace(self, message: Message) -> bool:
        """Only the last of a burst matters."""
        return isinstance(message, Highlighted) and message.table is self.table


@dataclass
class Selected(TableMessage, namespace="record_table"):
    """A row was opened with Enter or by a click on the cursor."""

    key: Hashable


@dataclass
class Marked(TableMessage, namespace="record_table"):
    """The marks changed."""

    keys: frozenset[Hashable]


@dataclass
class Arranged(TableMessage, namespace="record_table"):
    """Rows, filter or sort changed and the table shows it: `shown` of `total` rows."""

    shown: int
    total: int
