"""The Actions caches of a repository, or of an organisation's one by one: read when asked, deleted as planned."""

from collections.abc import Callable
from itertools import count
from threading import Lock

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.index import CacheIndex
from dockcache_tui.core.caches.keys import CacheKind
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.deletion import DeletePlan, Deletion, compare
from dockcache_tui.core.errors import DockcacheError, UsageError
from dockcache_tui.sources.ending import Ended, Ending, check
from dockcache_tui.sources.github.protocol import ActionsSource, ApiBudget
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.caches import messages
from dockcache_tui.ui.shared import accounts
from dockcache_tui.ui.shared.messages import ActionFailed, Deleted
from dockcache_tui.ui.shared.waits import GRACE, Move, Post, Waits, unread


class CachesWorkers:
    """The repositories that were looked at, all kept until the end: a delete goes on while another is looked at."""

    def __init__(self, workspace: Workspace, post: Post, waits: Waits) -> None:
        """Take where to ask, whom to tell, and what keeps account of waits."""
        self._workspace, self._post, self._waits = workspace, post, waits
        self.organisation = workspace.organisation
        self.repo: str | None = None if workspace.organisation else ""
        """The one that is looked at: empty for the project's own, None while it is the organisation itself."""
        self.opened = False
        """Whether anything was ever asked."""
        self._repositories: dict[str, _Repository] = {}

    @property
    def budget(self) -> ApiBudget:
        """Return what is left of GitHub's budget now."""
        return self._current.budget if self._current else ApiBudget()

    def look_at(self, repo: str | None) -> None:
        """Turn to another repository, or with None to the organisation."""
        self.repo = repo

    def read(self) -> None:
        """Read what is looked at: a repository's caches, each part told as it arrives, or the organisation's usage."""
        self.opened = True
        if self._current:
            self._current.read()
        else:
            self._waits.do(
                "reading usage", self._read_usage, self._post, messages.RepositoriesFailed, self._leave_usage
            )

    def delete(self, plan: DeletePlan[ActionsCache]) -> None:
        """Carry a plan for the repository out, read again and compare."""
        if self._current:
            self._current.delete(plan)

    def open(self) -> ActionsSource:
        """Return the repository's source, opened when first asked; raises UsageError when none is known. Blocks."""
        if self._current is None:
            raise UsageError("no repository is open", title="Which repository?", hint="Open one in view 3.")
        return self._current.open()

    def close(self) -> None:
        """Let go of connections."""
        for repository in self._repositories.values():
            repository.close()

    @property
    def _current(self) -> "_Repository | None":
        if self.repo is None:
            return None
        if self.repo not in self._repositories:
            self._repositories[self.repo] = _Repository(self.repo, self._workspace.actions, self._post, self._waits)
        return self._repositories[self.repo]

    def _leave_usage(self) -> None:
        self._post(messages.RepositoriesFailed(unread()))

    def _read_usage(self) -> messages.RepositoriesListed:
        return messages.RepositoriesListed(self._workspace.repositories())


class _Repository:
    """One repository's source, opened when it is first asked; one reading at a time."""

    def __init__(self, repo: str, connect: Callable[[str], ActionsSource], post: Post, waits: Waits) -> None:
        self._repo, self._connect, self._post, self._waits = repo, connect, post, waits
        self._source: ActionsSource | None = None
        self._opening, self._turn, self._tickets = Lock(), Lock(), count(1)
        self._begun = 0
        self._last: CachesReading | None = None
        self._known = False
        self._indexes: dict[int, CacheIndex] = {}

    @property
    def budget(self) -> ApiBudget:
        return self._source.budget if self._source else ApiBudget()

    def read(self) -> None:
        """Read the caches; every part that arrives is told. During a reading another is to follow, once."""
        ticket = next(self._tickets)

        def work() -> None:
            self._read_after(ticket)

        self._waits.do("reading caches", work, self._post, self._failed, self._leave)

    def _failed(self, error: DockcacheError) -> messages.CachesFailed:
        return messages.CachesFailed(error, self._repo)

    def _leave(self) -> None:
        """Let go of a reading that hangs: the next one asks anew, and what else is under way keeps its connection."""
        self._source, self._turn = None, Lock()
        self._post(self._failed(unread()))

    def delete(self, plan: DeletePlan[ActionsCache]) -> None:
        """Carry a plan out; what came of it is told also when that ends early, or the list can't be read again."""
        deletions: list[Deletion[ActionsCache]] = []
        after: CachesReading | None = None

        def done() -> str:
            return f"{len(deletions):,}/{len(plan.things):,}"

        def work() -> Deleted:
            nonlocal after
            try:
                deletions.extend(self.open().delete(plan))
            except DockcacheError as error:
                self._post(ActionFailed(error))
            except Ended:  # the account tells
                pass
            try:
                check()
                after = self._read_after(next(self._tickets))
            except DockcacheError as error:
                self._post(self._failed(error))
            except Ended:  # nor does the account wait for the list
                self.read()
            found = compare(plan, deletions, after.snapshot.caches if after else None)
            account = accounts.of_deletes(found, "entry", "entries", lambda one: one.key)
            return Deleted(f"caches of {plan.repo}", account)

        move = Move("deleting", usual=0, ending=Ending(GRACE), tab=Place.ACTIONS, done=done)
        self._waits.move(move, work, self._post, ActionFailed)

    def open(self) -> ActionsSource:
        with self._opening:
            if self._source is None:
                self._source = self._connect(self._repo)
            return self._source

    def close(self) -> None:
        if self._source:
            self._source.close()

    def _read_after(self, ticket: int) -> CachesReading | None:
        """Return a reading that began after the ticket was drawn, here or by another caller; None when it failed."""
        turn = self._turn
        with turn:
            if turn is self._turn:
                if self._begun < ticket:
                    self._begun, self._last = next(self._tickets), None
                    self._last = self._read(turn)
                return self._last
        return self._read_after(ticket)  # that turn was given up

    def _read(self, turn: object) -> CachesReading | None:
        """Read all. The parts of the first reading are told as they arrive; later ones only replace it whole."""
        source, reading = self.open(), None
        for last in source.read():
            reading = None if self._known else self._told(CachesReading.of(last), turn)
        self._known = True
        whole = reading or CachesReading.of(last, self._indexes)
        if self._read_indexes(source, whole):
            return self._told(CachesReading.of(last, self._indexes), turn)
        return reading or self._told(whole, turn)

    def _told(self, reading: CachesReading, turn: object) -> CachesReading:
        if turn is self._turn:
            self._post(messages.CachesLoaded(reading, self._repo))
        return reading

    def _read_indexes(self, source: ActionsSource, reading: CachesReading) -> bool:
        """Read each live index once, and tell whether any was: GitHub counts it as an access, and none ever changes."""
        live = (one for one in reading.entries if one.decoded.kind is CacheKind.INDEX and not one.superseded)
        try:
            found = source.indexes([one.cache for one in live if one.id not in self._indexes])
        except DockcacheError as error:
            self._post(self._failed(error))
            return False
        self._indexes |= found
        return bool(found)
