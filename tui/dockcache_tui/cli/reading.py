"""What the headless commands read of a builder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dockcache_tui.cli.output import narrate
from dockcache_tui.cli.waiting import each, wait_for
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.builds.merging import merge
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.filter import RECORD_FIELDS, parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.scope import ScopeFilter

if TYPE_CHECKING:
    from dockcache_tui.sources.buildkit.builder import BuildKitBuilder
    from dockcache_tui.sources.protocols import Builder

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
    # One build of ours may have several refs on the builder, and older ones are left out here.
    return merge(ours.values(), [build for build in _heard(builder) if build.ref in ours or build.ref not in refs])


def _heard(builder: "Builder") -> tuple[Build, ...]:
    """Return the builds the builder remembers; records are worth showing without them."""
    from dockcache_tui.sources.branches import RevisionBranches

    history = builder.history(follow=False)
    try:
        told = each(f"the builds of {builder.name}", history)
        heard = {(event.build.node, event.build.ref): event.build for event in told}
    except SourceError as error:
        narrate(f"Builds are unknown, and so are branches: {error}")
        return ()
    branches = RevisionBranches(Path.cwd())
    return tuple(map(branches.placed, heard.values()))


def chosen(reading: Reading, scope: ScopeFilter, expression: str) -> tuple[ScopedRecord, ...]:
    """Return the records of a scope that pass a filter; raises FilterError."""
    passes = parse(expression, RECORD_FIELDS).compile(Instant.now())
    return tuple(one for one in reading.records if scope.admits_owners(one.owners) and passes(one))
