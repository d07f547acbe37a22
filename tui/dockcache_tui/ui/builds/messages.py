"""What the threads that read, start and follow builds tell, and what other areas have to follow."""

from dataclasses import dataclass

from textual.message import Message

from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.scope import Checkout


@dataclass
class ProjectRead(Message):
    """What git and the journal say of the project."""

    checkout: Checkout
    builds: tuple[Build, ...]
    notice: str


@dataclass
class ProjectFailed(Message):
    """Git or the journal could not be read."""

    error: DockcacheError


@dataclass
class JournalChanged(Message):
    """The journal has other builds than before."""


@dataclass
class BuildEnded(Message):
    """Our build ended."""


@dataclass
class PassedOver(Message):
    """Something that `b` would have built, or built on, can't be used."""

    text: str


@dataclass
class SpecFound(Message):
    """What `b` builds was found out; it may be edited first."""

    spec: BuildSpec
    edit: bool


@dataclass
class Explained(Message):
    """It was found out why the steps of a build ran, of the builder's or of a record's in a file."""

    build: Build
    file: str


@dataclass
class NotExplained(Message):
    """It could not be found out why the steps of a build ran."""

    ref: str
    error: DockcacheError


@dataclass
class BuildMoved(Message):
    """A build that is followed made progress, or ended; `key` stays while the build's ref may change."""

    key: str
    build: Build
    ended: bool = False

    def can_replace(self, message: Message) -> bool:
        """Let a newer picture of the same build stand for an older one."""
        return isinstance(message, BuildMoved) and message.key == self.key
