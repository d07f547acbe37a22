"""The one error hierarchy: every error has a title, a reason, a hint and an exit code."""

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns to the shell."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


class DockcacheError(Exception):
    """Work that failed in a way a user can read: str(error) is the reason."""

    title = "Something went wrong"
    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, title: str | None = None, hint: str = "") -> None:
        """Keep the reason, and the title and hint shown around it."""
        super().__init__(message)
        self.title = title or self.title
        self.hint = hint


class UsageError(DockcacheError):
    """What was asked makes no sense: an option, a filter, a configuration."""

    title = "That can't be done as asked"
    exit_code = ExitCode.USAGE


class SourceError(DockcacheError):
    """A source can't be reached or refused us."""

    title = "Can't reach it"
    exit_code = ExitCode.UNREACHABLE


def no_room(error: BaseException) -> DockcacheError | None:
    """Return the error for a file that could not be written for want of room or rights; None for any other fault."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return None
    where = f"{error.filename}: " if error.filename else ""
    hint = "Free some space there; TMPDIR leads temporary files to another folder, DOCKCACHE_DATA what is kept."
    return DockcacheError(f"{where}{error.strerror}", title="No room to write", hint=hint)
