"""The audit log: JSON lines before each delete and after it, in the data folder."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.json_csv import json_text
from dockcache_tui.sources.journal.journal import data_folder
from dockcache_tui.sources.secret import masked

_NAME = "audit.jsonl"

Named = Mapping[str, str | int | None]
"""What tells one thing from all others."""


class AuditLog:
    """Appends to one file, which other processes and threads may append to as well.

    A line that can't be written stops no delete: whoever deletes tells of it.
    """

    def __init__(self, place: Named, folder: Path | None = None) -> None:
        """Write about one place; by default into the platform's data folder."""
        self.path = (folder or data_folder()) / _NAME
        self._place = place
        self._torn = False

    def write(self, things: Iterable[Named], what: str, detail: str = "") -> str:
        """Append a line for each thing; returns why that can't be done, which is empty when it was."""
        head = {"at": str(Instant.now()), **self._place}
        lines = [masked(json_text({**head, "what": what, "detail": detail, **thing})) + "\n" for thing in things]
        try:
            if lines:
                self._append("".join(lines).encode())
        except OSError as error:
            return f"{self.path} can't be written: {error.strerror}"
        return ""

    def _append(self, text: bytes) -> None:
        """Write all of a text; what a full disk cut off is no part of the next line. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            left = b"\n" + text if self._torn else text
            while left:
                written = os.write(file, left)
                left = left[written:]
                self._torn = bool(left)
        finally:
            os.close(file)
