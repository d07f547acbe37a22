"""What the front ends ask of GitHub."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dockcache_tui.core.archives.artifact import Artifact, WorkflowRun
from dockcache_tui.core.caches.cache import ActionsCache, ActionsSnapshot
from dockcache_tui.core.caches.index import CacheIndex
from dockcache_tui.core.deletion import DeletePlan, Deletion
from dockcache_tui.core.instant import Instant


@dataclass(frozen=True, slots=True)
class ApiBudget:
    """The requests left; `waits_until` is set, with GitHub's reason, while requests are held back."""

    remaining: int | None = None
    waits_until: Instant | None = None
    reason: str = ""


class ActionsSource(Protocol):
    """One repository on one GitHub. Methods block: call them off the event loop. All raise SourceError."""

    repo: str
    host: str

    @property
    def budget(self) -> ApiBudget:
        """Return what is left of the API's budget, from any thread; ask again for a countdown."""

    def read(self) -> Iterator[ActionsSnapshot]:
        """Yield partial snapshots as pages arrive, the first after the first page, and at last the whole one."""

    def indexes(self, caches: Iterable[ActionsCache]) -> Mapping[int, CacheIndex]:
        """Read BuildKit's indexes among these entries, by id; none outside a job. GitHub counts it as an access."""

    def delete(self, plan: DeletePlan[ActionsCache]) -> Iterator[Deletion[ActionsCache]]:
        """Delete one by one, each after it was read again, and yield what became of each; goes on after refusals."""

    def artifacts(self) -> tuple[Artifact, ...]:
        """Return the repository's workflow artifacts, newest first."""

    def download_artifact(
        self, artifact: Artifact, to: Path, done: Callable[[int, int], None] | None = None, *, replace: bool = False
    ) -> Path:
        """Download into a folder and return the file, over another only when told; raises DockcacheError.

        `done` is told bytes and all bytes. What it raises ends the download; the next one goes on from there.
        """

    def delete_artifacts(self, plan: DeletePlan[Artifact]) -> Iterator[Deletion[Artifact]]:
        """Delete one by one, each after it was read again, and yield what became of each; goes on after refusals."""

    def read_only(self) -> str:
        """Return why the token can't delete, as far as that shows before trying; empty when it may."""

    def runs(self, limit: int = 100) -> tuple[WorkflowRun, ...]:
        """Return the newest workflow runs."""

    def close(self) -> None:
        """Let go of connections; waiting requests of other threads fail."""
