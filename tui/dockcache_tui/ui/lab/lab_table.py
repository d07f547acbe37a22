"""A run of the lab in the virtual table: one row an experiment in a situation."""

from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.core.lab.summary import LabRow
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable

_ORDER = list(Situation)


class LabTable(RecordTable[LabRow], inherit_bindings=False):
    """The medians of a run."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "LabTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        super().__init__(COLUMNS, key=lambda row: (row.situation, row.experiment), id="lab-table")


def _seconds(
    name: str, title: str, get: Callable[[LabRow], float], priority: int = 0, width: int = 8
) -> Column[LabRow]:
    return Column(
        id=name,
        title=title,
        text=lambda row: wording.span(get(row)),
        sort_key=get,
        justify="right",
        width=width,
        priority=priority,
    )


def _number(name: str, title: str, get: Callable[[LabRow], int], priority: int) -> Column[LabRow]:
    return Column(
        id=name,
        title=title,
        text=lambda row: f"{get(row):,}",
        sort_key=get,
        justify="right",
        width=9,
        priority=priority,
    )


def _bytes(name: str, title: str, get: Callable[[LabRow], int], priority: int) -> Column[LabRow]:
    return Column(
        id=name,
        title=title,
        text=lambda row: wording.size(get(row)),
        sort_key=get,
        justify="right",
        width=9,
        priority=priority,
    )


def _packages(row: LabRow) -> int:
    return row.counts.dependencies + row.counts.standard


COLUMNS: tuple[Column[LabRow], ...] = (
    Column(
        id="situation",
        title="Situation",
        text=lambda row: row.situation.label,
        sort_key=lambda row: _ORDER.index(row.situation),
        style=lambda _: "record-table--accent",
        max_width=20,
    ),
    Column(
        id="experiment",
        title="Experiment",
        text=lambda row: row.experiment,
        sort_key=lambda row: row.experiment,
        weight=1,
        min_width=16,
        max_width=20,
    ),
    Column(
        id="total",
        title="Total",
        text=lambda row: "failed" if row.error else wording.span(row.total.median),
        sort_key=lambda row: row.total.median,
        style=lambda row: "record-table--bad" if row.error else "",
        justify="right",
        width=8,
    ),
    Column(
        id="reuse",
        title="Reuse",
        text=lambda row: wording.share(row.counts.reuse),
        sort_key=lambda row: row.counts.reuse,
        justify="right",
        width=7,
    ),
    _number("modules", "Modules", lambda row: row.counts.modules, 1),
    _number("packages", "Packages", _packages, 1),
    _bytes("down", "Down", lambda row: row.counts.down, 2),
    _bytes("up", "Up", lambda row: row.counts.up, 2),
    _seconds("import", "Import", lambda row: row.split.importing, 4),
    _seconds("build", "Build", lambda row: row.split.building, 3),
    _seconds("export", "Export", lambda row: row.split.exporting, 4),
    _seconds("transfer", "Transfer", lambda row: row.split.transfer, 4, 10),
)
