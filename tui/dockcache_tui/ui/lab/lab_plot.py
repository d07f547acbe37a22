"""The experiments of one situation as bars of what their time went to."""

from collections.abc import Sequence
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from dockcache_tui.core import wording
from dockcache_tui.core.lab.run import Split
from dockcache_tui.core.lab.summary import LabRow

# Told apart by their shape too: a terminal may have no colour.
PARTS = (
    ("setup", "·", "set-up"),
    ("importing", "░", "import"),
    ("building", "█", "build"),
    ("exporting", "▓", "export"),
    ("transfer", "▒", "transfer"),
    ("rest", "─", "rest"),
)
NAME = 18


class LabPlot(Widget):
    """One line an experiment, all on one scale, and the legend."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"plot--{name}" for name, _, _ in PARTS} | {"plot--dim"}
    DEFAULT_CSS = """
    LabPlot {
        height: auto; padding: 0 1; border-bottom: solid $panel;
        & .plot--setup, & .plot--rest, & .plot--dim { color: $foreground-muted; }
        & .plot--importing { color: $secondary; }
        & .plot--building { color: $primary; }
        & .plot--exporting { color: $warning; }
        & .plot--transfer { color: $success; }
    }
    """
    rows: reactive[Sequence[LabRow]] = reactive((), layout=True)

    def render(self) -> Group:
        """Return the bars of the rows, the longest filling the width."""
        if not self.rows:
            return Group()
        most = max(row.total.median for row in self.rows)
        width = max(10, self.size.width - NAME - 10)
        legend = Text(" " * (NAME + 1), no_wrap=True, overflow="ellipsis")
        for name, glyph, label in PARTS:
            legend.append(glyph * 2, self._style(name)).append(f" {label}  ", self._style("dim"))
        return Group(*(self._bar(row, most, width) for row in self.rows), legend)

    def _bar(self, row: LabRow, most: float, width: int) -> Text:
        line = Text(f"{row.experiment:<{NAME}.{NAME}} ", no_wrap=True, overflow="ellipsis")
        for name, length in lengths(row.split, most, width):
            glyph = next(glyph for known, glyph, _ in PARTS if known == name)
            line.append(glyph * length, self._style(name))
        return line.append(f" {'failed' if row.error else wording.span(row.total.median)}")

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"plot--{name}", partial=True))


def lengths(split: Split, most: float, width: int) -> list[tuple[str, int]]:
    """Return the cells of each part; together they are as long as the whole, to a cell."""
    found, reached, drawn = [], 0.0, 0
    for name, _, _ in PARTS:
        reached += getattr(split, name)
        end = round(reached / most * width) if most else 0
        found.append((name, end - drawn))
        drawn = end
    return found
