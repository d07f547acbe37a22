"""What every command that deletes tells, whatever fails, and the exit code of it."""

import sys
from collections.abc import Callable

from dockcache_tui.cli.output import drop, narrate
from dockcache_tui.core.errors import ExitCode


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
        narrate(f"What was done is not audited, or only a part of it: {reason}")


def exit_code(*, interrupted: bool, untried: bool, whole: bool) -> ExitCode:
    """Return the exit code of a delete: `untried` when nothing could be tried, `whole` when all went as planned."""
    if interrupted:
        return ExitCode.INTERRUPTED
    if untried:
        return ExitCode.UNREACHABLE
    return ExitCode.OK if whole else ExitCode.FAILED
