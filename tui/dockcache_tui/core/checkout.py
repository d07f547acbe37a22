"""The state of a project's working copy when something was done with it."""

from dataclasses import dataclass

from dockcache_tui.core.project import Project
from dockcache_tui.core.scope import BranchScope


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder and what git says of it; all but `path` are empty outside a repository."""

    path: str
    repo: str = ""
    """`owner/name` of the remote, empty when there is none."""
    branch: BranchScope | None = None
    """None on a detached HEAD that nothing names."""
    default: BranchScope | None = None
    revision: str = ""
    dirty: bool = False
    project: Project | None = None
    """None where nobody asked."""
