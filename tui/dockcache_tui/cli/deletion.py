"""A bulk delete from a repository: the plan, each outcome as it comes, the account, and the exit code."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic

from dockcache_tui.cli.output import Row, drop, narrate, print_document, print_table
from dockcache_tui.cli.waiting import each_here
from dockcache_tui.core import wording
from dockcache_tui.core.deletion import DeleteComparison, DeletePlan, Deletion, Thing, compare
from dockcache_tui.core.errors import ExitCode, SourceError


def printed(show: Callable[[], None]) -> bool:
    """Print an account on stdout, and tell whether that could be done; stderr has the account too."""
    try:
        show()
        sys.stdout.flush()
    except OSError as error:
        drop(sys.stdout)
        narrate(f"stdout can't be written: {error.strerror}")
        return False
    return True


def tell_unaudited(reason: str) -> None:
    """Tell why some of what was done is not in the audit log, where that is so."""
    if reason:
        narrate(f"Not all that was done is in the audit log: {reason}")


def exit_code(*, interrupted: bool, untried: bool, whole: bool) -> ExitCode:
    """Return the exit code of a delete: `untried` when nothing could be tried, `whole` when all went as planned."""
    if interrupted:
        return ExitCode.INTERRUPTED
    if untried:
        return ExitCode.UNREACHABLE
    return ExitCode.OK if whole else ExitCode.FAILED


@dataclass(frozen=True, slots=True)
class DeleteWords(Generic[Thing]):
    """How one kind of thing is called, told and printed; `title` heads the column of its names."""

    noun: str
    title: str
    name: Callable[[Thing], str]
    branch: Callable[[Thing], str]
    row: Callable[[Thing], Row]


@dataclass(frozen=True, slots=True)
class After(Generic[Thing]):
    """What is listed after a delete, as far as it could be read; `whole` tells whether nothing may be missing."""

    things: Iterable[Thing] | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Delete(Generic[Thing]):
    """One delete: where, what, how, why it would be refused, and how the list is read again."""

    host: str
    plan: DeletePlan[Thing]
    words: DeleteWords[Thing]
    begin: Callable[[], Iterable[Deletion[Thing]]]
    refused: str
    read_again: Callable[[], After[Thing]]

    def run(self, *, yes: bool, as_json: bool) -> ExitCode:
        """Show the plan, and with `yes` carry it out and tell what came of it."""
        if not yes:
            self._show(None, as_json=as_json)
            count = wording.count(len(self.plan.things), self.words.noun)
            narrate(f"Would delete {count}, {wording.exact_size(self.plan.bytes)}.")
            narrate("Nothing was changed: --yes deletes.")
            if self.refused:
                narrate(f"It would be refused: {self.refused}.")
            return ExitCode.OK
        if self.plan.things and self.refused:
            raise SourceError(self.refused, title="Nothing can be deleted")
        done: list[Deletion[Thing]] = []
        interrupted = False
        after: After[Thing] = After(None, whole=False)
        try:
            for deletion in each_here(self.host, self.begin()):
                done.append(deletion)
                narrate(f"{deletion.fate.value}: {deletion.thing.id} {self.words.name(deletion.thing)}")
            after = self.read_again()
        except KeyboardInterrupt:
            interrupted = True
        comparison = compare(self.plan, done, after.things)
        written = printed(lambda: self._show(comparison, as_json=as_json))
        self._tell(comparison)
        whole = comparison.agrees and not comparison.unaudited and written and after.whole
        return exit_code(interrupted=interrupted, untried=comparison.untried, whole=whole)

    def _show(self, found: DeleteComparison[Thing] | None, *, as_json: bool) -> None:
        """Print everything planned with what happens to it, in the order of the deleting."""
        outcomes = (found or compare(self.plan, ())).outcomes
        if as_json:
            print_document(
                [
                    {
                        **self.words.row(one.thing),
                        "outcome": one.fate.value if found else None,
                        "detail": one.detail,
                    }
                    for one in outcomes
                ],
                {
                    "count": len(outcomes),
                    "size_in_bytes": self.plan.bytes,
                    "deleted": found.deleted if found else None,
                    "freed": found.freed if found else None,
                    "audited": not found.unaudited if found else None,
                },
            )
            return
        rows = [
            (
                str(one.thing.id),
                self.words.branch(one.thing),
                wording.size(one.thing.size),
                _words(one) if found else "delete",
                self.words.name(one.thing),
            )
            for one in outcomes
        ]
        print_table(("ID", "BRANCH", "SIZE", "ACTION", self.words.title), rows, right=("ID", "SIZE"))

    def _tell(self, found: DeleteComparison[Thing]) -> None:
        narrate(f"Deleted {wording.count(found.deleted, self.words.noun)}, {wording.exact_size(found.freed)}.")
        if found.agrees:
            narrate("Exactly as planned.")
        for one in found.differences:
            narrate(f"{one.thing.id}: {one.fate.value}{f' ({one.detail})' if one.detail else ''}")
        for id_ in sorted(found.lingering):
            narrate(f"{id_}: deleted, and listed still")
        tell_unaudited(found.unaudited)


def _words(one: Deletion[Thing]) -> str:
    return ": ".join(filter(None, (one.fate.value, one.detail)))
