"""Builds in the virtual table, newest first."""

from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.fields import BUILD_FIELDS
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns, in_order

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


def _columns(table: BuildsTable) -> tuple[Column[Build], ...]:
    columns: dict[str, Column[Build]] = field_columns(BUILD_FIELDS, lambda build: build, lambda: table.now)
    columns["status"] = replace(columns["status"], text=status, style=lambda build: _STYLES[build.status])
    columns["started_at"] = replace(columns["started_at"], sort_key=lambda build: -build.started_at.ns)
    columns["reuse"] = replace(columns["reuse"], text=reuse, justify="left")
    columns["steps"] = replace(
        columns["steps"],
        text=lambda build: f"{build.cached}/{build.cacheable}" if build.cacheable else "",
        sort_key=lambda build: build.cacheable,
    )
    columns["duration"] = replace(
        columns["duration"],
        text=lambda build: wording.span(took(build, table.now)),
        sort_key=lambda build: took(build, table.now),
    )
    columns["what"] = Column(
        id="what",
        title="What",
        text=lambda build: build.target or ("" if build.ours else "someone else's"),
        max_width=20,
        priority=4,
    )
    columns["revision"] = replace(
        columns["revision"], text=lambda build: build.revision[:10], style=lambda _: "record-table--muted"
    )
    columns["node"] = Column(
        id="node", title="Node", text=lambda build: build.node or build.builder, max_width=20, priority=6
    )
    order = ("status", "started_at", "branch", "reuse", "steps", "duration", "time_saved", "what", "revision", "node")
    return in_order(columns, *order)
