"""One list of builds from two: our journal's and the builder's own history."""

from collections.abc import Iterable
from dataclasses import replace

from dockcache_tui.core.builds.build import Build, BuildStatus


def merge(journal: Iterable[Build], history: Iterable[Build]) -> tuple[Build, ...]:
    """Return every build once, newest first; what the journal knows of a build in both wins, but how it ended.

    A build that several nodes tell of is of no one node.
    """
    ours = {build.ref: build for build in journal}
    for heard in history:
        known = ours.get(heard.ref)
        if known is None:
            ours[heard.ref] = heard
            continue
        ours[heard.ref] = known = on_nodes(known, heard)
        if _unknown_end(known) and heard.status is not BuildStatus.RUNNING:
            ended = replace(known, status=heard.status, completed_at=heard.completed_at, error=heard.error)
            saved = heard.status is BuildStatus.SUCCEEDED
            ours[heard.ref] = ended if saved else replace(ended, time_saved=None, weighted_reuse=None)
    return tuple(sorted(ours.values(), key=lambda build: build.started_at, reverse=True))


def on_nodes(known: Build, heard: Build) -> Build:
    """Return a build as one of no single node where another node tells of it too: buildx gives both one ref."""
    return replace(known, node="") if known.node and known.node != heard.node else known


def _unknown_end(build: Build) -> bool:
    return build.status is BuildStatus.LOST or (build.status is BuildStatus.RUNNING and not build.ours)
