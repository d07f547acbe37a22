"""How things stand, in the words of the header."""

from dataclasses import dataclass
from math import ceil

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import Checkout
from dockcache_tui.sources.github.protocol import ApiBudget
from dockcache_tui.ui.shared.header import Masthead
from dockcache_tui.ui.shared.threads import NotReadError


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known: the last reading, why there is no newer one, the project, and our build that runs."""

    reading: Reading | None
    failure: DockcacheError | None
    checkout: Checkout | None
    running: Build | None
    paused: bool = False


def masthead(standing: Standing, now: Instant) -> Masthead:
    """Return what the header says of project, builder, health and the running build."""
    reading, checkout, build = standing.reading, standing.checkout, standing.running
    done = sum(step.completed_at is not None for step in build.steps) if build else 0
    return Masthead(
        project=(checkout.repo or checkout.path.rstrip("/").rpartition("/")[2]) if checkout else "",
        builder=f"{reading.snapshot.builder} ({reading.snapshot.driver})" if reading else "",
        health=_health(standing, now),
        healthy=standing.failure is None,
        running=f"▸ building {done}/{len(build.steps)}" if build else "",
    )


def _health(standing: Standing, now: Instant) -> str:
    reading = standing.reading
    lost = "‖ not read" if isinstance(standing.failure, NotReadError) else "✗ no engine"
    if reading is None:
        return lost if standing.failure else "◌ connecting"
    old = wording.age(reading.snapshot.taken_at, now)
    down = sum(node.error is not None for node in reading.snapshot.nodes)
    if standing.failure:
        return f"{lost}, {old} old"
    if down:
        return f"✗ {down} of {wording.count(len(reading.snapshot.nodes), 'node')} down"
    return f"‖ paused, {old} old" if standing.paused else f"● {old}"


def budget_words(budget: ApiBudget, now: Instant) -> str:
    """Return what is left of GitHub's budget, or until when GitHub has us wait; empty when nothing was asked yet."""
    if budget.waits_until and budget.waits_until > now:
        minutes, seconds = divmod(ceil(budget.waits_until.seconds_since(now)), 60)
        return f"GitHub: wait {f'{minutes}m{seconds:02}s' if minutes else f'{seconds}s'}"
    return "" if budget.remaining is None else f"API {budget.remaining:,}"
