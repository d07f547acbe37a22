"""What is wrong with what a build reused: old files, data that was gone, empty mounts, and equal steps that differ."""

import re
from collections.abc import Iterable, Mapping, Sequence

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.cause import HitKind, HitWarning, MissEvidence
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.traced_build import is_missed, lost_blob
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.steps import StepKey, cache_mounts, keys_of_record, mount_target
from dockcache_tui.core.wording import count, cut

_MAX_NAME = 60
_IMPORT, _LOCAL = "importing cache manifest from ", re.compile(r"local:\d+")
CLOCKS_NS = 20_000_000
"""What the clocks of two cores may differ by."""


def false_hits(build: Build) -> tuple[HitWarning, ...]:
    """Return which steps were said to be reused though the data of them was gone."""
    imports = (instruction(step) for step in build.steps)
    caches = [_LOCAL.sub("a cache folder", one.removeprefix(_IMPORT)) for one in imports if one.startswith(_IMPORT)]
    lost = ((step, lost_blob(step, build)) for step in build.steps)
    return tuple(_of_false_hit(step, blob, caches) for step, blob in lost if blob is not None)


def empty_mounts(build: Build, records: Iterable[Record]) -> tuple[HitWarning, ...]:
    """Return which steps ran with cache mounts that were empty, since a step above that has them was reused.

    The times of the steps are by the clock of the build's node, of which the records are, read after the build.
    """
    made = [(keys_of_record(record), record.created_at.ns) for record in records if record.node == build.node]
    empty: dict[str, tuple[Step, Step, list[str]]] = {}
    for key, (reused, ran) in mount_users(build).items():
        moments = [created for keys, created in made if key in keys]
        began = ran.started_at.ns - CLOCKS_NS if ran.started_at else None
        if began is not None and moments and min(moments) >= began:
            empty.setdefault(ran.digest, (reused, ran, []))[2].append(mount_target(cache_mounts(ran)[key]))
    return tuple(_of_empty_mounts(*found) for found in empty.values())


def instruction(step: Step) -> str:
    """Return what a step does, as it is told."""
    return parse_name(step.name).instruction


def quoted(steps: Sequence[str]) -> str:
    """Return the first of some steps for a sentence, and how many others there are."""
    more = f" and {count(len(steps) - 1, 'more step')}" if len(steps) > 1 else ""
    return f"“{cut(steps[0], _MAX_NAME)}”{more}"


def named(steps: Iterable[str]) -> tuple[MissEvidence, ...]:
    """Return steps as what shows a warning."""
    return tuple(MissEvidence("step", step) for step in steps)


def _of_false_hit(step: Step, blob: str, caches: Sequence[str]) -> HitWarning:
    of_cache = f"from {' or '.join(caches)}" if caches else "from the builder"
    end = "the build failed" if step.state is StepState.FAILED else "it ran after all"
    text = (
        f"{quoted([instruction(step)])} was said to be reused, but its data was gone {of_cache}: {end}."
        " Write the cache anew with --cache-to."
    )
    where = tuple(MissEvidence("cache", cache) for cache in caches)
    blobs = (MissEvidence("blob", blob),) if blob else ()
    return HitWarning(HitKind.FALSE, text, (*blobs, *where, *named([instruction(step)])))


def mount_users(build: Build) -> Mapping[StepKey, tuple[Step, Step]]:
    """Return of each cache mount the first step that ran with it, where one above that was reused, and that one."""
    users: dict[StepKey, list[Step]] = {}
    for step in build.steps:
        for key, mount in cache_mounts(step).items():
            if "from" not in mount:  # such a one is never empty
                users.setdefault(key, []).append(step)
    found = {}
    for key, steps in users.items():
        began = {step.started_at: step for step in steps if is_missed(step) and step.started_at}
        ran = began[min(began)] if began else None
        reused = next((step for step in steps[: steps.index(ran)] if step.cached), None) if ran else None
        if ran and reused:
            found[key] = reused, ran
    return found


def _of_empty_mounts(reused: Step, ran: Step, targets: Sequence[str]) -> HitWarning:
    places = " and ".join(filter(None, targets))
    what = f"an empty cache mount at {places}" if len(targets) == 1 else f"empty cache mounts at {places}"
    stage = parse_name(reused.name).stage
    flag = f"--no-cache-filter={stage}" if stage else "--no-cache"
    text = (
        f"{quoted([instruction(ran)])} ran with {what}: the builder had none, and {quoted([instruction(reused)])},"
        f" which has it too, was reused and put nothing in. If it needs what should be there, build with {flag} once."
    )
    mounts = tuple(MissEvidence("mount", target) for target in targets)
    return HitWarning(HitKind.MOUNT_TRAP, text, (*mounts, *named(map(instruction, (reused, ran)))))
