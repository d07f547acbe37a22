"""The steps of a build, one row a step: state, name, why it ran, bar on the common time axis, durations and bytes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind
from dockcache_tui.core.builds.fields import STEP_FIELDS
from dockcache_tui.core.builds.time_shares import to_watch
from dockcache_tui.core.builds.timeline import Axis, axis, cells
from dockcache_tui.core.builds.why import step_place
from dockcache_tui.core.explain.cause_words import short
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns, in_order

GLYPHS: Mapping[StepState, str] = {
    StepState.WAITING: "·",
    StepState.RUNNING: "▸",
    StepState.REUSED: "✓",
    StepState.BUILT: "■",
    StepState.FALSE_HIT: "!",
    StepState.FAILED: "✗",
    StepState.CANCELED: "–",
}
BAR_CELLS = 22


class StepsTable(RecordTable[Step], inherit_bindings=False):
    """Steps in the order BuildKit told of them; until someone moves it the cursor is on the one to watch."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"step--{state.name.lower()}" for state in StepState} | {"step--aside"}
    DEFAULT_CSS = """
    StepsTable {
        & .step--reused { color: $success; }
        & .step--built { color: $warning; }
        & .step--running { color: $accent; text-style: bold; }
        & .step--false_hit { color: $error; text-style: bold; }
        & .step--failed { color: $error; text-style: bold; }
        & .step--waiting, & .step--canceled, & .step--aside { color: $foreground-muted; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name for it
        """Declare the columns."""
        self.now = Instant.now()
        self._axis = Axis(self.now, 1.0)
        self._ref, self._watching = "", True
        self._places: Mapping[str, str] = {}
        super().__init__(_columns(self), key=lambda step: step.digest, id=id)
        self._all_columns = self.columns

    def show(self, build: Build, now: Instant) -> None:
        """Show the steps of a build as of now."""
        self.now, self._axis = now, axis(build, now)
        self._places = {step.digest: step_place(step) for step in build.steps}
        explained = any(step.cause for step in build.steps)
        self.columns = tuple(one for one in self._all_columns if explained or one.id != "why")
        self.set_rows(build.steps)
        if build.ref != self._ref:
            self._ref, self._watching = build.ref, True
        step = to_watch(build) if self._watching else None
        if step and step.digest != self.followed_key:
            self.move_to(step.digest)
            self._watching = True

    def bar(self, step: Step) -> str:
        """Return the step's bar on the axis of the whole build."""
        first, count = cells(step, self._axis, BAR_CELLS, self.now)
        stroke = "╌" if step.cached else "━"
        return " " * first + stroke * count

    def why(self, step: Step) -> str:
        """Return in a few words why a step was not reused."""
        return short(step.cause, self._places.get(step.cause.root, "")) if step.cause else ""

    def took(self, step: Step) -> float | None:
        """Return the seconds a step took, or takes so far."""
        if step.state is StepState.RUNNING and step.started_at:
            return max(0.0, self.now.seconds_since(step.started_at))
        return step.duration

    def _move(self, position: int, by: int = 0) -> None:
        self._watching = self._watching and position == self._cursor
        super()._move(position, by)


def state_word(step: Step) -> str:
    """Return a step's state as glyph and word; what can't be reused is only ever done."""
    return f"{'·' if step.word == 'done' else GLYPHS[step.state]} {step.word}"


def _style(step: Step) -> str:
    return "step--aside" if step.word == "done" else f"step--{step.state.name.lower()}"


def _why_style(step: Step) -> str:
    return "step--aside" if step.cause and step.cause.kind is CauseKind.CASCADE else "step--built"


def _moved(step: Step) -> str:
    if step.bytes_total > step.bytes_moved:
        return f"{wording.size(step.bytes_moved)} / {wording.size(step.bytes_total)}"
    return wording.size(step.bytes_moved) if step.bytes_moved else ""


def _columns(table: StepsTable) -> tuple[Column[Step], ...]:
    columns: dict[str, Column[Step]] = field_columns(STEP_FIELDS, lambda step: step, lambda: table.now)
    columns["state"] = replace(columns["state"], text=state_word, sort_key=state_word, style=_style)
    columns["name"] = replace(columns["name"], style=lambda step: "" if step.cacheable else "step--aside")
    columns["why"] = Column(
        id="why",
        title="Why",
        text=table.why,
        sort_key=lambda step: table.why(step) or None,
        style=_why_style,
        weight=1,
        min_width=28,
        max_width=44,
    )
    columns["bar"] = Column(id="bar", title="Time line", text=table.bar, style=_style, width=BAR_CELLS, priority=3)
    columns["duration"] = replace(
        columns["duration"], text=lambda step: wording.span(table.took(step)), sort_key=table.took
    )
    columns["bytes_moved"] = replace(columns["bytes_moved"], text=_moved)
    return in_order(columns, "state", "name", "why", "bar", "duration", "bytes_moved")
