"""View 1: why the last build was slow, what each place keeps by branch, and what the last builds reused."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus, Step
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.builds.why import RootCause, root_causes, step_place
from dockcache_tui.core.explain.cause_words import short
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.overview import Held, Overview, Total, held, overview
from dockcache_tui.core.records.outlook import first_to_go
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.builds.builds_table import reuse, status
from dockcache_tui.ui.shared.known import AllKnown

LAST_BUILDS = 6
MAX_CAUSES = 3
MAX_BARS = 5


@dataclass(frozen=True, slots=True)
class Totals:
    """What each place keeps."""

    builder: Overview | None = None
    caches: Held | None = None
    archives: Held | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A line that can be chosen: a build, or a step of it that tells why the build was slow."""

    line: int
    build: Build
    step: Step | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what it keeps when the text is drawn anew."""
        return self.build.ref, self.step.digest if self.step else ""


class OverviewView(VerticalScroll):
    """One scrolling text with rows that can be chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False),
        Binding("down,j", "cursor_down", "Down", show=False),
        Binding("home,g", "scroll_home", "First", show=False),
        Binding("end,G", "scroll_end", "Last", show=False),
        Binding("enter", "open", "Open"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"overview--{name}" for name in ("bar", "good", "part", "full", "cursor")}
    DEFAULT_CSS = """
    OverviewView {
        padding: 1 2;
        & Static { width: 100%; text-wrap: nowrap; text-overflow: ellipsis; }
        & .overview--bar { color: $primary; }
        & .overview--good { color: $success; }
        & .overview--part { color: $warning; }
        & .overview--full { color: $error; text-style: bold; }
        & .overview--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """

    @dataclass
    class Chosen(Message):
        """A row was opened."""

        row: Row

    def __init__(self) -> None:
        """Begin without a reading."""
        super().__init__(id="overview")
        self._rows: list[Row] = []
        self._cursor = ("", "")
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

    @property
    def chosen(self) -> Row | None:
        """Return the row under the cursor; None where there is none."""
        return next((row for row in self._rows if row.key == self._cursor), next(iter(self._rows), None))

    def action_cursor_down(self) -> None:
        """Go to the next row once it is in sight, and scroll until then."""
        self._step(1)

    def action_cursor_up(self) -> None:
        """Go to the row before once it is in sight, and scroll until then."""
        self._step(-1)

    def action_open(self) -> None:
        """Tell that the row under the cursor was chosen."""
        if row := self.chosen:
            self.post_message(self.Chosen(row))

    def on_click(self, event: events.Click) -> None:
        """Move to a row, or open the one under the cursor."""
        at = event.get_content_offset(self._text)
        row = next((row for row in self._rows if at and row.line == at.y), None)
        if row and row == self.chosen:
            self.action_open()
        elif row:
            self._move_to(row)

    def _step(self, by: int) -> None:
        chosen = self.chosen
        at = self._rows.index(chosen) + by if chosen else -1
        row = self._rows[at] if 0 <= at < len(self._rows) else None
        top = self.scroll_offset.y
        if row and top <= row.line + 1 < top + self.size.height:
            self._move_to(row)
        else:
            self.scroll_relative(y=by, animate=False)

    def _move_to(self, row: Row) -> None:
        self._cursor = row.key
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
        self._rows = []
        builds = [build for build in self._known.builds if self._scope.takes(build.project, build.branch)]
        self._slow(text, builds)
        self._builder(text, width)
        self._caches(text, width)
        self._archives(text, width)
        self._last_builds(text, builds)
        if row := self.chosen:
            lines = text.split("\n", allow_blank=True)
            lines[row.line] = Text("▶").append_text(lines[row.line][1:])
            lines[row.line].stylize(self._style("cursor"))
            text = Text("\n").join(lines)
        self._text.update(text)

    def _slow(self, text: Text, builds: Sequence[Build]) -> None:
        """Tell which steps made the last build slow, and why they ran."""
        last = next((build for build in builds if build.status is not BuildStatus.RUNNING), None)
        roots = sorted(root_causes(last) if last else (), key=lambda root: -root.seconds)
        if last is None or not roots:
            return
        age = wording.age(last.started_at, Instant.now())
        text.append(f"Last build  {wording.span(last.duration)}", "bold")
        text.append(f" · {wording.share(last.reuse)} reused · {age} ago · slow because\n", "not bold")
        for root in roots[:MAX_CAUSES]:
            self._rows.append(Row(_lines(text), last, root.steps[0]))
            text.append(f"  {_slowest(root):<36.36} {wording.span(root.seconds):>6}  ", "not bold")
            text.append(f"{literal(short(root.cause))}\n", self._style("part"))
        if len(roots) > MAX_CAUSES:
            text.append(f"  and {wording.count(len(roots) - MAX_CAUSES, 'more cause')}\n", "dim")
        text.append("\n")

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
        reading = self._known.reading
        for words in first_to_go(reading.outlooks.values()) if reading else ():
            text.append(f"  {'goes next':<10}", "dim").append(f"{literal(words)}\n", "not dim")
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

    def _last_builds(self, text: Text, builds: Sequence[Build]) -> None:
        now = Instant.now()
        text.append("Last builds\n", "bold")
        for build in builds[:LAST_BUILDS]:
            branch = build.branch.short if build.branch else "unknown"
            saved = f"saved {wording.span(build.time_saved)}" if build.time_saved is not None else ""
            self._rows.append(Row(_lines(text), build))
            text.append(f"  {status(build):<11}  {wording.age(build.started_at, now):>4} ago  ", "not bold")
            text.append(f"{reuse(build):<17}", self._style("good" if build.reuse == 1 else "part"))
            text.append(f"  {wording.span(build.duration):>7}  {saved:<13} {literal(branch)}\n", "not bold")
        if not builds:
            text.append("  none yet: press b to build the project\n", "not bold dim")

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"overview--{name}", partial=True))


def _lines(text: Text) -> int:
    """Return the line that is written next."""
    return text.plain.count("\n")


def _slowest(root: RootCause) -> str:
    """Return the step of a cause that took longest."""
    step = max((*root.steps, *root.below), key=lambda one: one.duration or 0.0)
    name = parse_name(step.name)
    return literal(name.instruction if name.number is None else f"{step_place(step)} {name.instruction}")


def _totals(known: AllKnown, scope: ScopeFilter) -> Totals:
    """Add up what is known of each place."""
    caches, archives = known.caches, known.archives
    return Totals(
        overview(known.reading.records, scope) if known.reading else None,
        held(((cache.size, (cache.branch,)) for cache in caches.snapshot.caches), scope) if caches else None,
        held(((row.size, row.branches) for row in archives), scope) if archives is not None else None,
    )
