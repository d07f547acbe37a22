"""The runs of the lab, kept in the journal's file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.run import JobResult, LabMachine, LabPlan, LabRun, LabStatus
from dockcache_tui.sources.journal.any_text import from_json, to_json
from dockcache_tui.sources.journal.journal import data_folder
from dockcache_tui.sources.journal.store import JournalStore

_COLUMNS = "id, owner, started_ns, completed_ns, status, plan, machine"


class LabRuns:
    """The lab's runs on this machine. All methods raise SourceError when the file can't be used."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open the journal in a folder, by default the platform's."""
        self._store = JournalStore(folder or data_folder())

    def begin(self, plan: LabPlan, machine: LabMachine) -> LabRun:
        """Write down that a run begins."""
        self._store.hold()
        started = Instant.now()
        values = (self._store.owner, started.ns, LabStatus.RUNNING, to_json(plan), to_json(machine))
        with self._store.write() as connection:
            row = connection.execute(
                "INSERT INTO lab_runs(owner, started_ns, status, plan, machine) VALUES (?, ?, ?, ?, ?) RETURNING id",
                values,
            ).fetchone()
        return LabRun(row[0], started, LabStatus.RUNNING, plan, machine)

    def take_up(self, run: LabRun) -> None:
        """Write down that a run goes on in this process."""
        self._store.hold()
        with self._store.write() as connection:
            connection.execute(
                "UPDATE lab_runs SET owner = ?, status = ?, completed_ns = NULL WHERE id = ?",
                (self._store.owner, LabStatus.RUNNING, run.id),
            )

    def keep(self, run: int, jobs: Iterable[JobResult]) -> None:
        """Write down jobs that finished."""
        with self._store.write() as connection:
            start = connection.execute("SELECT count(*) FROM lab_jobs WHERE run = ?", (run,)).fetchone()[0]
            rows = [(run, start + number, to_json(job)) for number, job in enumerate(jobs)]
            connection.executemany("INSERT INTO lab_jobs VALUES (?, ?, ?)", rows)

    def finish(self, run: LabRun) -> None:
        """Write down how and when a run ended."""
        ended = run.completed_at and run.completed_at.ns
        with self._store.write() as connection:
            connection.execute(
                "UPDATE lab_runs SET status = ?, completed_ns = ? WHERE id = ?", (run.status, ended, run.id)
            )

    def run(self, number: int) -> LabRun | None:
        """Return a run with its jobs."""
        found = self._store.read(f"SELECT {_COLUMNS} FROM lab_runs WHERE id = ?", number)  # noqa: S608
        return self._whole(found[0]) if found else None

    def runs(self, limit: int = 50) -> tuple[LabRun, ...]:
        """Return the newest runs with their jobs, newest first."""
        found = self._store.read(f"SELECT {_COLUMNS} FROM lab_runs ORDER BY id DESC LIMIT ?", limit)  # noqa: S608
        return tuple(self._whole(row) for row in found)

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._store.close()

    def _whole(self, row: tuple[Any, ...]) -> LabRun:
        number, owner, started, completed, status, plan, machine = row
        jobs = self._store.read("SELECT job FROM lab_jobs WHERE run = ? ORDER BY position", number)
        alive = owner == self._store.owner or status != LabStatus.RUNNING or self._store.is_alive(owner)
        return LabRun(
            id=number,
            started_at=Instant(started),
            status=LabStatus(status) if alive else LabStatus.CANCELED,
            plan=from_json(plan, LabPlan),
            machine=from_json(machine, LabMachine),
            jobs=tuple(from_json(job, JobResult) for (job,) in jobs),
            completed_at=None if completed is None else Instant(completed),
        )
