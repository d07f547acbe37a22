"""What of some records a chosen owner has alone: only that goes by itself, the rest when asked for."""

from collections.abc import Iterable

from dockcache_tui.core.project import Project
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.prune import KeepReason, PrunePlan, plan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import RecordKey
from dockcache_tui.core.scope import BranchScope, Owner, ScopeFilter, Whose


def plan_of(reading: Reading, marked: Iterable[RecordKey], chosen: ScopeFilter, *, shared: bool) -> PrunePlan:
    """Plan the pruning of marked records; only what the chosen owner alone has goes, or with `shared` all of them.

    When no owner is chosen nobody is asked. It takes a while for 100,000 records: call it off the event loop.
    """
    if shared or chosen.empty:
        return plan(reading.lineage, marked)

    def barred(key: RecordKey) -> KeepReason | None:
        owners = reading.by_key[key].owners
        if not owners:
            return KeepReason.UNOWNED
        return KeepReason.OTHERS if other_owners(reading.by_key[key], chosen) else None

    return plan(reading.lineage, marked, barred)


def other_owners(record: ScopedRecord, chosen: ScopeFilter) -> tuple[Owner, ...]:
    """Return the owners of a record that were not chosen; one of unknown project or branch may be anybody."""
    return tuple(one for one in record.owners if not chosen.takes(one.project, one.branch))


def projects_with(branch: BranchScope | None, owners: Iterable[Whose]) -> tuple[Project, ...]:
    """Return the projects that are known to have a branch of this name, in order."""
    return tuple(sorted({project for project, own in owners if project and own == branch}))
