"""What the headless commands read of a builder."""

from collections.abc import Container, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dockcache_tui.cli.output import narrate
from dockcache_tui.cli.waiting import each, wait_for
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot
from dockcache_tui.core.scope import ScopeFilter

if TYPE_CHECKING:
    from dockcache_tui.sources.buildkit.builder import BuildKitBuilder
    from dockcache_tui.sources.journal import Journal
    from dockcache_tui.sources.protocols import Builder, HistoryEvent, Stream


@contextmanager
def opened(name: str) -> Iterator["BuildKitBuilder"]:
    """Open a builder for a while; raises SourceError."""
    from dockcache_tui.sources.buildkit.builder import open_builder
    from dockcache_tui.sources.docker_cli import Docker

    builder = wait_for("Docker", lambda: open_builder(Docker(), name))
    try:
        yield builder
    finally:
        builder.close()


def read(builder: "Builder") -> Reading:
    """Read the records and relate them to the builds that are known; tells of nodes that are down."""
    snapshot = wait_for(f"the records of {builder.name}", builder.snapshot)
    for node in snapshot.nodes:
        if node.error:
            narrate(f"{node.name}: {node.error}")
            narrate(node.error_hint)
    with kept() as journal:
        if journal.notice:
            narrate(journal.notice)
        builds = known_builds(builder, journal)
        remember(journal, snapshot, builds)
    return Reading.of(snapshot, builds)


@contextmanager
def kept() -> Iterator["Journal"]:
    """Open the journal for a while."""
    from dockcache_tui.sources.journal import Journal

    with closing(Journal()) as journal:
        yield journal


def remember(journal: "Journal", snapshot: BuilderSnapshot, builds: Sequence[Build] | None = None) -> None:
    """Keep which records a builder has; `builds` are all that its nodes have run, None where that is not known."""
    from dockcache_tui.sources.seen_records import see

    see(journal, snapshot, builds)


def known_builds(builder: "Builder", journal: "Journal") -> tuple[Build, ...]:
    """Return the builds whose steps tell whose the records are: the journal's, and those that the builder tells of."""
    from dockcache_tui.sources.branches import RevisionBranches
    from dockcache_tui.sources.known_builds import KnownBuilds

    known = KnownBuilds(journal, RevisionBranches(Path.cwd()))
    found = wait_for(f"the builds of {builder.name}", lambda: known.of(builder))
    for error in known.failures.values():  # records are worth showing without them
        narrate(f"Builds are unknown, and so are branches: {error}")
    return found


def heard(
    builder: "Builder", history: "Stream[HistoryEvent]", ours: Container[str], refs: Container[str]
) -> list[Build]:
    """Return the builds that a builder tells of: others', and those of `ours`; raises SourceError.

    One build of ours may have several of the journal's `refs` on the builder; those of older ones are left out.
    """
    from dockcache_tui.sources.branches import RevisionBranches

    told = each(f"the builds of {builder.name}", history)
    # buildx gives a build one ref on all its nodes
    newest = {(event.build.node, event.build.ref): event.build for event in told}
    branches = RevisionBranches(Path.cwd())
    return [branches.placed(build) for build in newest.values() if build.ref in ours or build.ref not in refs]


def chosen(reading: Reading, scope: ScopeFilter, expression: str) -> tuple[ScopedRecord, ...]:
    """Return the records of a scope that pass a filter; raises FilterError."""
    passes = parse(expression, RECORD_FIELDS).compile(Instant.now())
    return tuple(one for one in reading.records if scope.admits_owners(one.owners) and passes(one))
