"""What can't be read of an archive, as errors."""

from dataclasses import replace

from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.images.archive import Fault


class ArchiveError(DockcacheError):
    """An archive, or something in it, that can't be read."""

    title = "The archive can't be read"


class BrokenArchiveError(ArchiveError):
    """A place from which on an archive, or a blob of it, can't be read; what came before it is sound."""

    def __init__(self, fault: Fault) -> None:
        """Keep the place."""
        super().__init__(str(fault))
        self.fault = fault


def fault_of(error: ArchiveError, place: Fault) -> Fault:
    """Return the fault an error tells of, else one at a place with the error's reason."""
    return error.fault if isinstance(error, BrokenArchiveError) else replace(place, reason=str(error))
