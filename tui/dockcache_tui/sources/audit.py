"""The audit log: JSON lines before each delete and after it, in the data folder."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.json_csv import json_text
from dockcache_tui.sources.journal.journal import data_folder
from dockcache_tui.sources.secret import masked

_NAME = "audit.jsonl"
_MAX_READ = 16_000_000
"""Bytes of its end that are looked at: what was pruned before is old."""

Named = Mapping[str, str | int | None]
"""What tells one thing from all others."""


class _Line(msgspec.Struct):
    at: str = ""
    builder: str = ""
    node: str = ""
    what: str = ""
    id: str | int | None = None  # of a deleted cache it is a number


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

    def prunes(self, node: str, since: Instant) -> tuple[frozenset[str], frozenset[str]]:
        """Return the ids of a node's records that were freed since a moment, and of those that may have been."""
        found: dict[str, set[str]] = {"freed": set(), "unknown": set()}
        for line in reversed(self._end()):
            try:
                told = msgspec.json.decode(line, type=_Line)
                if Instant.parse(told.at) < since:
                    break
            except (msgspec.DecodeError, ValueError):
                continue  # torn
            if (told.builder, told.node) == (self._place.get("builder"), node):
                found.get(told.what, set()).add(str(told.id))
        return frozenset(found["freed"]), frozenset(found["unknown"] - found["freed"])

    def _end(self) -> list[bytes]:
        """Return the last lines."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _MAX_READ))
                return file.read(_MAX_READ).splitlines()
        except OSError:  # nothing was pruned, or it can't be told
            return []

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
