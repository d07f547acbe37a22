"""The totals of a build: how it stands, its true reuse, and the time saved."""

from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus, StepState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.builds.builds_table import status, took


class ReuseBanner(Widget):
    """Two lines above the steps."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"reuse--high", "reuse--low", "reuse--status", "reuse--dim"}
    DEFAULT_CSS = """
    ReuseBanner {
        height: 3; padding: 0 1; border-bottom: solid $panel;
        & .reuse--high { color: $success; text-style: bold; }
        & .reuse--low { color: $warning; text-style: bold; }
        & .reuse--status { text-style: bold; }
        & .reuse--dim { color: $foreground-muted; }
    }
    """
    build: reactive[Build | None] = reactive(None)
    now: reactive[Instant] = reactive(Instant(0))

    def render(self) -> Group:
        """Return the two lines, or nothing without a build."""
        return Group(self._standing(self.build), self._reuse(self.build)) if self.build else Group()

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
