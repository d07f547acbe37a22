"""What an archive holds, in the virtual table."""

from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.ui.archives.layer_rows import LayerRow
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable

STEP = "  "


class LayersTable(RecordTable[LayerRow], inherit_bindings=False):
    """One row an image, a layer or a blob."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "LayersTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        super().__init__(COLUMNS, key=lambda row: row.key, id="layers")


def _style(row: LayerRow) -> str:
    if row.fault:
        return "record-table--bad"
    if row.layer and row.layer.empty:
        return "record-table--muted"
    return "" if row.depth else "record-table--accent"


COLUMNS: tuple[Column[LayerRow], ...] = (
    Column(
        id="name",
        title="Layer",
        text=lambda row: row.name,
        sort_key=lambda row: row.name,
        prefix=lambda row: STEP * row.depth,
        style=_style,
        weight=1,
        min_width=28,
    ),
    Column(
        id="size",
        title="Packed",
        text=lambda row: "" if row.fault or (row.layer and row.layer.empty) else wording.size(row.size),
        sort_key=lambda row: row.size,
        justify="right",
        width=9,
    ),
    Column(
        id="unpacked",
        title="Unpacked",
        text=lambda row: "" if row.unpacked is None else wording.size(row.unpacked),
        sort_key=lambda row: row.unpacked,
        justify="right",
        width=10,
        priority=2,
    ),
    Column(id="digest", title="Digest", text=lambda row: row.digest.removeprefix("sha256:")[:12], width=12, priority=3),
    Column(id="shared", title="Shared with", text=lambda row: row.shared, max_width=34, priority=1),
    Column(id="state", title="State", text=lambda row: row.state, style=_style, max_width=30, priority=4),
)
