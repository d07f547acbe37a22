"""Whose a record is: the builds and steps that made and last used it, and its owners."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.records.claims import PRINTED_SLACK_NS, Claim, by_record, claims_of
from dockcache_tui.core.records.local_sources import is_local, local_claims
from dockcache_tui.core.records.record import Record, RecordKey
from dockcache_tui.core.records.steps import FOREVER_NS, ScopeIndex, mount_id
from dockcache_tui.core.scope import BranchScope, Known, Owner, Project

# BuildKit touches a record once more when it lets go of it after the build.
_AFTER_NS = 5_000_000_000
_NOBODY = Owner(None, None, Known.NAMED)


@dataclass(frozen=True, slots=True)
class ScopedRecord:
    """A record with where it came from, as far as known; `cache_scope` is what a cache mount's id ends in."""

    record: Record
    owners: tuple[Owner, ...] = ()
    cache_scope: str | None = None
    created_by: Build | None = None
    created_step: Step | None = None
    last_used_by: Build | None = None
    last_used_step: Step | None = None

    @property
    def key(self) -> RecordKey:
        """Return the record's node and id."""
        return self.record.key

    @property
    def branches(self) -> tuple[BranchScope, ...]:
        """Return the branches of its owners, each once."""
        return tuple(sorted({owner.branch for owner in self.owners if owner.branch}))

    @property
    def project(self) -> Project | None:
        """Return the project that all its owners share, if they do."""
        projects = {owner.project for owner in self.owners}
        return projects.pop() if len(projects) == 1 else None

    @property
    def title(self) -> str:
        """Return what people know it by: the step that ran for it, else its description, else its id."""
        if self.created_step and self.record.description.startswith("mount / from exec"):
            return self.created_step.name
        return self.record.description or self.record.id


def attribute(records: Iterable[Record], builds: Sequence[Build]) -> tuple[ScopedRecord, ...]:
    """Return each record with its builds, steps and owners, in the order given.

    A cache mount whose id ends in a known branch's cache scope is of that branch. Any other record is of the builds of
    its node whose steps name it, as far as time and ancestry leave it in no doubt, and of what stands on it.
    """
    kept = tuple(records)
    scopes = ScopeIndex(build.branch for build in builds if build.branch)
    places: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for position, record in enumerate(kept):
        places[record.builder, record.node].append(position)
    scoped: dict[int, ScopedRecord] = {}
    for (builder, node), positions in places.items():
        here = [build for build in builds if build.builder == builder and build.node in ("", node)]
        found = _of_node([kept[one] for one in positions], here, scopes)
        scoped.update(zip(positions, found, strict=True))
    return tuple(scoped[position] for position in range(len(kept)))


def _of_node(records: Sequence[Record], builds: Sequence[Build], scopes: ScopeIndex) -> list[ScopedRecord]:
    places = {record.id: position for position, record in enumerate(records)}
    parents = [[places[one] for one in record.parents if one in places] for record in records]
    claims = by_record((*claims_of(records, parents, builds), *local_claims(records, builds)))
    untold = max((_end(build) for build in builds if not build.ours and not build.steps and not build.told), default=-1)
    spans = _spans(builds)
    owners: list[dict[tuple[Project | None, BranchScope | None], Owner]] = []
    cache_scopes: list[str | None] = []
    for position, record in enumerate(records):
        id_ = mount_id(record)
        cache_scope, branches = (None, ()) if id_ is None else scopes.find(id_)
        cache_scopes.append(cache_scope)
        found = _owners(record, claims.get(position, ()))
        if record.created_at.ns <= untold or not _accounted(record, spans):
            found.append(_NOBODY)
        if branches:
            projects = {owner.project for owner in found} - {None} or {
                build.project for build in builds if build.branch in branches
            }
            one = projects.pop() if len(projects) == 1 else None
            found = [Owner(one, branch, Known.MOUNT_ID) for branch in branches]
        owners.append({(owner.project, owner.branch): owner for owner in found})
    _hand_up(owners, parents)
    return [
        _scoped(record, in_order(owners[position].values()), cache_scopes[position], claims.get(position, ()))
        for position, record in enumerate(records)
    ]


def _owners(record: Record, claims: Sequence[Claim]) -> list[Owner]:
    """Return the owners of the builds that name a record; what may be another's too has an owner that is not known."""
    known = Known.WINDOW if is_local(record) else Known.NAMED
    makers = [claim for claim in claims if claim.may_have_made(record)]
    made = {_owner(claim.build, known) for claim in makers}
    sure = {_owner(claim.build, known) for claim in claims if claim.sure}
    if len(made) == 1 and not all(claim.doubtful for claim in makers):
        sure |= made
    doubt = not made or any(_owner(claim.build, known) not in sure for claim in claims)
    return [*sure, *([_NOBODY] if doubt else [])]


def _owner(build: Build, known: Known) -> Owner:
    return Owner(build.project, build.branch, known)


def _end(build: Build) -> int:
    return build.completed_at.ns if build.completed_at else FOREVER_NS


def _spans(builds: Iterable[Build]) -> tuple[Sequence[int], Sequence[int]]:
    """Return when builds began, in order, and for each the latest end of it and of those before it."""
    spans = sorted((build.started_at.ns - (0 if build.told else PRINTED_SLACK_NS), _end(build)) for build in builds)
    reached = accumulate((ended for _, ended in spans), max)
    return [began for began, _ in spans], list(reached)


def _accounted(record: Record, spans: tuple[Sequence[int], Sequence[int]]) -> bool:
    """Tell whether a known build was under way when a record was used last: else one did that is forgotten."""
    began, reached = spans
    used = record.last_used_at
    if used is None:
        return True
    last = bisect_right(began, used.ns) - 1
    return last >= 0 and used.ns <= reached[last] + _AFTER_NS


def _under_way(build: Build, moment: int) -> bool:
    return build.started_at.ns <= moment and (build.completed_at is None or moment <= build.completed_at.ns + _AFTER_NS)


def _hand_up(
    owners: Sequence[dict[tuple[Project | None, BranchScope | None], Owner]], parents: Sequence[Sequence[int]]
) -> None:
    """Give what an owned record stands on its owners too."""
    todo = [position for position, found in enumerate(owners) if found]
    while todo:
        position = todo.pop()
        for parent in parents[position]:
            before = len(owners[parent])
            for key, owner in owners[position].items():
                owners[parent].setdefault(key, owner)
            if len(owners[parent]) > before:
                todo.append(parent)


def in_order(owners: Iterable[Owner]) -> tuple[Owner, ...]:
    """Return owners by project and branch, those that are not known last; none when nothing is known of any."""
    found = list(owners)
    if all(one.project is None and one.branch is None for one in found):
        return ()
    return tuple(sorted(found, key=lambda one: (one.project is None, one.project, one.branch is None, one.branch)))


def _scoped(
    record: Record, owners: tuple[Owner, ...], cache_scope: str | None, claims: Sequence[Claim]
) -> ScopedRecord:
    made = [claim for claim in claims if claim.ran and claim.may_be_of(record)]
    used_at = record.last_used_at
    used = [claim for claim in claims if used_at and _under_way(claim.build, used_at.ns)]
    created = max(made, key=lambda claim: (claim.step.name == record.description, claim.build.started_at), default=None)
    last = max(used, key=lambda claim: claim.build.started_at, default=None)
    return ScopedRecord(
        record,
        owners,
        cache_scope,
        created.build if created else None,
        created.step if created else None,
        last.build if last else None,
        last.step if last else None,
    )
