"""The header: project, builder, branch scope, health and age of what is shown."""

from dataclasses import dataclass
from math import ceil
from typing import ClassVar

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.sources.github.protocol import ApiBudget
from dockcache_tui.ui.shared.known import AllKnown
from dockcache_tui.ui.shared.waits import NotReadError


@dataclass(frozen=True, slots=True)
class Masthead:
    """What the header says; `health` is a glyph with a word, so that colour is never needed."""

    project: str = ""
    builder: str = ""
    scope: str = "all branches"
    health: str = "◌ connecting"
    healthy: bool = True
    running: str = ""
    budget: str = ""
    recorded: bool = False
    read_only: bool = False


class MastheadBar(Widget):
    """One line at the top; what matters least gives way first when it is narrow."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"masthead--{name}" for name in ("name", "bad", "flag", "dim", "run")}
    DEFAULT_CSS = """
    MastheadBar {
        height: 1; background: $panel; color: $foreground; padding: 0 1;
        & .masthead--name { text-style: bold; color: $primary; }
        & .masthead--bad { color: $error; text-style: bold; }
        & .masthead--flag { color: $warning; text-style: bold reverse; }
        & .masthead--dim { color: $foreground-muted; }
        & .masthead--run { color: $accent; text-style: bold; }
    }
    """
    state: reactive[Masthead] = reactive(Masthead())

    def render(self) -> Text:
        """Return the line, cut to the width."""
        state = self.state
        left = Text(no_wrap=True, overflow="ellipsis")
        left.append("dockcache", self._style("name"))
        for flag in ("RECORDED" * state.recorded, "READ-ONLY" * state.read_only):
            if flag:
                left.append(" ").append(f" {flag} ", self._style("flag"))
        for part in (state.project, state.builder, state.scope):
            if part:
                left.append(" · ", self._style("dim")).append(literal(part))
        right = Text(no_wrap=True)
        if state.budget:
            right.append(state.budget + "  ", self._style("dim"))
        if state.running:
            right.append(literal(state.running) + "  ", self._style("run"))
        right.append(state.health, self._style("dim" if state.healthy else "bad"))
        room = self.size.width - right.cell_len - 1
        left.truncate(max(room, 0), overflow="ellipsis", pad=True)
        return left.append(" ").append_text(right)

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"masthead--{name}", partial=True))


def masthead(known: AllKnown, running: Build | None, now: Instant, *, paused: bool) -> Masthead:
    """Return what the header says of project, builder, scope, health and our build that runs."""
    reading, checkout = known.reading, known.checkout
    done = sum(step.completed_at is not None for step in running.steps) if running else 0
    return Masthead(
        project=(checkout.repo or checkout.path.rstrip("/").rpartition("/")[2]) if checkout else "",
        builder=f"{reading.snapshot.builder} ({reading.snapshot.driver})" if reading else "",
        scope=known.words(known.scope),
        health=_health(known, now, paused=paused),
        healthy=known.failure is None,
        running=f"▸ building {done}/{len(running.steps)}" if running else "",
    )


def _health(known: AllKnown, now: Instant, *, paused: bool) -> str:
    reading = known.reading
    lost = "‖ not read" if isinstance(known.failure, NotReadError) else "✗ no engine"
    if reading is None:
        return lost if known.failure else "◌ connecting"
    old = wording.age(reading.snapshot.taken_at, now)
    down = sum(node.error is not None for node in reading.snapshot.nodes)
    if known.failure:
        return f"{lost}, {old} old"
    if down:
        return f"✗ {down} of {wording.count(len(reading.snapshot.nodes), 'node')} down"
    return f"‖ paused, {old} old" if paused else f"● {old}"


def budget_words(budget: ApiBudget, now: Instant) -> str:
    """Return what is left of GitHub's budget, or until when GitHub has us wait; empty when nothing was asked yet."""
    if budget.waits_until and budget.waits_until > now:
        minutes, seconds = divmod(ceil(budget.waits_until.seconds_since(now)), 60)
        return f"GitHub: wait {f'{minutes}m{seconds:02}s' if minutes else f'{seconds}s'}"
    return "" if budget.remaining is None else f"API {budget.remaining:,}"
