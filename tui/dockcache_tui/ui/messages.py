"""What the threads tell the app: a frozen snapshot, or an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from dockcache_tui.core.archives.archive import Archive, Look
from dockcache_tui.core.archives.build_record import BuildRecord
from dockcache_tui.core.archives.diff import ArchiveDiff
from dockcache_tui.core.archives.engine_image import EngineImage, Loaded
from dockcache_tui.core.archives.file_entry import FileEntry, TreeEntry
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.checkout import Checkout
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.lab.run import LabProgress, LabRun
from dockcache_tui.core.records.builder_info import BuilderInfo
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.sharing import Share
from dockcache_tui.sources.protocols import HistoryEvent
from dockcache_tui.ui.shared.accounts import Account


@dataclass
class RecordsLoaded(Message):
    """The builder's records were read."""

    reading: Reading


@dataclass
class ReadFailed(Message):
    """The builder could not be read; it is tried again."""

    error: DockcacheError


@dataclass
class ActionFailed(Message):
    """Something that was asked for failed."""

    error: DockcacheError


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
class BuildersListed(Message):
    """The builders there are."""

    builders: tuple[BuilderInfo, ...]


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
class BuildHeard(Message):
    """A build on the builder started, completed or was deleted."""

    event: HistoryEvent


@dataclass
class BuildMoved(Message):
    """A build that is followed made progress, or ended; `key` stays while the build's ref may change."""

    key: str
    build: Build
    ended: bool = False

    def can_replace(self, message: Message) -> bool:
        """Let a newer picture of the same build stand for an older one."""
        return isinstance(message, BuildMoved) and message.key == self.key


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

    look: Look
    folder: str
    entries: tuple[TreeEntry, ...]


@dataclass
class PathsFound(Message):
    """The paths of an archive that hold a text."""

    look: Look
    text: str
    entries: tuple[TreeEntry, ...]


@dataclass
class FilesIndexed(Message):
    """The first reading of an archive's files is this far, in bytes."""

    look: Look
    done: int
    total: int

    def can_replace(self, message: Message) -> bool:
        """Let a later figure stand for an earlier one."""
        return isinstance(message, FilesIndexed)


@dataclass
class FilesFailed(Message):
    """The files of an archive could not be read."""

    look: Look
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
