"""Time how long it takes to tell whose 100,000 records are by 200 builds: `python benchmarks/ownership.py`."""

import sys
from statistics import median
from time import perf_counter

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import attribute
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.scope import BranchScope, Project

RECORDS, BUILDS, STEPS, RUNS = 100_000, 200, 20, 3
_SECOND = 1_000_000_000


def build(number: int) -> Build:
    """Return a build of twenty steps; of four builds one runs them all, and three reuse what it made."""
    began = number * 100 * _SECOND
    state = StepState.BUILT if number % 4 == 0 else StepState.REUSED
    return Build(
        f"ref{number}",
        "builder",
        Instant(began),
        BuildStatus.SUCCEEDED,
        context=f"/p{number % 8}",
        project=Project(f"/p{number % 8}"),
        branch=BranchScope.of(f"b{number % 4}"),
        completed_at=Instant(began + 90 * _SECOND),
        steps=tuple(step(began, number, place, state) for place in range(STEPS)),
        told=True,
    )


def step(began: int, number: int, place: int, state: StepState) -> Step:
    """Return one step: half of them read alike in all builds."""
    words = "COPY . ." if place % 2 else f"RUN make {number // 4}-{place}"
    at = began + place * 4 * _SECOND
    name = f"[{place + 1}/{STEPS}] {words}"
    return Step(f"{number}-{place}", name, state, True, Instant(at), Instant(at + 3 * _SECOND))  # noqa: FBT003 - cacheable


def records() -> list[Record]:
    """Return chains as long as a build's, five hundred to each time that one ran."""
    found = []
    for position in range(RECORDS):
        chain, place = divmod(position, STEPS)
        number = chain % (BUILDS // 4) * 4
        made = step(number * 100 * _SECOND, number, place, StepState.BUILT)
        at = Instant((made.started_at.ns if made.started_at else 0) + _SECOND)
        parents = (f"r{position - 1}",) if place else ()
        found.append(
            Record("builder", "node", f"r{position}", "regular", 1, at, at, 1, parents, False, False, False, made.name)  # noqa: FBT003 - as BuildKit's flags
        )
    return found


def main() -> None:
    """Print the median in seconds."""
    builds, kept = [build(number) for number in range(BUILDS)], records()
    times = []
    for _ in range(RUNS):
        began = perf_counter()
        owned = attribute(kept, builds)
        times.append(perf_counter() - began)
    known = sum(1 for one in owned if one.owners)
    sys.stdout.write(f"{RECORDS:,} records, {BUILDS} builds: {median(times):.2f} s ({known:,} with an owner)\n")


if __name__ == "__main__":
    main()
