"""The audit log: one JSON line before each delete and one after, in the data folder."""

import json
import os
from pathlib import Path

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.cache import ActionsCache
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.journal.journal import data_folder
from dockcache_tui.sources.secret import masked

_NAME = "audit.jsonl"


class AuditLog:
    """Appends to one file, which other processes may append to as well."""

    def __init__(self, host: str, repo: str, folder: Path | None = None) -> None:
        """Write about one repository; by default into the platform's data folder."""
        self.path = (folder or data_folder()) / _NAME
        self._host, self._repo = host, repo

    def write(self, thing: ActionsCache | Artifact, what: str, detail: str = "") -> None:
        """Append what is done, or was, to an entry or an artifact; raises DockcacheError when that can't be."""
        line = {
            "at": str(Instant.now()),
            "host": self._host,
            "repo": self._repo,
            "what": what,
            "detail": detail,
            **_named(thing),
        }
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, masked(json.dumps(line)).encode() + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            raise DockcacheError(
                f"{self.path} can't be written: {error.strerror}",
                title="Nothing is deleted without the audit log",
                hint="Free disk space or mend the rights of that folder, or set DOCKCACHE_DATA to another folder.",
            ) from error


def _named(thing: ActionsCache | Artifact) -> dict[str, str | int | None]:
    if isinstance(thing, ActionsCache):
        who: dict[str, str | int | None] = {"id": thing.id, "ref": thing.ref, "key": thing.key}
    else:
        ref = thing.branch.ref if thing.branch else None
        who = {"id": thing.id, "ref": ref, "artifact": thing.name, "run": thing.run}
    return who | {"created_at": str(thing.created_at), "size_in_bytes": thing.size}
