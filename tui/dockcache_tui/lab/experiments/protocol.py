"""What a front end sees of a lab that runs."""

from collections.abc import Iterator
from typing import Protocol

from dockcache_tui.core.lab.run import LabProgress, LabRun


class RunningLab(Protocol):
    """A run of the lab under way: iterating moves it on, one thread iterates, any may cancel."""

    def __iter__(self) -> Iterator[LabProgress]:
        """Run the jobs that are left, telling each phase and each finished job; raises DockcacheError."""
        ...

    def cancel(self) -> None:
        """End it from any thread and return at once; what was measured so far is kept and can be resumed."""
        ...

    def result(self) -> LabRun:
        """Return the run with the jobs finished so far."""
        ...
