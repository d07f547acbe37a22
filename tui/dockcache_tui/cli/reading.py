"""What the headless commands read of a builder."""

from collections.abc import Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dockcache_tui.cli.output import narrate
from dockcache_tui.cli.waiting import each, wait_for
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.builds.merging import merge
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import ScopeFilter

if TYPE_CHECKING:
    from dockcache_tui.sources.buildkit.builder import BuildKitBuilder
    from dockcache_tui.sources.protocols import Builder, HistoryEvent, Stream

_BUILDS = 1000
"""The builds of ours that records are looked for in."""


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
    return Reading.of(snapshot, known_builds(builder))


def known_builds(builder: "Builder") -> tuple[Build, ...]:
    """Return the journal's builds on a builder, and those that it remembers besides, newest first."""
    from dockcache_tui.sources.journal import Journal

    journal = Journal()
    try:
        if journal.notice:
            narrate(journal.notice)
        ours = {build.ref: build for build in journal.builds(limit=_BUILDS) if build.builder == builder.name}
        refs = journal.refs()
    finally:
        journal.close()
    try:
        others = heard(builder, builder.history(follow=False), ours, refs)
    except SourceError as error:  # records are worth showing without them
        narrate(f"Builds are unknown, and so are branches: {error}")
        others = []
    return merge(ours.values(), others)


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
