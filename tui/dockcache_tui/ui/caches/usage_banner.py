"""How full a repository's cache is, what goes next, and a plot of it."""

from collections.abc import Iterable
from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from dockcache_tui.core import wording
from dockcache_tui.core.caches.forecast import columns, draw
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal

PLOT_LINES = 4
DAY = 86_400


class UsageBanner(Widget):
    """Two lines, and the plot when it is asked for."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"usage--bar", "usage--full", "usage--dim"}
    DEFAULT_CSS = """
    UsageBanner {
        height: auto; padding: 0 1; border-bottom: solid $panel;
        border-subtitle-align: left; border-subtitle-color: $foreground-muted;
        & .usage--bar { color: $primary; }
        & .usage--full { color: $error; text-style: bold; }
        & .usage--dim { color: $foreground-muted; }
    }
    """
    reading: reactive[CachesReading | None] = reactive(None, layout=True)
    plotted: reactive[bool] = reactive(False, layout=True)

    def name_tabs(self, names: Iterable[str], chosen: str) -> None:
        """Write the inner tabs and their keys into the lower border."""
        parts = [(f" {name} ", "bold reverse" if name == chosen else "") for name in names]
        self.border_subtitle = Text.assemble("[", *parts, "]")

    def render(self) -> Group:
        """Return the lines, or none without a reading."""
        if self.reading is None:
            return Group()
        lines = [self._usage(self.reading), self._next(self.reading, Instant.now())]
        return Group(*lines, *(self._plot(self.reading) if self.plotted else ()))

    def _usage(self, reading: CachesReading) -> Text:
        snapshot = reading.snapshot
        listed, limit = snapshot.listed, snapshot.limits.size
        part = listed.size / limit if limit else 1.0
        look = self._style("full" if part > 1 else "bar")
        line = Text(wording.bar(part, 20), look, no_wrap=True, overflow="ellipsis")
        known = "" if snapshot.limits.size_known else " by default"
        line.append(f" {wording.size(listed.size)} of {wording.size(limit)}{known}", look)
        line.append(f" · {wording.count(listed.count, 'entry', 'entries')}", "not bold")
        if snapshot.usage:
            line.append(f" · GitHub counts {wording.size(snapshot.usage.size)}", self._style("dim"))
        if reading.graph.shared_size:
            line.append(f" · {wording.size(reading.graph.shared_size)} shared by cache scopes", self._style("dim"))
        if snapshot.partial:
            line.append(f" · {listed.count:,} of {snapshot.expected:,} read", self._style("dim"))
        return line

    def _next(self, reading: CachesReading, now: Instant) -> Text:
        line = Text(no_wrap=True, overflow="ellipsis")
        if not reading.forecast.victims:
            return line.append("nothing is kept", self._style("dim"))
        first = reading.forecast.victims[0]
        when = "at the next check" if first.at <= now else f"in {wording.age(now, first.at)}"
        line.append(f"next to go {when}, {first.cause.value}: ", self._style("dim"))
        line.append(f"{literal(first.cache.branch.short)} · {literal(first.cache.key)}")
        for notice in filter(None, (reading.snapshot.read_only, *reading.snapshot.notices)):
            line.append(f" · {literal(notice)}", self._style("dim"))
        return line

    def _plot(self, reading: CachesReading) -> list[Text]:
        width, found = max(10, self.size.width - 24), reading.forecast
        limit = max([reading.snapshot.limits.size, *(point.size for point in found.points)])
        values = columns([(point.at.ns / 1e9, float(point.size)) for point in found.points], width)
        lines = [Text(line, self._style("bar"), no_wrap=True) for line in draw(values, PLOT_LINES, float(limit))]
        end = wording.age(found.points[0].at, found.points[-1].at)
        lines[0].append(f" {wording.size(limit)}", self._style("dim"))
        lines[1].append(f" {wording.size(round(found.rate * DAY))} saved a day", self._style("dim"))
        lines[-1].append(f" today's gone in {end}", self._style("dim"))
        return lines

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"usage--{name}", partial=True))
