"""View 1: what each place keeps by branch, and what the last builds reused."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.overview import Held, Overview, Total, held, overview
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.builds.builds_table import reuse, status
from dockcache_tui.ui.shared.known import AllKnown

LAST_BUILDS = 6
MAX_BARS = 5


@dataclass(frozen=True, slots=True)
class Totals:
    """What each place keeps."""

    builder: Overview | None = None
    caches: Held | None = None
    archives: Held | None = None


class OverviewView(VerticalScroll):
    """Bars and the last builds in one scrolling text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"overview--bar", "overview--good", "overview--part", "overview--full"}
    DEFAULT_CSS = """
    OverviewView {
        padding: 1 2;
        & Static { width: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
        & .overview--bar { color: $primary; }
        & .overview--good { color: $success; }
        & .overview--part { color: $warning; }
        & .overview--full { color: $error; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        """Begin without a reading."""
        super().__init__(id="overview")
        self._text = Static(markup=False)
        self._known, self._scope = AllKnown(), ScopeFilter()
        self._totals = Totals()

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        yield self._text

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are."""
        return ("overview",)

    def show(self, known: AllKnown, scope: ScopeFilter) -> None:
        """Show the totals of what was read, and the last builds, of a branch scope."""
        before, self._known = self._known, known
        read = ("reading", "caches", "archives")
        stale = scope != self._scope or any(getattr(known, one) is not getattr(before, one) for one in read)
        self._scope = scope
        if stale:
            self._add_up()
        self._draw()

    def on_resize(self) -> None:
        """Let the bars take the width there is."""
        self._draw()

    @work(group="totals", exclusive=True, description="add up")
    async def _add_up(self) -> None:  # a worker keeps its arguments when it is done: it takes none that are large
        self._totals = await asyncio.to_thread(_totals, self._known, self._scope)
        self._draw()

    def _draw(self) -> None:
        if not self.display:
            return
        width = max(10, min(40, self.size.width - 52))
        text = Text()
        self._builder(text, width)
        self._caches(text, width)
        self._archives(text, width)
        self._last_builds(text)
        self._text.update(text)

    def _builder(self, text: Text, width: int) -> None:
        found = self._totals.builder
        if found is None:
            error = self._known.failure
            why = f"{error.title}: {error}\n{error.hint}" if error else "Reading the builder…"
            text.append(f"{literal(why)}\n\n", "bold")
            return
        text.append(f"Builder cache  {wording.size(found.held.all.bytes)}", "bold")
        text.append(f" in {wording.count(found.held.all.count, 'record')}", "not bold")
        text.append(f" · {wording.size(found.reclaimable.bytes)} could be freed\n", "not bold")
        self._bars(text, "by type", found.types, found.held.all.bytes, width)
        self._bars(text, "by branch", found.held.branches, found.held.all.bytes, width)
        text.append("\n")

    def _caches(self, text: Text, width: int) -> None:
        found, reading = self._totals.caches, self._known.caches
        text.append("Actions caches  ", "bold")
        if found is None or reading is None:
            text.append("nothing read yet: press 3 to see why\n\n", "not bold dim")
            return
        limits = reading.snapshot.limits
        part = found.all.bytes / limits.size if limits.size else 1.0
        text.append(wording.size(found.all.bytes), "bold")
        text.append(f" in {wording.count(found.all.count, 'entry', 'entries')} · ", "not bold")
        known = "" if limits.size_known else " by default"
        used = f"{wording.share(part)} of the limit, {wording.size(limits.size)}{known}\n"
        text.append(used, self._style("full") if part > 1 else "not bold")
        self._bars(text, "by branch", found.branches, found.all.bytes, width)
        text.append("\n")

    def _archives(self, text: Text, width: int) -> None:
        found = self._totals.archives
        text.append("Archives  ", "bold")
        if found is None:
            text.append("nothing read yet: press 4 to see why\n\n", "not bold dim")
            return
        text.append(wording.size(found.all.bytes), "bold")
        text.append(f" in {wording.count(found.all.count, 'file or artifact', 'files and artifacts')}\n", "not bold")
        self._bars(text, "by branch", found.branches, found.all.bytes, width)
        text.append("\n")

    def _bars(self, text: Text, title: str, totals: Sequence[Total], most: int, width: int) -> None:
        for number, total in enumerate(totals[:MAX_BARS]):
            text.append(f"  {'' if number else title:<10}", "dim").append(f"{literal(total.name):<20.20} ", "not dim")
            text.append(wording.bar(total.bytes / most if most else 0, width), self._style("bar"))
            text.append(f" {wording.size(total.bytes):>9}  {total.count:>6,}\n", "not dim")
        if len(totals) > MAX_BARS:
            text.append(f"  {'':<10}and {len(totals) - MAX_BARS} more\n", "dim")

    def _last_builds(self, text: Text) -> None:
        now = Instant.now()
        builds = [build for build in self._known.builds if self._scope.takes(build.project, build.branch)]
        text.append("Last builds\n", "bold")
        for build in builds[:LAST_BUILDS]:
            branch = build.branch.short if build.branch else "unknown"
            saved = f"saved {wording.span(build.time_saved)}" if build.time_saved is not None else ""
            text.append(f"  {status(build):<11}  {wording.age(build.started_at, now):>4} ago  ", "not bold")
            text.append(f"{reuse(build):<17}", self._style("good" if build.reuse == 1 else "part"))
            text.append(f"  {wording.span(build.duration):>7}  {saved:<13} {literal(branch)}\n", "not bold")
        if not builds:
            text.append("  none yet: press b to build the project\n", "not bold dim")

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"overview--{name}", partial=True))


def _totals(known: AllKnown, scope: ScopeFilter) -> Totals:
    """Add up what is known of each place."""
    caches, archives = known.caches, known.archives
    return Totals(
        overview(known.reading.records, scope) if known.reading else None,
        held(((cache.size, (cache.branch,)) for cache in caches.snapshot.caches), scope) if caches else None,
        held(((row.size, row.branches) for row in archives), scope) if archives is not None else None,
    )
