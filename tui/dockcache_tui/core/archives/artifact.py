"""Workflow artifacts and the runs that made them."""

import re
from dataclasses import dataclass

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.scope import BranchScope


@dataclass(frozen=True, slots=True)
class Artifact:
    """A workflow artifact; `size` in bytes, `branch` of the run that made it, `digest` of its file where known."""

    id: int
    name: str
    size: int
    expired: bool
    created_at: Instant | None
    expires_at: Instant | None
    branch: BranchScope | None
    revision: str
    run: int | None
    digest: str | None

    @property
    def identity(self) -> tuple[int, str, Instant | None]:
        """Return what stays the same as long as it is the same artifact."""
        return self.id, self.name, self.created_at


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A workflow run; `status` and `conclusion` are GitHub's words."""

    id: int
    name: str
    event: str
    status: str
    conclusion: str
    branch: BranchScope | None
    revision: str
    created_at: Instant | None


_LONGEST = 200
"""Bytes; file systems end at 255, and a download under way has a longer name."""
_UNFIT = re.compile(r'[/\\":<>|*?]|^[.\s]+|[.\s]+$')


def file_name(artifact: Artifact, *, zipped: bool) -> str:
    """Return a plain file name, never hidden, never of another folder; a zip that GitHub made ends in `.zip`."""
    name = _UNFIT.sub("_", literal(artifact.name).replace("\ufffd", "_"))
    name = name.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore") or f"artifact-{artifact.id}"
    return f"{name}.zip" if zipped and not name.lower().endswith(".zip") else name
