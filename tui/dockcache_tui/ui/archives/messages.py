"""What the threads that read and move archives tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.message import Message

from dockcache_tui.core.archives.archive import Archive, BuildRecord, ShownFiles
from dockcache_tui.core.archives.diff import ArchiveDiff
from dockcache_tui.core.archives.engine_image import EngineImage, Loaded
from dockcache_tui.core.archives.file_entry import FileEntry, TreeEntry
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.sharing import Share


@dataclass
class ArchivesListed(Message):
    """The archives were looked for, as far as `whole` says; `note` says why artifacts are missing."""

    rows: tuple[ListedArchive, ...]
    note: str = ""
    whole: bool = False

    def can_replace(self, message: Message) -> bool:
        """Let a longer list stand for a shorter one."""
        return isinstance(message, ArchivesListed)


@dataclass
class ArchiveRead(Message):
    """More is known of an archive: unpacked sizes and faults of layers whose files were read."""

    archive: Archive


@dataclass
class SharesFound(Message):
    """Where else the layers of an archive are, by digest."""

    path: str
    shares: Mapping[str, tuple[Share, ...]]


@dataclass
class FolderRead(Message):
    """What is in a folder of an archive was read."""

    look: ShownFiles
    folder: str
    entries: tuple[TreeEntry, ...]


@dataclass
class PathsFound(Message):
    """The paths of an archive that hold a text."""

    look: ShownFiles
    text: str
    entries: tuple[TreeEntry, ...]


@dataclass
class FilesIndexed(Message):
    """The first reading of an archive's files is this far, in bytes."""

    look: ShownFiles
    done: int
    total: int

    def can_replace(self, message: Message) -> bool:
        """Let a later figure stand for an earlier one."""
        return isinstance(message, FilesIndexed)


@dataclass
class FilesFailed(Message):
    """The files of an archive could not be read."""

    look: ShownFiles
    error: DockcacheError


@dataclass
class FileRead(Message):
    """The beginning of a file of an archive was read."""

    entry: FileEntry
    content: bytes


@dataclass
class RecordRead(Message):
    """The builds of a build record were read."""

    path: str
    builds: tuple[BuildRecord, ...]


@dataclass
class ArchivesCompared(Message):
    """Two archives were compared; `kind` names in what the paths differ that are told, if only some are."""

    names: tuple[str, str]
    diff: ArchiveDiff
    kind: str = ""


@dataclass
class Moving(Message):
    """An archive on its way from or to somewhere is this far, in bytes; `total` is 0 where nothing tells."""

    name: str
    done: int
    total: int

    def can_replace(self, message: Message) -> bool:
        """Let a later figure stand for an earlier one."""
        return isinstance(message, Moving)


@dataclass
class ArchiveLoaded(Message):
    """An archive was loaded into the engine."""

    path: str
    loaded: Loaded


@dataclass
class ImagesListed(Message):
    """The engine's images."""

    images: tuple[EngineImage, ...]


@dataclass
class Done(Message):
    """Something that was asked for is done; `again` says that archives are to be looked for again."""

    text: str
    again: bool = False


@dataclass
class Stopped(Message):
    """A move was ended; `left` says what is left of it."""

    left: str
