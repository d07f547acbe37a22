"""What any area may tell: itself, from its threads, or the app around it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from dockcache_tui.core.archives.archive import BuildRecord
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.builds.progress import LogView
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.shared.accounts import Account


@dataclass
class ActionFailed(Message):
    """Something that was asked for failed."""

    error: DockcacheError


@dataclass
class Deleted(Message):
    """Things were deleted, or were to be."""

    what: str
    account: Account


@dataclass
class Exported(Message):
    """A view was written to a file."""

    path: Path


@dataclass
class KnownChanged(Message):
    """What an area knows is no longer what header and overview show."""

    def can_replace(self, message: Message) -> bool:
        """Let one stand for several."""
        return isinstance(message, KnownChanged)


@dataclass(frozen=True, slots=True)
class OpenBuild:
    """A build, its steps' output by digest, where it was opened from, and the record that holds it, with its file."""

    build: Build
    logs: Callable[[str], LogView]
    came_from: Place
    record: BuildRecord | None = None
    file: str = ""


@dataclass
class BuildOpened(Message):
    """A build is to be brought into sight."""

    opened: OpenBuild
