"""Whose a record is: its cache mount's scope, the builds and steps that made and last used it, and its branches."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.project import Project
from dockcache_tui.core.records.record import Record, RecordKey
from dockcache_tui.core.records.steps import StepKey, description_key, fitness
from dockcache_tui.core.records.windows import NOTHING, Stretch, Timeline, Window
from dockcache_tui.core.scope import BranchScope, Known, Owner

CACHE_MOUNT = "exec.cachemount"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_JOINTS = "-_./:"


def mount_id(record: Record) -> str | None:
    """Return a cache mount's id, read from `cached mount PATH from exec ARGS with id "ID"`; None when it says none.

    BuildKit quotes the id as Go's %q does: an escaped quote or backslash is undone, any other escape stays as written.
    """
    head, _, tail = record.description.rpartition(' with id "')
    if record.type != CACHE_MOUNT or not head.startswith("cached mount ") or not tail.endswith('"'):
        return None
    return re.sub(r'\\(["\\])', r"\1", tail[:-1])


def sanitised(branch: BranchScope) -> str:
    """Return how a ref's name looks in a cache scope: whatever is not a letter, digit, `.`, `_` or `-` is a dash."""
    return _UNSAFE.sub("-", re.sub(r"^refs/(heads|tags|pull)/", "", branch.ref))


class ScopeIndex:
    """Known branches by the cache scope they leave at the end of a mount's id."""

    def __init__(self, branches: Iterable[BranchScope]) -> None:
        """Index the branches; several may share a scope, as `a/b` and `a-b` do."""
        by_scope: defaultdict[str, set[BranchScope]] = defaultdict(set)
        for branch in branches:
            by_scope[sanitised(branch)].add(branch)
        self._by_scope = {scope: tuple(sorted(found)) for scope, found in by_scope.items() if scope}
        self._longest = max(map(len, self._by_scope), default=0)

    def find(self, id_: str) -> tuple[str | None, tuple[BranchScope, ...]]:
        """Return the longest known scope that the id is, or ends in after one of `-_./:`, and its branches."""
        for start in range(max(0, len(id_) - self._longest), len(id_)):
            if (start == 0 or id_[start - 1] in _JOINTS) and (branches := self._by_scope.get(id_[start:])):
                return id_[start:], branches
        return None, ()


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
    """Return each record with its builds, steps and branches, in the order given.

    A cache mount whose id ends in a known branch's cache scope is of that branch. Any other is of the branches of all
    builds of its builder (and node, where a build's is known) that were under way when it was made or last used.
    """
    by_builder: defaultdict[str, list[Window]] = defaultdict(list)
    for build in builds:
        by_builder[build.builder].append(Window.of(build))
    by_place: dict[tuple[str, str], Timeline] = {}
    scopes = ScopeIndex(build.branch for build in builds if build.branch)
    scoped = []
    for record in records:
        place = (record.builder, record.node)
        if place not in by_place:
            here = by_builder[record.builder]
            by_place[place] = Timeline([window for window in here if window.build.node in ("", record.node)])
        scoped.append(_scoped(record, by_place[place], scopes))
    return _handed_up(scoped)


def _handed_up(records: Sequence[ScopedRecord]) -> tuple[ScopedRecord, ...]:
    """Give what an owned record stands on its owners too."""
    owners = {one.key: {(each.project, each.branch): each for each in one.owners} for one in records}
    parents = {one.key: [RecordKey(one.key.node, id_) for id_ in one.record.parents] for one in records}
    todo = [key for key, found in owners.items() if found]
    while todo:
        key = todo.pop()
        for parent in parents[key]:
            above = owners.get(parent)
            if above is not None and not owners[key].keys() <= above.keys():
                above.update({each: owner for each, owner in owners[key].items() if each not in above})
                todo.append(parent)
    return tuple(
        one if len(owners[one.key]) == len(one.owners) else replace(one, owners=in_order(owners[one.key].values()))
        for one in records
    )


def _scoped(record: Record, timeline: Timeline, scopes: ScopeIndex) -> ScopedRecord:
    used_at = record.last_used_at or record.created_at
    made = timeline.at(record.created_at)
    used = timeline.at(used_at) if record.last_used_at else NOTHING
    id_ = mount_id(record)
    cache_scope, branches = (None, ()) if id_ is None else scopes.find(id_)
    owners = made.owners | used.owners
    if branches:
        projects = {owner.project for owner in owners} or {None}
        owners = frozenset(Owner(one, branch, Known.MOUNT_ID) for one in projects for branch in branches)
    key = description_key(record.description)
    created_by, created_step = _best(made, record.description, key, record.created_at)
    last_used_by, last_used_step = _best(used, record.description, key, used_at)
    return ScopedRecord(record, in_order(owners), cache_scope, created_by, created_step, last_used_by, last_used_step)


def in_order(owners: Iterable[Owner]) -> tuple[Owner, ...]:
    """Return owners by project and branch, those that are not known last; none when nothing is known of any."""
    found = list(owners)
    if all(one.project is None and one.branch is None for one in found):
        return ()
    return tuple(sorted(found, key=lambda one: (one.project is None, one.project, one.branch is None, one.branch)))


def _best(stretch: Stretch, description: str, key: StepKey, at: Instant) -> tuple[Build | None, Step | None]:
    """Return the build that fits best: by the step the description names, then the last started."""
    best: Window | None = None
    best_step, best_fit = None, -1
    for window in stretch.windows:
        step = window.steps.named(description, key, at)
        fit = fitness(step, at)
        if fit >= best_fit:
            best, best_step, best_fit = window, step, fit
    if best is None:
        return None, None
    return best.build, best_step or best.steps.running(key, at)
