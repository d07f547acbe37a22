"""A build that is open."""

from collections.abc import Callable
from dataclasses import dataclass

from dockcache_tui.core.archives.build_record import BuildRecord
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.builds.progress import LogView
from dockcache_tui.ui.actions import Place


@dataclass(frozen=True, slots=True)
class OpenBuild:
    """A build, its steps' output by digest, where it was opened from, and the record that holds it, if one does."""

    build: Build
    logs: Callable[[str], LogView]
    came_from: Place
    record: BuildRecord | None = None
