"""Keeps in the journal which records a builder has, so that of those that go it is known when, and why if it can be."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import partial

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.losses import Told
from dockcache_tui.core.records.record import BuilderSnapshot, Record
from dockcache_tui.core.records.tombstone import Sight
from dockcache_tui.sources.audit import AuditLog
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal


def see(journal: Journal, snapshot: BuilderSnapshot, builds: Sequence[Build] | None) -> None:
    """Keep a reading of a builder; `builds` are all that its nodes have run, None where that is not known.

    Where the journal can't be written it says so itself, and the reading is good all the same.
    """
    audit = AuditLog({"builder": snapshot.builder})
    records: defaultdict[str, list[Record]] = defaultdict(list)
    for one in snapshot.records:
        records[one.node].append(one)

    def told(node: str, before: Sight) -> Told:
        freed, asked = audit.prunes(node, before.taken_at)
        return Told(freed, asked, None if builds is None else _ends(node, builds))

    for node in snapshot.nodes:
        if not node.error:
            here = tuple(records[node.name])
            now = Sight(
                snapshot.taken_at, here, node.worker, node.policy, node.connected_at, reconnected=node.reconnected
            )
            with suppress(SourceError):
                journal.see((snapshot.builder, node.name), now, partial(told, node.name))


def see_builder(docker: Docker, journal: Journal, name: str) -> None:
    """Read the records of a builder, and keep them; raises SourceError when it can't be read."""
    with closing(open_builder(docker, name)) as builder:
        see(journal, builder.snapshot(), None)


def _ends(node: str, builds: Sequence[Build]) -> tuple[Instant, ...] | None:
    """Return when builds of a node ended, None where it does not tell its builds."""
    here = [one for one in builds if one.node in ("", node)]
    if not all(one.ref for one in here):
        return None
    return tuple(one.completed_at for one in here if one.completed_at)
