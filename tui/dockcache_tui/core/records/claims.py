"""Which steps of which builds a record can be of: those that its description names, where time and ancestry agree."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.steps import RAN, StepKey, keys_of_record, keys_of_step, name_key, pattern_of

# A record is made while its step runs, by the clock of the node; this is for what the clocks of two cores differ by.
_SLACK_NS = 20_000_000
# The times that buildx prints are moved to its own clock, by as much as the first of them took to come.
PRINTED_SLACK_NS = 5_000_000_000
_MANY = 100
"""Records that a claim may be on before they are looked for among neighbours only."""


@dataclass(eq=False, slots=True)
class Claim:
    """A step that names some records: `records` are the positions of those it can be of, alike in description."""

    build: Build
    step: Step
    records: set[int]
    lasting: bool = False
    """Its records serve every step that names them: images and cache mounts."""
    doubtful: bool = False
    """Its record may be none of these."""

    @property
    def sure(self) -> bool:
        """Tell whether it is of all its records."""
        return not self.doubtful and (self.lasting or len(self.records) == 1)

    @property
    def ran(self) -> bool:
        """Tell whether the step made its record, rather than found it."""
        return self.step.state in RAN

    def may_have_made(self, record: Record) -> bool:
        """Tell whether the record was made while the step ran."""
        return self.ran and self.may_be_of(record)

    def take(self, positions: Iterable[int], records: Sequence[Record]) -> None:
        """Claim these records; of those that a step made, only those with exactly its name when there are any."""
        self.records = set(positions)
        if self.ran:
            self.records = {one for one in self.records if records[one].description == self.step.name} or self.records

    def span(self, moments: Sequence[int]) -> tuple[int, int]:
        """Return the first and the end of those of the moments at which its record can have been made."""
        slack = _SLACK_NS if self.build.told else PRINTED_SLACK_NS
        ended = self.step.completed_at or self.build.completed_at
        end = len(moments) if ended is None else bisect_right(moments, ended.ns + slack)
        if not self.ran or self.step.started_at is None:
            return 0, end
        return bisect_left(moments, self.step.started_at.ns - slack), end

    def may_be_of(self, record: Record) -> bool:
        """Tell whether the record was made when the step ran, or was there when the step reused it."""
        return self.span([record.created_at.ns]) == (0, 1)


@dataclass(eq=False, slots=True)
class _Alike:
    """Records that one step may have made one of, by time: alike in key, platform, type and mount."""

    root: bool
    lasting: bool
    positions: list[int] = field(default_factory=list)
    moments: list[int] = field(default_factory=list)
    bare: list[int] = field(default_factory=list)
    """Those on which nothing stands."""
    members: set[int] = field(default_factory=set)

    def within(self, claim: Claim) -> Sequence[int]:
        """Return the records that a claim may be on by time."""
        first, end = claim.span(self.moments)
        return self.positions[0 if self.lasting else first : end]

    def is_wide(self, claim: Claim) -> bool:
        """Tell whether a claim may be on so many by time that they are looked for among neighbours."""
        first, end = claim.span(self.moments)
        return self.root and not self.lasting and end - first > _MANY


@dataclass(frozen=True, slots=True)
class _Forest:
    """The records of a node, what they stand on and what stands on them, and those alike by each key."""

    records: Sequence[Record]
    parents: Sequence[Sequence[int]]
    children: Sequence[Sequence[int]]
    alike: Mapping[StepKey, Mapping[str, Mapping[str, _Alike]]]
    """By key, platform and likeness."""

    @classmethod
    def of(cls, records: Sequence[Record], parents: Sequence[Sequence[int]], builds: Sequence[Build]) -> "_Forest":
        children: list[list[int]] = [[] for _ in records]
        for position, above in enumerate(parents):
            if is_root(records[position]):
                for parent in above:
                    children[parent].append(position)
        alike: defaultdict[StepKey, dict[str, dict[str, _Alike]]] = defaultdict(dict)
        for key, positions in _by_key(records, builds).items():
            for one in sorted(positions, key=lambda one: records[one].created_at):
                record = records[one]
                platform = alike[key].setdefault(parse_name(record.description).platform, {})
                likeness = _likeness(record)
                if likeness not in platform:
                    platform[likeness] = _Alike(is_root(record), _is_kept(record))
                group = platform[likeness]
                group.positions.append(one)
                group.members.add(one)
                group.moments.append(record.created_at.ns)
                if not children[one]:
                    group.bare.append(one)
        return cls(records, parents, children, alike)

    def named_by(self, step: Step) -> Iterable[_Alike]:
        """Return the groups that a step names."""
        own = parse_name(step.name).platform
        for key in keys_of_step(step):
            if key[0] == "local":
                continue  # local_sources tells whose those are
            for platform, groups in self.alike.get(key, {}).items():
                if not own or not platform or own == platform:
                    yield from groups.values()


def claims_of(records: Sequence[Record], parents: Sequence[Sequence[int]], builds: Sequence[Build]) -> list[Claim]:
    """Return the claims of all steps on the records of one node; `parents` are positions in `records`."""
    forest = _Forest.of(records, parents, builds)
    ran = {name_key(step.name) for build in builds for step in build.steps if step.state in RAN}
    found: list[Claim] = []
    neighbours: list[tuple[Claim, Claim]] = []
    nameless: list[tuple[Claim, Sequence[Claim]]] = []
    for build in builds:
        chain: defaultdict[tuple[str, str, int], list[Claim]] = defaultdict(list)
        many: list[tuple[tuple[str, str, int], Claim, _Alike]] = []
        lost: list[tuple[tuple[str, str, int], Claim]] = []
        for step in build.steps:
            name = parse_name(step.name)
            place = name.stage, name.platform, name.number or 0
            groups = tuple(forest.named_by(step))
            for group in groups:
                claim = _claim(build, step, group, records)
                found.append(claim)
                if name.number is not None and group.root:
                    chain[place].append(claim)
                if group.is_wide(claim):
                    many.append((place, claim, group))
            if name.number is not None and step.cached and not groups and name_key(step.name) not in ran:
                lost.append((place, Claim(build, step, set(), doubtful=True)))
        found += _narrowed(many, chain, forest)
        for (stage, platform, number), below in chain.items():
            neighbours += [(up, down) for up in chain.get((stage, platform, number - 1), ()) for down in below]
        nameless += [(claim, chain.get((place[0], place[1], place[2] - 1), ())) for place, claim in lost]
    return [*found, *_agree(neighbours, forest), *_of_another_name(nameless, forest)]


def _claim(build: Build, step: Step, group: _Alike, records: Sequence[Record]) -> Claim:
    claim = Claim(build, step, set(), group.lasting)
    if not group.is_wide(claim):
        claim.take(group.within(claim), records)
    return claim


def _narrowed(
    many: Sequence[tuple[tuple[str, str, int], Claim, _Alike]],
    chain: Mapping[tuple[str, str, int], Sequence[Claim]],
    forest: _Forest,
) -> list[Claim]:
    """Look for the records of claims on many next to those of the steps above and below; return what is in doubt yet.

    `_agree` would come to the same, but compares each with each.
    """
    wide = {id(claim) for _, claim, _ in many}
    bare = []

    def near(claim: Claim, group: _Alike, others: Iterable[Claim], edges: Sequence[Sequence[int]]) -> None:
        wide.discard(id(claim))
        found = {one for other in others for place in other.records for one in edges[place]}
        kept = [one for one in found if one in group.members and claim.may_be_of(forest.records[one])]
        claim.take(kept, forest.records)

    def known(place: tuple[str, str, int]) -> list[Claim]:
        return [one for one in chain.get(place, ()) if one.records and id(one) not in wide]

    for (stage, platform, number), claim, group in sorted(many, key=lambda one: one[0]):
        if above := known((stage, platform, number - 1)):
            near(claim, group, above, forest.children)
    for (stage, platform, number), claim, group in sorted(many, key=lambda one: one[0], reverse=True):
        if id(claim) in wide and (below := known((stage, platform, number + 1))):
            near(claim, group, below, forest.parents)
            left = {one for one in group.bare if one not in claim.records and claim.may_be_of(forest.records[one])}
            bare.append(Claim(claim.build, claim.step, left, doubtful=True))
    for _, claim, group in many:
        if id(claim) in wide:
            claim.take(group.within(claim), forest.records)
    return bare


def _by_key(records: Sequence[Record], builds: Sequence[Build]) -> Mapping[StepKey, list[int]]:
    found: defaultdict[StepKey, list[int]] = defaultdict(list)
    for position, record in enumerate(records):
        for key in keys_of_record(record):
            found[key].append(position)
    patterns = {pattern_of(key): ones for key, ones in found.items() if key[0] == "run" and "$" in key[1]}
    for key in {name_key(step.name) for build in builds for step in build.steps} if patterns else ():
        if key[0] == "run" and key not in found:
            found[key] = [one for pattern, ones in patterns.items() if pattern.fullmatch(key[1]) for one in ones]
    return found


def _of_another_name(nameless: Sequence[tuple[Claim, Sequence[Claim]]], forest: _Forest) -> list[Claim]:
    """Return claims of steps that reused what no step of their text is known to have made.

    A step of another text and equal work made it, on the record of the step above, or on none; or it is gone.
    """
    records, parents = forest.records, forest.parents
    bottom = [one for one, above in enumerate(parents if nameless else ()) if not above and is_root(records[one])]
    for claim, above in nameless:
        possible = [one for up in above for place in up.records for one in forest.children[place]] if above else bottom
        claim.records |= {one for one in possible if not _is_kept(records[one]) and claim.may_be_of(records[one])}
    return [claim for claim, _ in nameless if claim.records]


def _is_kept(record: Record) -> bool:
    return record.type == "exec.cachemount" or record.description.startswith("pulled from ")


def _likeness(record: Record) -> str:
    """Return what tells apart the records that one step makes: its root and what else it has mounted."""
    head, made, _ = record.description.partition(" from exec ")
    return f"{record.type} {head if made else ''}"


def is_root(record: Record) -> bool:
    """Tell whether it holds the whole root of its step: what a step has mounted besides stands on other records."""
    return record.type == "regular" and (not record.description.startswith("mount ") or record.description[6:8] == "/ ")


def _agree(neighbours: Sequence[tuple[Claim, Claim]], forest: _Forest) -> list[Claim]:
    """Drop what can't be: a step's record stands on that of the step above it; return claims on what is in doubt yet.

    A record on which nothing stands may have carried one that is gone.
    """
    bare: list[Claim] = []
    changed = True
    while changed:
        changed = False
        for up, down in neighbours:
            if not up.records or not down.records:
                continue  # its record is gone, or its build came before the builder's oldest
            below = {one for one in down.records if up.records.intersection(forest.parents[one])}
            above = up.records.intersection(parent for one in below for parent in forest.parents[one])
            if below and (below != down.records or above != up.records):
                if not down.ran and (left := {one for one in up.records - above if not forest.children[one]}):
                    bare.append(Claim(up.build, up.step, left, doubtful=True))
                down.records, up.records = below, above
                changed = True
    return bare


def by_record(claims: Iterable[Claim]) -> Mapping[int, list[Claim]]:
    """Return the claims on each record, by its position."""
    found: defaultdict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        for position in claim.records:
            found[position].append(claim)
    return found
