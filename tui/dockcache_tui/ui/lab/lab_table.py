"""A run of the lab in the virtual table: one row an experiment in a situation."""

from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.fields import LAB_FIELDS
from dockcache_tui.core.lab.summary import LabRow
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns, in_order

_ORDER = list(Situation)


class LabTable(RecordTable[LabRow], inherit_bindings=False):
    """The medians of a run."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "LabTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        super().__init__(_columns(), key=lambda row: (row.situation, row.experiment), id="lab-table")


def _packages(row: LabRow) -> int:
    return row.counts.dependencies + row.counts.standard


def _columns() -> tuple[Column[LabRow], ...]:
    columns: dict[str, Column[LabRow]] = field_columns(LAB_FIELDS, lambda row: row, Instant.now)
    columns["situation"] = replace(
        columns["situation"],
        sort_key=lambda row: _ORDER.index(row.situation),
        style=lambda _: "record-table--accent",
    )
    columns["total"] = replace(
        columns["total"],
        text=lambda row: "failed" if row.error else wording.span(row.total.median),
        style=lambda row: "record-table--bad" if row.error else "",
    )
    columns["packages"] = replace(
        columns["packages"], text=lambda row: f"{_packages(row):,}", sort_key=_packages, justify="right"
    )
    order = ("situation", "experiment", "total", "reuse", "modules", "packages", "down", "up")
    return in_order(columns, *order)
