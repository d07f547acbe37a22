"""`artifacts delete`: the plan, and what came of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dockcache_tui.cli.account import exit_code, printed, tell_unaudited
from dockcache_tui.cli.output import narrate, print_document, print_table
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.artifact_deleting import ArtifactDeletion
from dockcache_tui.core.actions_cache.artifact_row import artifact_row
from dockcache_tui.core.actions_cache.deleting import Fate
from dockcache_tui.core.errors import ExitCode, SourceError

if TYPE_CHECKING:
    from dockcache_tui.sources.github.protocol import ActionsSource


def delete_artifacts(source: "ActionsSource", plan: Sequence[Artifact], *, yes: bool, as_json: bool) -> ExitCode:
    """Show the plan, and with `yes` carry it out and tell what came of it."""
    refused = wait_for(source.host, source.read_only)
    size = wording.exact_size(sum(one.size for one in plan))
    if not yes:
        _show(plan, None, as_json=as_json)
        narrate(f"Would delete {wording.count(len(plan), 'artifact')}, {size}.")
        narrate("Nothing was changed: --yes deletes.")
        if refused:
            narrate(f"It could not be: {refused}.")
        return ExitCode.OK
    if plan and refused:
        raise SourceError(refused, title="Nothing can be deleted")
    done: list[ArtifactDeletion] = []
    interrupted = False
    try:
        for deletion in source.delete_artifacts(plan):
            done.append(deletion)
            narrate(f"{deletion.fate.value}: {deletion.artifact.id} {deletion.artifact.name}")
    except KeyboardInterrupt:
        interrupted = True
    written = printed(lambda: _show(plan, done, as_json=as_json))
    gone = [one.artifact for one in done if one.fate is Fate.DELETED]
    freed = wording.exact_size(sum(one.size for one in gone))
    narrate(f"Deleted {wording.count(len(gone), 'artifact')}, {freed}.")
    for one in done:
        if one.fate is not Fate.DELETED:
            narrate(f"{one.artifact.id}: {one.fate.value}{f' ({one.detail})' if one.detail else ''}")
    unaudited = _unaudited(done)
    tell_unaudited(unaudited)
    untried = bool(plan) and all(one.fate is Fate.NOT_TRIED for one in done)
    whole = len(gone) == len(plan) and not unaudited and written
    return exit_code(interrupted=interrupted, untried=untried, whole=whole)


def _unaudited(done: Sequence[ArtifactDeletion]) -> str:
    return next((one.unaudited for one in done if one.unaudited), "")


def _show(plan: Sequence[Artifact], done: Sequence[ArtifactDeletion] | None, *, as_json: bool) -> None:
    """Print every chosen artifact with what happens to it, in the order of the deleting."""
    fates = {one.artifact.id: one for one in done or ()}
    outcomes = [(one, fates.get(one.id, ArtifactDeletion(one, Fate.NOT_TRIED))) for one in plan]
    if not as_json:
        rows = [
            (
                str(one.id),
                one.branch.short if one.branch else "–",
                wording.size(one.size),
                "delete" if done is None else f"{came.fate.value}{f': {came.detail}' if came.detail else ''}",
                one.name,
            )
            for one, came in outcomes
        ]
        print_table(("ID", "BRANCH", "SIZE", "ACTION", "NAME"), rows, right=("ID", "SIZE"))
        return
    gone = [one for one, came in outcomes if came.fate is Fate.DELETED]
    print_document(
        [
            {**artifact_row(one), "outcome": None if done is None else came.fate.value, "detail": came.detail}
            for one, came in outcomes
        ],
        {
            "count": len(plan),
            "size_in_bytes": sum(one.size for one in plan),
            "deleted": None if done is None else len(gone),
            "freed": None if done is None else sum(one.size for one in gone),
            "audited": None if done is None else not _unaudited(done),
        },
    )
