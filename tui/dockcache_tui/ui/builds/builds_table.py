"""Builds in the virtual table, newest first."""

from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable

STATUS_GLYPHS = {
    BuildStatus.RUNNING: "▸",
    BuildStatus.SUCCEEDED: "✓",
    BuildStatus.FAILED: "✗",
    BuildStatus.CANCELED: "–",
    BuildStatus.LOST: "?",
}
_STYLES = {
    BuildStatus.RUNNING: "record-table--accent",
    BuildStatus.SUCCEEDED: "record-table--good",
    BuildStatus.FAILED: "record-table--bad",
    BuildStatus.CANCELED: "record-table--muted",
    BuildStatus.LOST: "record-table--warning",
}
REUSE_CELLS = 10


class BuildsTable(RecordTable[Build], inherit_bindings=False):
    """One row a build, ours or anyone's on the builder."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "BuildsTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        self.now = Instant.now()
        super().__init__(_columns(self), key=lambda build: build.ref, id="build-list")


def took(build: Build, now: Instant) -> float | None:
    """Return the seconds a build took, or takes so far; None when nobody knows how long it went on."""
    return now.seconds_since(build.started_at) if build.status is BuildStatus.RUNNING else build.duration


def status(build: Build) -> str:
    """Return a build's status as glyph and word."""
    return f"{STATUS_GLYPHS[build.status]} {build.status.value}"


def reuse(build: Build) -> str:
    """Return the true reuse as a bar and percent."""
    if build.reuse is None:
        return ""
    return f"{wording.bar(build.reuse, REUSE_CELLS)} {wording.share(build.reuse):>5}"


def _branch(build: Build) -> str:
    return build.branch.short if build.branch else ""


def _columns(table: BuildsTable) -> tuple[Column[Build], ...]:
    return (
        Column(
            id="status",
            title="Build",
            text=status,
            sort_key=lambda build: build.status.value,
            style=lambda build: _STYLES[build.status],
            width=11,
        ),
        Column(
            id="started",
            title="Ago",
            text=lambda build: wording.age(build.started_at, table.now),
            sort_key=lambda build: -build.started_at.ns,
            justify="right",
            width=5,
        ),
        Column(id="branch", title="Branch", text=_branch, sort_key=_branch, weight=1, min_width=10, max_width=28),
        Column(
            id="reuse",
            title="True reuse",
            text=reuse,
            sort_key=lambda build: build.reuse,
            width=REUSE_CELLS + 6,
        ),
        Column(
            id="steps",
            title="Steps",
            text=lambda build: f"{build.cached}/{build.cacheable}" if build.cacheable else "",
            sort_key=lambda build: build.cacheable,
            justify="right",
            width=7,
            priority=3,
        ),
        Column(
            id="took",
            title="Took",
            text=lambda build: wording.span(took(build, table.now)),
            sort_key=lambda build: took(build, table.now),
            justify="right",
            width=7,
        ),
        Column(
            id="saved",
            title="Saved",
            text=lambda build: wording.span(build.time_saved) if build.time_saved is not None else "",
            sort_key=lambda build: build.time_saved,
            justify="right",
            width=7,
            priority=2,
        ),
        Column(
            id="what",
            title="What",
            text=lambda build: build.target or ("" if build.ours else "someone else's"),
            max_width=20,
            priority=4,
        ),
        Column(
            id="revision",
            title="Revision",
            text=lambda build: build.revision[:10],
            style=lambda _: "record-table--muted",
            max_width=10,
            priority=5,
        ),
        Column(id="node", title="Node", text=lambda build: build.node or build.builder, max_width=20, priority=6),
    )
