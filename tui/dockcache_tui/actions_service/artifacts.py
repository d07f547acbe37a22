"""The artifacts: one of a name in a run, gone when their retention ends."""

import sqlite3
from dataclasses import dataclass
from secrets import token_hex

from dockcache_tui.actions_service.access import Grant
from dockcache_tui.actions_service.caches import DAY_NS, TakenError
from dockcache_tui.core.instant import Instant

_DEFAULT_RETENTION_NS = 90 * DAY_NS


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """One finished artifact; `size` in bytes, `digest` as `sha256:<hex>` or empty, `blob` the name of its file."""

    id: int
    repo: str
    run: int
    job: str
    name: str
    branch: str
    sha: str
    blob: str
    size: int
    digest: str
    type: str
    created: Instant
    expires: Instant
    expired: bool


class Artifacts:
    """The table of artifacts; every method is one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def reserve(self, grant: Grant, name: str, expires: Instant | None, type_: str) -> str:
        """Reserve a name in a run for an upload; returns its blob; raises TakenError."""
        blob, now = token_hex(16), Instant.now().ns
        columns = "repo, run, job, name, branch, sha, blob, type, created, expires"
        until = expires.ns if expires else now + _DEFAULT_RETENTION_NS
        values = (grant.repo, grant.run, grant.job, name, grant.branch, grant.sha, blob, type_, now, until)
        try:
            self._sql.execute(f"INSERT INTO artifact ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608
        except sqlite3.IntegrityError as error:
            raise TakenError(name) from error
        return blob

    def reserved(self, repo: str, run: int, name: str) -> tuple[int, str] | None:
        """Return id and blob of a reservation."""
        row = self._sql.execute(
            "SELECT id, blob FROM artifact WHERE (repo, run, name) = (?, ?, ?) AND size IS NULL", (repo, run, name)
        ).fetchone()
        return (row["id"], row["blob"]) if row else None

    def finish(self, number: int, size: int, digest: str, type_: str) -> None:
        """Let everybody see an artifact whose blob is in its place; `type_` counts where none was told before."""
        self._sql.execute(
            "UPDATE artifact SET size = ?, digest = ?, type = iif(type = '', ?, type), created = ? WHERE id = ?",
            (size, digest, type_, Instant.now().ns, number),
        )

    def of_run(self, repo: str, run: int) -> tuple[StoredArtifact, ...]:
        """Return a run's artifacts that have not expired, in the order they came."""
        return self._chosen("repo = ? AND run = ? AND NOT expired ORDER BY id", (repo, run))

    def listed(self, repo: str, *, run: int | None = None, name: str | None = None) -> tuple[StoredArtifact, ...]:
        """Return a repository's artifacts, the newest first."""
        where = "repo = ? AND run = coalesce(?, run) AND name = coalesce(?, name) ORDER BY id DESC"
        return self._chosen(where, (repo, run, name))

    def get(self, repo: str, number: int) -> StoredArtifact | None:
        found = self._chosen("repo = ? AND id = ?", (repo, number))
        return found[0] if found else None

    def remove(self, number: int) -> None:
        """Take an artifact away; its blob is the caller's to delete."""
        self._sql.execute("DELETE FROM artifact WHERE id = ?", (number,))

    def expire(self) -> tuple[str, ...]:
        """Mark those whose retention is over, and forget reservations of a day; returns blobs nobody needs."""
        now = Instant.now().ns
        expired = self._sql.execute(
            "UPDATE artifact SET expired = 1 WHERE size IS NOT NULL AND NOT expired AND expires <= ? RETURNING blob",
            (now,),
        ).fetchall()
        freed = self._sql.execute(
            "DELETE FROM artifact WHERE size IS NULL AND created < ? RETURNING blob", (now - DAY_NS,)
        ).fetchall()
        return tuple(row["blob"] for row in (*expired, *freed))

    def _chosen(self, condition: str, values: tuple[str | int | None, ...]) -> tuple[StoredArtifact, ...]:
        sql = f"SELECT * FROM artifact WHERE size IS NOT NULL AND {condition}"  # noqa: S608
        return tuple(map(_artifact, self._sql.execute(sql, values)))


def _artifact(row: sqlite3.Row) -> StoredArtifact:
    times = {"created": Instant(row["created"]), "expires": Instant(row["expires"])}
    return StoredArtifact(**dict(row) | times | {"expired": bool(row["expired"])})
