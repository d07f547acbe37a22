"""What the journal keeps and tells."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import platformdirs

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step
from dockcache_tui.core.builds.next_build import reads_stdin
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.keyed_graph import with_contents
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.losses import Told, tombstones
from dockcache_tui.core.records.tombstone import Sight, Tombstone
from dockcache_tui.core.scope import Checkout, Project
from dockcache_tui.sources.file_stamps import FileStamps
from dockcache_tui.sources.journal import evidence as kept_evidence
from dockcache_tui.sources.journal import rows
from dockcache_tui.sources.journal.any_text import from_json, to_json
from dockcache_tui.sources.journal.sights import (
    MAX_RECORDS,
    Place,
    bury,
    keep_sight,
    last_sight,
    packed,
    tombstones_of,
    unpacked,
)
from dockcache_tui.sources.journal.store import JournalStore

KEPT = 1_000
"""Builds kept of each folder; older ones go."""


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the journal lives: DOCKCACHE_DATA, else the platform's data folder."""
    return Path(environment.get("DOCKCACHE_DATA") or platformdirs.user_data_path("dockcache-tui"))


class Journal:
    """The builds launched on this machine; in memory, with a notice, where the file can't be used.

    What keeps a build further raises SourceError when the file took its beginning and takes no more.
    """

    def __init__(self, folder: Path | None = None, budget: int | None = None) -> None:
        """Open the journal in a folder, by default the platform's; `budget` is the bytes that evidence may take."""
        folder = folder or data_folder()
        self._decoded: kept_evidence.Decoded = {}
        self._budget = kept_evidence.budget() if budget is None else budget
        self._store = JournalStore(folder, patient=True)
        self.stamps = FileStamps(folder / "stamps")

    @property
    def notice(self) -> str:
        """Return what the user should know of opening it; empty when there is nothing."""
        return self._store.notice

    def begin(self, spec: BuildSpec, checkout: Checkout, at: Instant) -> str:
        """Write down that a build begins, and return its ref."""
        self._store.hold()
        ref = f"local-{uuid4().hex}"
        branch = checkout.branch.ref if checkout.branch else None
        row = (
            ref,
            self._store.owner,
            spec.builder,
            spec.project,
            spec.target,
            checkout.project and checkout.project.id,
            checkout.project.repo if checkout.project else "",
            branch,
            checkout.revision,
            checkout.dirty,
            to_json(spec),
            at.ns,
            BuildStatus.RUNNING,
        )
        self._store.keep(
            lambda connection: connection.execute(
                "INSERT INTO builds(ref, owner, builder, folder, target, project, repo, branch, revision, dirty, spec,"
                " started_ns, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        )
        return ref

    def keep_evidence(
        self, ref: str, evidence: Evidence, copies: Mapping[tuple[str, str, str], Iterable[SentFile] | None]
    ) -> None:
        """Keep what is known of a build, and what its builder's copies of folders now are; the oldest evidence goes.

        In memory, where the file can't be used, none is kept.
        """
        if self._store.in_memory:
            return
        pack = partial(kept_evidence.pack, decoded=self._decoded)
        trees = [pack(context.files) for graph in evidence.graphs for context in graph.contexts]
        packed = {place: None if files is None else pack(files) for place, files in copies.items()}
        with self._store.write() as connection:
            kept_evidence.keep(connection, self._id(ref), with_contents(evidence), trees)
            for place, tree in packed.items():
                kept_evidence.keep_copy(connection, place, tree)
            kept_evidence.shrink(connection, self._budget)

    def evidence(self, ref: str, *, files: bool = True) -> Evidence | None:
        """Return what is known of a build; None when it was not kept: by an older version, or for lack of room.

        Without files it has no contexts either.
        """
        words = "SELECT id FROM builds WHERE ref = ? OR id = (SELECT build FROM refs WHERE ref = ?)"
        found = self._store.read(words, ref, ref)
        if not found:
            return None
        return self._store.read_together(lambda read: kept_evidence.load(read, found[0][0], self._decoded, files=files))

    def copy(self, place: tuple[str, str, str]) -> tuple[SentFile, ...] | None:
        """Return the files that a builder's node has of a folder since it last took them from us, None for unknown.

        The place is the builder, the node and the copy's name.
        """
        return self._store.read_together(lambda read: kept_evidence.load_copy(read, place, self._decoded))

    def record(self, ref: str, steps: Sequence[Step]) -> None:
        """Write down steps as they finish."""
        with self._store.write() as connection:
            rows.save_steps(connection, self._id(ref), steps)
            rows.save_durations(connection, self._id(ref), steps)

    def name(self, ref: str, buildkit_refs: Iterable[str], builder: str, node: str) -> None:
        """Write down what BuildKit calls the build (one ref for each target of a bake), and where it runs."""
        with self._store.write() as connection:
            build = self._id(ref)
            connection.executemany(
                "INSERT OR IGNORE INTO refs VALUES (?, ?)", [(name, build) for name in buildkit_refs]
            )
            connection.execute("UPDATE builds SET builder = ?, node = ? WHERE id = ?", (builder, node, build))

    def finish(self, ref: str, build: Build) -> None:
        """Write down how a build ended, with all its steps in their order."""
        with self._store.write() as connection:
            number = self._id(ref)
            connection.execute(
                "UPDATE builds SET completed_ns = ?, status = ?, error = ?, time_saved = ?, weighted_reuse = ?,"
                " compared_with = ?, warnings = ? WHERE id = ?",
                (
                    build.completed_at and build.completed_at.ns,
                    build.status,
                    build.error,
                    build.time_saved,
                    build.weighted_reuse,
                    build.compared_with,
                    to_json(build.warnings),
                    number,
                ),
            )
            connection.execute("DELETE FROM steps WHERE build = ?", (number,))
            rows.save_steps(connection, number, build.steps)
            rows.save_durations(connection, number, build.steps)
            _forget_old(connection, build.folder)

    def builds(self, folder: str | None = None, limit: int = 50) -> tuple[Build, ...]:
        """Return the newest builds with their steps, newest first; of one folder when given."""
        self._mark_lost()
        found = self._store.read(
            f"SELECT {rows.BUILD} FROM builds WHERE ? IS NULL OR folder = ? ORDER BY id DESC LIMIT ?",  # noqa: S608
            folder,
            folder,
            limit,
        )
        return tuple(self._whole(row) for row in found)

    def earlier(self, build: Build, limit: int) -> tuple[Build, ...]:
        """Return the builds of a build's project that it may be compared with: some step of theirs came to its end.

        Half of them are the newest, half the newest that succeeded; those of its own folder come first.
        """
        found: dict[int, tuple[Any, ...]] = {}
        for status in (None, BuildStatus.SUCCEEDED):
            rows_found = self._store.read(
                f"SELECT {rows.BUILD} FROM builds"  # noqa: S608
                " WHERE (folder = ? OR project = ? OR lower(repo) = ?) AND started_ns < ? AND coalesce(status = ?, 1)"
                " AND EXISTS"
                " (SELECT 1 FROM steps WHERE build = id AND cacheable AND state IN ('reused', 'built', 'false hit'))"
                " ORDER BY folder = ? DESC, id DESC LIMIT ?",
                build.folder,
                build.project and build.project.id,
                (build.project and build.project.repo.lower()) or None,
                build.started_at.ns,
                status,
                build.folder,
                limit // 2,
            )
            found |= {row[-1]: row for row in rows_found}
        return tuple(self._whole(row) for row in found.values())

    def last(self, project: Project, folder: str) -> tuple[Build, ...]:
        """Return the newest build that has ended, of a project or a folder of it where one is known, else of any."""
        self._mark_lost()
        found = self._store.read(
            f"SELECT {rows.BUILD} FROM builds WHERE status != ?"  # noqa: S608
            " ORDER BY (folder = ? OR project = ?) DESC, id DESC LIMIT 1",
            BuildStatus.RUNNING,
            folder,
            project.id,
        )
        return tuple(self._whole(row) for row in found)

    def beginning(self, text: str) -> tuple[Build, ...]:
        """Return the builds of which a ref, ours or BuildKit's, begins with a text: the newest two."""
        self._mark_lost()
        found = self._store.read(
            f"SELECT {rows.BUILD} FROM builds"  # noqa: S608
            " WHERE substr(ref, 1, ?) = ? OR id IN (SELECT build FROM refs WHERE substr(ref, 1, ?) = ?)"
            " ORDER BY id DESC LIMIT 2",
            len(text),
            text,
            len(text),
            text,
        )
        return tuple(self._whole(row) for row in found)

    def build(self, ref: str) -> Build | None:
        """Return a build by its ref, ours or BuildKit's."""
        self._mark_lost()
        found = self._store.read(
            f"SELECT {rows.BUILD} FROM builds"  # noqa: S608
            " WHERE ref = ? OR id = (SELECT build FROM refs WHERE ref = ?)",
            ref,
            ref,
        )
        return self._whole(found[0]) if found else None

    def refs(self) -> frozenset[str]:
        """Return every BuildKit ref that belongs to a build of ours."""
        return frozenset(ref for (ref,) in self._store.read("SELECT ref FROM refs"))

    def first_refs(self) -> dict[str, str]:
        """Return the ref that its build is told with, for every BuildKit ref of a build of ours."""
        words = "SELECT ref, (SELECT min(ref) FROM refs AS every WHERE every.build = refs.build) FROM refs"
        return dict(self._store.read(words))

    def owner(self, ref: str) -> Build | None:
        """Return the build of ours that one of BuildKit's refs belongs to."""
        return self.build(ref) if self._store.read("SELECT 1 FROM refs WHERE ref = ?", ref) else None

    def keep_told(self, build: Build) -> None:
        """Keep a build as its node told it, with whose it is; of too many the oldest go."""
        row = (build.builder, build.node, build.ref, to_json(build))

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT OR REPLACE INTO told(builder, node, ref, build) VALUES (?, ?, ?, ?)", row)
            connection.execute("DELETE FROM told WHERE id <= (SELECT max(id) FROM told) - ?", (KEPT,))

        self._store.keep(write)

    def told(self, builder: str) -> tuple[Build, ...]:
        """Return the builds that a builder's nodes told, ours and others', once for each node that they ran on."""
        found = self._store.read("SELECT build FROM told WHERE builder = ? ORDER BY id DESC", builder)
        return tuple(from_json(text, Build) for (text,) in found)

    def see(self, place: Place, now: Sight, told: Callable[[Sight], Told]) -> tuple[Tombstone, ...]:
        """Keep which records a node has now, and return the tombstones of those that went since the last sight.

        `told` returns what else is known since a sight. Of a node with more records than are remembered none are kept,
        and nothing where another process kept a sight meanwhile. It takes a while when records went.
        """
        last, old = self._store.read_together(lambda read: last_sight(read, place))
        crowded = len(now.records) > MAX_RECORDS
        new = {} if crowded else packed(now)
        if last and old.keys() & new.keys():  # with other records it would be another worker indeed
            now = replace(now, worker=last.worker or now.worker)
        found: tuple[Tombstone, ...] = ()
        if last and not crowded and old.keys() - new:
            before = replace(last, records=unpacked(old))
            found = tombstones(before, now, told(before))

        def write(connection: sqlite3.Connection) -> None:
            if keep_sight(connection, place, now, last, (old, new)) and found:
                bury(connection, place, found)

        self._store.keep(write)
        return found

    def seen_at(self, builder: str) -> Instant | None:
        """Return when all nodes of a builder had been read last, None where none ever was."""
        ((taken,),) = self._store.read("SELECT min(taken_ns) FROM sights WHERE builder = ?", builder)
        return None if taken is None else Instant(taken)

    def tombstones(self, builder: str) -> tuple[Tombstone, ...]:
        """Return what is known to have gone from a builder, what went last first."""
        return tombstones_of(self._store.read, builder)

    def spec(self, ref: str) -> BuildSpec | None:
        """Return how a build was asked for."""
        found = self._store.read(
            "SELECT spec FROM builds WHERE ref = ? OR id = (SELECT build FROM refs WHERE ref = ?)", ref, ref
        )
        return from_json(found[0][0], BuildSpec) if found else None

    def last_spec(self, project: str) -> BuildSpec | None:
        """Return how the project's last build that can be repeated was asked for: it succeeded, or a step of it ran."""
        found = self._store.read(
            "SELECT spec FROM builds WHERE folder = ? AND (status = ? OR EXISTS"
            " (SELECT 1 FROM steps WHERE build = id AND cacheable AND started_ns IS NOT NULL)) ORDER BY id DESC",
            project,
            BuildStatus.SUCCEEDED,
        )
        return next((spec for (text,) in found if not reads_stdin(spec := from_json(text, BuildSpec))), None)

    def last_durations(self, project: str) -> dict[str, float]:
        """Return the seconds each step of a project took when it last really ran, by the step's identity."""
        found = self._store.read("SELECT step, seconds FROM durations WHERE project = ?", project)
        return dict(found)

    def close(self) -> None:
        """Let go of the file; may be called twice."""
        self._store.close()

    def _id(self, ref: str) -> int:
        found = self._store.read("SELECT id FROM builds WHERE ref = ?", ref)
        if not found:
            raise SourceError(f"the journal lost the build {ref}", title="Can't use the journal")
        return int(found[0][0])

    def _whole(self, row: tuple[Any, ...]) -> Build:
        named = self._store.read("SELECT ref FROM refs WHERE build = ? ORDER BY ref LIMIT 1", row[-1])
        number, build = rows.build_of(row, named[0][0] if named else None)
        steps = self._store.read(f"SELECT {rows.STEP} FROM steps WHERE build = ? ORDER BY position", number)  # noqa: S608
        return rows.with_steps(build, steps)

    def _mark_lost(self) -> None:
        """Mark as lost the builds whose process was killed."""
        running = self._store.read("SELECT DISTINCT owner FROM builds WHERE status = 'running'")
        dead = [owner for (owner,) in running if owner != self._store.owner and not self._store.is_alive(owner)]
        if dead:
            self._store.keep(
                lambda connection: connection.executemany(
                    "UPDATE builds SET status = ?, completed_ns = (SELECT max(steps.completed_ns) FROM steps"
                    " WHERE steps.build = builds.id) WHERE owner = ? AND status = 'running'",
                    [(BuildStatus.LOST, owner) for owner in dead],
                )
            )


def _forget_old(connection: sqlite3.Connection, folder: str) -> None:
    old = "SELECT id FROM builds WHERE folder = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
    words = f"DELETE FROM builds WHERE folder = ? AND id <= ({old})"  # noqa: S608
    if connection.execute(words, (folder, folder, KEPT)).rowcount:
        kept_evidence.sweep(connection)
