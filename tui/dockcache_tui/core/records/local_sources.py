"""Whose the files are that a builder was sent: one record for each folder name and kind of file, used again in turn.

BuildKit makes such a record before the first byte comes, and finds it again by the name of the folder: two folders of
one name share a record, and two builds at once have one each.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.records.claims import PRINTED_SLACK_NS, Claim
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.steps import FOREVER_NS, RAN, StepKey, description_key, name_key

# What the clocks of two cores may differ by.
_SLACK_NS = 5_000_000
# BuildKit lets go of what a build used a moment after its end.
_RELEASE_NS = 2_000_000_000


@dataclass(eq=False, slots=True)
class _Load:
    """A step that sent files, and the records that were made between its start and its first byte."""

    build: Build
    step: Step
    start: int
    received: int
    folder: str
    """The folder's name; empty when it is not known."""
    made: set[int] = field(default_factory=set)

    def let_go(self, moment: int) -> bool:
        """Tell whether its build may have let go of a record at a moment: it does so after its end."""
        end = self.build.completed_at
        if end is None:
            return self.start <= moment
        return (end.ns - _SLACK_NS if self.build.told else self.start) <= moment <= end.ns + _RELEASE_NS

    def may_share(self, other: "_Load") -> bool:
        """Tell whether both may use one record."""
        return self.step.name == other.step.name and (not self.folder or other.folder in ("", self.folder))

    def shares(self, other: "_Load") -> bool:
        """Tell whether both use one record when they come in turn."""
        return self.may_share(other) and self.folder == other.folder != ""


def is_local(record: Record) -> bool:
    """Tell whether a record holds files that a builder was sent."""
    return record.description.startswith("local source for ")


def local_claims(records: Sequence[Record], builds: Iterable[Build]) -> list[Claim]:
    """Return the claims of the steps that sent files on the records that hold them."""
    by_name: defaultdict[StepKey, list[int]] = defaultdict(list)
    for position, record in enumerate(records):
        if is_local(record):
            by_name[description_key(record.description)].append(position)
    loads: defaultdict[StepKey, list[_Load]] = defaultdict(list)
    for build in builds if by_name else ():
        folder = PurePath(build.context).name
        for step in build.steps:
            key = name_key(step.name)
            if key in by_name and step.started_at and step.state in RAN:
                first = step.received_at or step.completed_at or build.completed_at
                slack = _SLACK_NS if build.told else PRINTED_SLACK_NS
                end = first.ns + slack if first else FOREVER_NS
                loads[key].append(_Load(build, step, step.started_at.ns - slack, end, folder))
    return [claim for key, found in loads.items() for claim in _claims(found, by_name[key], records)]


def _claims(loads: Sequence[_Load], positions: Sequence[int], records: Sequence[Record]) -> Iterable[Claim]:
    ordered = sorted(positions, key=lambda one: records[one].created_at)
    moments = [records[one].created_at.ns for one in ordered]
    makers: dict[int, list[_Load]] = {one: [] for one in ordered}
    for load in loads:
        made = ordered[bisect_left(moments, load.start) : bisect_right(moments, load.received)]
        uses = [other for other in loads if load.may_share(other)] if made else ()
        for one in made:
            if _fits(records[one], uses):
                load.made.add(one)
                makers[one].append(load)
    _eliminate(makers)
    known = {one: found[0] for one, found in makers.items() if len(found) == 1}
    for load in loads:
        if ours := {one for one in load.made if known.get(one) is load}:
            yield Claim(load.build, load.step, ours, lasting=True)
            continue
        before = ordered[: bisect_right(moments, load.received)]
        likely = {one for one in before if known.get(one) and known[one].shares(load)}
        possible = {one for one in before if any(maker.may_share(load) for maker in makers[one])} | load.made
        if possible:
            yield Claim(load.build, load.step, possible, doubtful=possible != likely)


def _fits(record: Record, uses: Sequence[_Load]) -> bool:
    """Tell whether steps that may use a record account for its uses: it counts one for each, when a build ends."""
    used = record.last_used_at
    if used is None:
        return True
    since = [load for load in uses if load.received >= record.created_at.ns]
    return len(since) >= record.usage_count and any(load.let_go(used.ns) for load in since)


def _eliminate(makers: dict[int, list[_Load]]) -> None:
    """Leave out of a record's makers those without whom the other records had too few: a step makes one at most."""
    for one in [one for one, found in makers.items() if len(found) > 1]:
        for maker in tuple(makers[one]):
            given: dict[int, int] = {id(maker): one}
            rivals = [other for load in makers[one] for other in load.made if other != one]
            if not all(_give(other, makers, given, {id(maker)}) for other in dict.fromkeys(rivals)):
                makers[one].remove(maker)
                maker.made.discard(one)


def _give(one: int, makers: Mapping[int, Sequence[_Load]], given: dict[int, int], tried: set[int]) -> bool:
    """Give a record a maker of its own, moving other records to others of theirs; tell whether there was one."""
    for maker in makers[one]:
        if id(maker) not in tried:
            tried.add(id(maker))
            if id(maker) not in given or _give(given[id(maker)], makers, given, tried):
                given[id(maker)] = one
                return True
    return False
