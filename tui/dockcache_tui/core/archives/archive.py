"""An archive as it is listed: its images, their layers, its blobs, its recorded builds and what is wrong with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dockcache_tui.core.builds.build import Build, SourceFile
from dockcache_tui.core.builds.progress import BuildWarning, LogView
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope


class ArchiveKind(StrEnum):
    """What an archive is, told by its content."""

    DOCKER = "docker save"
    """manifest.json and no index: the layout of `docker save` before the containerd store."""
    OCI = "oci layout"
    DIR = "dir layout"
    """A manifest.json that is an image's manifest, and blobs beside it: skopeo's `dir:`, podman's docker-dir."""
    ARTIFACT = "oci artifact"
    """An OCI layout of what is no image: a chart, a signature, a module."""
    CACHE = "build cache"
    """BuildKit's local cache export."""
    RECORD = "build record"
    """A .dockerbuild."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with an archive, and where: a blob's digest, a member's name, the offset in the file."""

    reason: str
    digest: str = ""
    member: str = ""
    offset: int | None = None

    def __str__(self) -> str:
        """Return the place and the reason in one line: `layer.tar: at byte 512: ...`."""
        at = "" if self.offset is None else f"at byte {self.offset:,}"
        return ": ".join(part for part in (self.member, self.digest, at, self.reason) if part)


@dataclass(frozen=True, slots=True)
class Layer:
    """One step of an image's history; an empty one has no blob, a missing one's blob is not in the archive.

    `digest` and `size` are of the blob as stored, `diff_id` and `unpacked_size` of the tar in it (`unpacked_size` None:
    not known before its files were read).
    """

    digest: str
    size: int
    diff_id: str = ""
    unpacked_size: int | None = None
    media_type: str = ""
    created_by: str = ""
    created_at: Instant | None = None
    empty: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """One platform's image; `digest` is its manifest's (its config's in an old `docker save`)."""

    digest: str
    layers: tuple[Layer, ...]
    platform: str = ""
    names: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    created_at: Instant | None = None
    revision: str = ""
    """The commit that labels or provenance tell."""
    attestation_of: str = ""
    """Set for a manifest of attestations: the digest of the image they are about."""
    missing: bool = False
    """An index names it, but its manifest is not in the archive: `docker save` leaves other platforms out."""
    artifact: str = ""
    """Set for an OCI artifact that is no image: its type; `layers` are its blobs."""
    also: tuple[str, ...] = ()
    """The digests of the indexes that lead to it and of its config: engines and registries name it by these too."""

    @property
    def has_files(self) -> bool:
        """Tell whether it is an image, and not attestations or another artifact."""
        return not (self.attestation_of or self.artifact)


@dataclass(frozen=True, slots=True)
class Blob:
    """One blob of an archive; `named` when an index, manifest or cache config leads to it."""

    digest: str
    size: int
    media_type: str = ""
    named: bool = True


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive of `size` bytes as it lies there.

    `packing` is `folder`, `tar`, or `tar.gz`, `tar.bz2`, `tar.xz`, `tar.zst`, with ` in zip` inside an artifact's zip.
    """

    path: str
    kind: ArchiveKind
    packing: str
    size: int
    modified_at: Instant
    images: tuple[Image, ...] = ()
    blobs: tuple[Blob, ...] = ()
    builds: tuple[str, ...] = ()
    """Refs of the builds recorded in it."""
    revisions: tuple[str, ...] = ()
    """The commits that its images and builds are of, as far as they tell."""
    faults: tuple[Fault, ...] = ()
    branches: tuple[BranchScope, ...] = ()
    """Where those commits are, once git was asked."""


class ArchiveError(DockcacheError):
    """An archive, or something in it, that can't be read."""

    title = "The archive can't be read"


class BrokenArchiveError(ArchiveError):
    """A place from which on an archive, or a blob of it, can't be read; what came before it is sound."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def fault_of(error: ArchiveError, place: Fault) -> Fault:
    """Return the fault an error tells of, else one at a place with the error's reason."""
    return error.fault if isinstance(error, BrokenArchiveError) else replace(place, reason=str(error))


MAX_FAULTS = 100


class FaultList:
    """Keeps the first faults of what may be a million."""

    def __init__(self) -> None:
        self._kept: dict[Fault, None] = {}
        self._more = 0

    def add(self, fault: Fault) -> None:
        """Keep or count one; one that was kept before is not told twice."""
        if fault in self._kept:
            return
        if len(self._kept) < MAX_FAULTS:
            self._kept[fault] = None
        else:
            self._more += 1

    def __iter__(self) -> Iterator[Fault]:
        return iter(self.all())

    def all(self) -> tuple[Fault, ...]:
        """Return what was kept, and a last one that tells of the rest."""
        more = (Fault(f"and {self._more:,} more faults like these"),) if self._more else ()
        return (*self._kept, *more)


@dataclass(frozen=True, slots=True)
class LayerContents:
    """A layer as it was read: the bytes of its tar, its members, and the digest of the tar."""

    digest: str
    unpacked_size: int
    members: int
    diff_id: str


@dataclass(frozen=True, slots=True)
class ImageContents:
    """All layers of an image: the bytes a container sees, those wasted, how many paths, and what is wrong."""

    layers: tuple[LayerContents, ...]
    size: int
    wasted: int
    paths: int
    faults: tuple[Fault, ...]


MAX_LISTED = 50_000
"""Of a folder so many paths are listed."""
MAX_FOUND = 1_000
"""So many paths that hold a text are told."""


@dataclass(frozen=True, slots=True)
class ShownFiles:
    """The files of an archive's image, by digest, or of one layer of it."""

    path: str
    image: str
    layer: str = ""


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """One recorded build with its steps; `logs` is the output of those steps that said something, by digest.

    `files` are the Dockerfiles it was built from, `imports` the caches it was told to import, as `--cache-from` takes
    them, `faults` what of it could not be read.
    """

    build: Build
    logs: Mapping[str, LogView] = field(default_factory=dict)
    warnings: tuple[BuildWarning, ...] = ()
    files: tuple[SourceFile, ...] = ()
    imports: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def log(self, digest: str) -> LogView:
        """Return the output of a step."""
        return self.logs.get(digest, LogView())
