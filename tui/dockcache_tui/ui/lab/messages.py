"""What the lab's threads tell."""

from dataclasses import dataclass

from textual.message import Message

from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.lab.run import LabProgress, LabRun


@dataclass
class LabRead(Message):
    """The lab's runs, newest first."""

    runs: tuple[LabRun, ...]


@dataclass
class LabMoved(Message):
    """A run of the lab got on, or ended when there is no `progress`."""

    run: LabRun
    progress: LabProgress | None = None

    def can_replace(self, message: Message) -> bool:
        """Let a later picture stand for an earlier one."""
        return isinstance(message, LabMoved)


@dataclass
class LabSaid(Message):
    """What the lab fetches before it begins."""

    line: str


@dataclass
class LabFailed(Message):
    """The lab's runs could not be read, or a run failed."""

    error: DockcacheError


@dataclass
class LabBuildRead(Message):
    """A build of the lab, where the journal still has it."""

    ref: str
    build: Build | None
