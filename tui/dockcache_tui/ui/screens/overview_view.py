"""View 1: what the cache holds by type and branch, and what the last builds reused."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.overview import Overview, Total, overview
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.widgets.builds_table import reuse, status

LAST_BUILDS = 6
MOST_BARS = 8


class OverviewView(VerticalScroll):
    """Bars and the last builds in one scrolling text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"overview--bar", "overview--good", "overview--part"}
    DEFAULT_CSS = """
    OverviewView {
        padding: 1 2;
        & Static { width: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
        & .overview--bar { color: $primary; }
        & .overview--good { color: $success; }
        & .overview--part { color: $warning; }
    }
    """

    def __init__(self) -> None:
        """Begin without a reading."""
        super().__init__(id="overview")
        self._text = Static(markup=False)
        self._reading: Reading | None = None
        self._builds: Sequence[Build] = ()
        self._scope = ScopeFilter()
        self._failure = ""
        self._totals: Overview | None = None

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        yield self._text

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are."""
        return ("overview",)

    def show(self, reading: Reading | None, builds: Sequence[Build], scope: ScopeFilter, failure: str = "") -> None:
        """Show the totals of a reading and the last builds; `failure` is why there is no reading."""
        stale = reading is not self._reading or scope != self._scope
        self._reading, self._builds, self._scope, self._failure = reading, builds, scope, failure
        if stale and reading:
            self._add_up(reading, scope)
        self._draw()

    def on_resize(self) -> None:
        """Let the bars take the width there is."""
        self._draw()

    @work(group="totals", exclusive=True, description="add up")
    async def _add_up(self, reading: Reading, scope: ScopeFilter) -> None:
        self._totals = await asyncio.to_thread(overview, reading.records, scope)
        self._draw()

    def _draw(self) -> None:
        if not self.display:
            return
        width = max(10, min(40, self.size.width - 52))
        text = Text()
        if self._totals is None:
            text.append(literal(self._failure or "Reading the builder…") + "\n\n", "bold")
        else:
            self._cache(text, self._totals, width)
        self._last_builds(text)
        self._text.update(text)

    def _cache(self, text: Text, found: Overview, width: int) -> None:
        text.append("Builder cache  ", "bold").append(wording.size(found.all.bytes), "bold")
        text.append(f" in {wording.count(found.all.records, 'record')}", "not bold")
        text.append(f" · {wording.size(found.reclaimable.bytes)} could be freed\n\n", "not bold")
        for title, totals in (("by type", found.types), ("by branch", found.branches)):
            text.append(f"{title}\n", "dim")
            for total in totals[:MOST_BARS]:
                text.append_text(_bar(total, found.all.bytes, width, self._style("bar")))
            if len(totals) > MOST_BARS:
                text.append(f"  and {len(totals) - MOST_BARS} more\n", "dim")
            text.append("\n")

    def _last_builds(self, text: Text) -> None:
        now = Instant.now()
        builds = [build for build in self._builds if self._scope.admits((build.branch,) if build.branch else ())]
        text.append("Last builds\n", "bold")
        for build in builds[:LAST_BUILDS]:
            branch = build.branch.short if build.branch else "unknown branch"
            saved = f"saved {wording.span(build.time_saved)}" if build.time_saved is not None else ""
            text.append(f"  {status(build):<11}  {wording.age(build.started_at, now):>4} ago  ", "not bold")
            text.append(f"{reuse(build):<17}", self._style("good" if build.reuse == 1 else "part"))
            text.append(f"  {wording.span(build.duration):>7}  {saved:<13} {literal(branch)}\n", "not bold")
        if not builds:
            text.append("  none yet: b builds the project\n", "not bold dim")

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"overview--{name}", partial=True))


def _bar(total: Total, most: int, width: int, style: str) -> Text:
    line = Text(f"  {literal(total.name):<20.20} ")
    line.append(wording.bar(total.bytes / most if most else 0, width), style)
    return line.append(f" {wording.size(total.bytes):>9}  {total.records:>6,}\n")
