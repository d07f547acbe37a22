"""What the threads that read Actions caches tell."""

from dataclasses import dataclass

from textual.message import Message

from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.errors import DockcacheError


@dataclass
class CachesLoaded(Message):
    """The Actions caches of a repository (empty: the project's own) were read, or a part of them."""

    reading: CachesReading
    repo: str = ""

    def can_replace(self, message: Message) -> bool:
        """Let a newer reading stand for an older one."""
        return isinstance(message, CachesLoaded) and message.repo == self.repo


@dataclass
class CachesFailed(Message):
    """The repository could not be read."""

    error: DockcacheError
    repo: str = ""


@dataclass
class RepositoriesListed(Message):
    """The organisation's usage was read."""

    repositories: tuple[RepositoryUsage, ...]


@dataclass
class RepositoriesFailed(Message):
    """The organisation's usage could not be read."""

    error: DockcacheError
