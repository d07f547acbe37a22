"""One build, live or past: totals, a row a step, and the output of the step under the cursor."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Log, Static

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.progress import LogView
from dockcache_tui.core.builds.why import RootCause, costliest, root_causes
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.builds.builds_table import status, took
from dockcache_tui.ui.builds.steps_table import StepsTable
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import ListView

MAX_WARNINGS = 2
"""Warnings over a build; all are told with `e`."""


class LogPane(Vertical):
    """A title and the newest lines, every character literal; follows its end while it grows."""

    DEFAULT_CSS = """
    LogPane {
        height: 1fr; border-top: solid $panel;
        & #log-title { height: 1; padding: 0 1; color: $foreground-muted; }
        & Log { height: 1fr; padding: 0 1; background: $background; }
    }
    """

    def __init__(self) -> None:
        """Begin without a step."""
        super().__init__()
        self.lines = Log(highlight=False)
        self._title = Static(id="log-title", markup=False)
        self._digest = ""
        self._shown = LogView()

    def compose(self) -> ComposeResult:
        """Lay out the title and the lines."""
        yield self._title
        yield self.lines

    def show(self, step: Step | None, view: LogView) -> None:
        """Show a step's output; only what is new is written, and what was dropped goes."""
        fresh = _new_lines(self._shown, view) if step and step.digest == self._digest else None
        if fresh is None:
            self.lines.clear()
            fresh = view.lines
        self._digest, self._shown = step.digest if step else "", view
        self.lines.max_lines = len(view.lines)
        # Textual's Log leaves out an empty line.
        self.lines.write_lines([literal(line) or " " for line in fresh]).refresh()
        self._title.update(Text(_title(step, view), no_wrap=True, overflow="ellipsis"))


def _title(step: Step | None, view: LogView) -> str:
    if step is None:
        return ""
    dropped = f" · {wording.count(view.dropped, 'older line')} dropped" if view.dropped else ""
    error = f" · {step.error}" if step.error else ""
    nothing = " · no output" if not view.lines else ""
    return literal(f"{step.name}{nothing}{dropped}{error}")


def _new_lines(before: LogView, after: LogView) -> tuple[str, ...] | None:
    """Return the lines that were added; None when an unfinished line grew."""
    kept = before.lines[after.dropped - before.dropped :]
    return after.lines[len(kept) :] if after.lines[: len(kept)] == kept else None


