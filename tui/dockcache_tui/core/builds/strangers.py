"""Steps told in the wrong build: of two builds at once that share a step, BuildKit may tell each the other's."""

from collections import Counter
from collections.abc import Sequence

from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.names import StepKind, parse_name


def own_steps(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Return the steps without those that have a namesake and were over before the build read its definition."""
    begun = [one.started_at for one in steps if one.started_at and parse_name(one.name).kind is StepKind.INTERNAL]
    names = Counter(one.name for one in steps)
    if not begun or len(names) == len(steps):
        return tuple(steps)
    first = min(begun)
    return tuple(
        one for one in steps if names[one.name] == 1 or not one.cacheable or (one.completed_at or first) >= first
    )
