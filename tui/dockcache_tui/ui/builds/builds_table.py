"""Builds in the virtual table, newest first."""

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.builds.fields import BUILD_FIELDS
from dockcache_tui.core.builds.why import costliest
from dockcache_tui.core.explain.cause_words import short
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
WIDE, WHY_CELLS, FEW_WHY_CELLS = 100, 28, 16
"""From so many cells on a column of causes takes so many, and below fewer."""


class BuildsTable(RecordTable[Build], inherit_bindings=False):
    """One row a build, ours or anyone's on the builder."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "BuildsTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        self.now = Instant.now()
        super().__init__(_columns(self), key=lambda build: build.ref, id="build-list")
        self._all_columns, self._explained = self.columns, False

    def set_rows(self, rows: Iterable[Build]) -> None:
        """Swap the rows; where no build is explained there is no column for it."""
        builds = tuple(rows)
        self._explained = any(map(_is_explained, builds))
        self._pick_columns()
        super().set_rows(builds)

    def on_resize(self) -> None:
        """Have a column of use for causes, or a small one where there is no room."""
        self._pick_columns()

    def _pick_columns(self) -> None:
        least = WHY_CELLS if self.size.width >= WIDE else FEW_WHY_CELLS
        columns = (replace(one, min_width=least) if one.id == "why" else one for one in self._all_columns)
        self.columns = tuple(one for one in columns if self._explained or one.id != "why")


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


def why(build: Build) -> str:
    """Return what is wrong with what a build reused, else in a few words the cause that cost it most."""
    if build.warnings:
        return f"! {build.warnings[0].text}"
    root = costliest(build)
    return short(root.cause) if root else ""


def _is_explained(build: Build) -> bool:
    return bool(build.compared_with or build.warnings) or any(step.cause for step in build.steps)


def _why_style(build: Build) -> str:
    return "record-table--warning" if build.warnings else ""


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
    columns["why"] = Column(id="why", title="Why", text=why, style=_why_style, weight=2, max_width=48, priority=1)
    columns["revision"] = replace(
        columns["revision"], text=lambda build: build.revision[:10], style=lambda _: "record-table--muted"
    )
    columns["node"] = Column(
        id="node", title="Node", text=lambda build: build.node or build.builder, max_width=20, priority=6
    )
    order = (
        "status",
        "started_at",
        "branch",
        "reuse",
        "why",
        "steps",
        "duration",
        "time_saved",
        "what",
        "revision",
        "node",
    )
    return in_order(columns, *order)
