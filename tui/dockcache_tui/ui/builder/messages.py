"""What the threads that read a builder tell."""

from dataclasses import dataclass

from textual.message import Message

from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderInfo
from dockcache_tui.sources.protocols import HistoryEvent


@dataclass
class RecordsLoaded(Message):
    """The builder's records were read."""

    reading: Reading


@dataclass
class ReadFailed(Message):
    """The builder could not be read; it is tried again."""

    error: DockcacheError


@dataclass
class BuildersListed(Message):
    """The builders there are."""

    builders: tuple[BuilderInfo, ...]


@dataclass
class BuildHeard(Message):
    """A build on the builder started, completed or was deleted."""

    event: HistoryEvent


@dataclass
class BuilderSwitched(Message):
    """Another builder is asked; what was heard of the one before is forgotten."""