class ReuseBanner(Widget):
    """What is wrong with what was reused, how the build stands, what was reused, and the cause that cost most."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"reuse--{name}" for name in ("high", "low", "status", "dim", "wrong")}
    DEFAULT_CSS = """
    ReuseBanner {
        height: auto; padding: 0 1; border-bottom: solid $panel;
        & .reuse--high { color: $success; text-style: bold; }
        & .reuse--low { color: $warning; text-style: bold; }
        & .reuse--status { text-style: bold; }
        & .reuse--dim { color: $foreground-muted; }
        & .reuse--wrong { color: $warning; text-style: bold; }
    }
    """
    build: reactive[Build | None] = reactive(None, layout=True)
    now: reactive[Instant] = reactive(Instant(0))

    def render(self) -> Group:
        """Return the lines, none without a build."""
        build = self.build
        if build is None:
            return Group()
        root = costliest(build)
        why = (self._why(root, build),) if root else ()
        return Group(*self._warnings(build), self._standing(build), self._reuse(build), *why)

    def _warnings(self, build: Build) -> Iterator[Text]:
        for number, one in enumerate(build.warnings[:MAX_WARNINGS], start=1):
            more = len(build.warnings) - number if number == MAX_WARNINGS else 0
            text = f"! {literal(one.text)}" + (f" · {more} more: press e" if more else "")
            yield Text(text, self._style("wrong"), no_wrap=True, overflow="ellipsis")

    def _why(self, root: RootCause, build: Build) -> Text:
        line = Text("why ", self._style("dim"), no_wrap=True, overflow="ellipsis")
        line.append(literal(root.cause.text), self._style("low"))
        others = len(root_causes(build)) - 1
        cost = wording.count(len(root.steps) + len(root.below), "step")
        line.append(f" · {cost}, {wording.span(root.seconds)}", self._style("dim"))
        return line.append(f" · {wording.count(others, 'more cause')}", self._style("dim")) if others else line

    def _standing(self, build: Build) -> Text:
        line = Text(status(build), self._style("status"), no_wrap=True, overflow="ellipsis")
        counts = " · ".join(f"{number} {state.value}" for state, number in tally(build).items() if number)
        where = f"{build.branch.short}@{build.revision[:8]}" if build.branch else build.revision[:8]
        dim = self._style("dim")
        for part in (wording.span(took(build, self.now)), counts, where, build.target, build.node or build.builder):
            if part:
                line.append(" · ", dim).append(literal(part), dim)
        return line

    def _reuse(self, build: Build) -> Text:
        width = 30 if self.size.width >= 110 else 12
        line = Text(no_wrap=True, overflow="ellipsis")
        if build.reuse is None:
            waiting = build.status is BuildStatus.RUNNING
            return line.append("no step yet" if waiting else "nothing here could be reused", self._style("dim"))
        look = self._style("high" if build.reuse == 1 else "low")
        line.append(wording.bar(build.reuse, width), look)
        line.append(f" {wording.share(build.reuse)} reused", look)
        line.append(f" · {build.cached} of {wording.count(build.cacheable, 'step')}")
        if build.weighted_reuse is not None:
            line.append(f" · {wording.share(build.weighted_reuse)} by time")
        if build.time_saved is not None:
            line.append(f" · saved {wording.span(build.time_saved)}")
        moved = sum(step.bytes_moved for step in build.steps)
        return line.append(f" · moved {wording.size(moved)}") if moved else line

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"reuse--{name}", partial=True))


def tally(build: Build) -> dict[StepState, int]:
    """Return how many of the steps that count are in each state."""
    counts = dict.fromkeys(StepState, 0)
    for step in build.steps:
        counts[step.state] += step.cacheable
    return counts


Logs = Callable[[str], LogView]


class BuildView(ListView[StepsTable]):
    """The steps of one build; `logs` gives the output of a step by digest."""

    DEFAULT_CSS = """
    BuildView {
        & StepsTable { height: 2fr; min-height: 6; }
        &.-zoomed LogPane { display: none; }
    }
    """

    def __init__(self) -> None:
        """Begin without a build."""
        super().__init__(id="build")
        self.table, self.bar = StepsTable(id="steps"), FilterBar("part of a step's name")
        self._banner, self._log = ReuseBanner(), LogPane()
        self.build: Build | None = None
        self._logs: Logs = lambda _: LogView()

    def compose(self) -> ComposeResult:
        """Lay out totals, steps and output."""
        yield self._banner
        yield self.table
        yield self._log
        yield self.bar

    def on_mount(self) -> None:
        """Let the clock of a running build go on between two messages."""
        self.set_interval(0.25, self._tick)

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the build, the step."""
        step = self.table.cursor_row
        return (self.build.ref[:12] if self.build else "", *((step.name,) if step else ()))

    def show(self, build: Build, logs: Logs) -> None:
        """Show a build as it stands."""
        now = Instant.now()
        self.build, self._logs = build, logs
        self._banner.now, self._banner.build = now, build
        self.table.show(build, now)
        self._show_log()

    def moved(self) -> None:
        """Count what is shown, and show the output of the step under the cursor."""
        super().moved()
        self._show_log()

    def filter(self, text: str) -> None:
        """Narrow to the steps whose name holds a text."""
        wanted = text.casefold()
        self.table.filter((lambda step: wanted in step.name.casefold()) if wanted else None, (text,))

    def open_row(self, row: Step) -> None:  # noqa: ARG002 - the output follows the cursor
        self._log.lines.focus()

    def _tick(self) -> None:
        if self.display and self.build and self.build.status is BuildStatus.RUNNING:
            self.show(self.build, self._logs)

    def _show_log(self) -> None:
        step = self.table.cursor_row
        self._log.show(step, self._logs(step.digest) if step else LogView())
