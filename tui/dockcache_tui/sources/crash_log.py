"""A defect of ours, kept in a file that can be sent with a report."""

import traceback
from pathlib import Path

from platformdirs import user_log_path

from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.secret import masked


def write_crash(error: BaseException) -> Path | None:
    """Write an error's traceback, without tokens, to a file of its own; None where that can't be."""
    try:
        path = user_log_path("dockcache-tui", ensure_exists=True) / f"error-{Instant.now().ns}.log"
        text = masked("".join(traceback.format_exception(error)))
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return path
