"""What an archive holds, in the virtual table."""

from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.archives.layer_rows import LAYER_ROW_FIELDS, LayerRow
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns, in_order

STEP = "  "


class LayersTable(RecordTable[LayerRow], inherit_bindings=False):
    """One row an image, a layer or a blob."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "LayersTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        super().__init__(_columns(), key=lambda row: row.key, id="layers")


def _style(row: LayerRow) -> str:
    if row.fault:
        return "record-table--bad"
    if row.layer and row.layer.empty:
        return "record-table--muted"
    return "" if row.depth else "record-table--accent"


def _columns() -> tuple[Column[LayerRow], ...]:
    columns: dict[str, Column[LayerRow]] = field_columns(LAYER_ROW_FIELDS, lambda row: row, Instant.now)
    columns["name"] = replace(columns["name"], prefix=lambda row: STEP * row.depth, style=_style)
    columns["size"] = replace(
        columns["size"],
        text=lambda row: "" if row.fault or (row.layer and row.layer.empty) else wording.size(row.size),
    )
    columns["digest"] = replace(columns["digest"], text=lambda row: row.digest.removeprefix("sha256:")[:12])
    columns["state"] = replace(columns["state"], style=_style)
    columns["shared"] = replace(columns["shared"], sort_key=None)  # room for an arrow would cost the digest at 80 cells
    return in_order(columns, "name", "size", "unpacked_size", "digest", "shared", "state")
