"""The JSON of image layouts and provenance: OCI indexes, manifests, configs, and the manifest of `docker save`."""

from typing import Annotated, TypeVar

import msgspec

from dockcache_tui.core.archives.archive import ArchiveError

CONFIGS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
_LAYERS = ("application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs.")
EMPTY = "application/vnd.oci.empty.v1+json"
CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"
RECORD_CONFIG = "application/vnd.buildkit.historyrecord.v0"
ATTESTATION_OF = "vnd.docker.reference.digest"
PREDICATE = "in-toto.io/predicate-type"

Decoded = TypeVar("Decoded")
Item = TypeVar("Item")
Few = Annotated[list[Item], msgspec.Meta(max_length=10_000)]
"""A list no longer than any image's or index's; the kernel mounts far fewer layers."""


class Platform(msgspec.Struct):
    """A platform as an index has it."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    @property
    def platform(self) -> str:
        """Return it as Docker writes it: `linux/arm64/v8`."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(msgspec.Struct, rename={"media_type": "mediaType"}):
    """What leads to a blob."""

    digest: str
    size: int = 0
    media_type: str = ""
    annotations: dict[str, str] | None = None
    platform: Platform | None = None

    def said(self, key: str) -> str:
        """Return an annotation, empty when it has none."""
        return (self.annotations or {}).get(key, "")


class Document(msgspec.Struct, rename={"media_type": "mediaType", "artifact_type": "artifactType"}):
    """An index (it has manifests) or a manifest (it has a config or layers; artifacts once had blobs instead)."""

    media_type: str = ""
    artifact_type: str = ""
    manifests: Few[Descriptor] | None = None
    config: Descriptor | None = None
    layers: Few[Descriptor] | None = None
    blobs: Few[Descriptor] | None = None
    annotations: dict[str, str] | None = None

    @property
    def stored(self) -> list[Descriptor]:
        """Return what leads to the layers, or to an artifact's blobs."""
        return self.layers or self.blobs or []

    @property
    def artifact(self) -> str:
        """Return the type of an artifact that is no image, by the OCI image specification; empty for an image.

        What has an image's config but no layer of an image, as cosign's signatures, goes by the type of its first blob.
        """
        config = self.config.media_type if self.config else ""
        types = [blob.media_type for blob in self.stored if blob.media_type]
        if (not config or config in CONFIGS) and (not types or any(one.startswith(_LAYERS) for one in types)):
            return ""
        told = (self.artifact_type, "" if config in {*CONFIGS, EMPTY} else config, *types, config)
        return next(filter(None, told))


class HistoryStep(msgspec.Struct):
    """A step that made an image."""

    created: str = ""
    created_by: str = ""
    empty_layer: bool = False


class _Inner(msgspec.Struct, rename="pascal"):
    labels: dict[str, str] | None = None


class _RootFs(msgspec.Struct):
    diff_ids: Few[str] | None = None


class Config(Platform):
    """An image's config, which begins as a platform."""

    created: str = ""
    config: _Inner | None = None
    rootfs: _RootFs | None = None
    history: Few[HistoryStep] | None = None

    @property
    def labels(self) -> dict[str, str]:
        return (self.config.labels if self.config else None) or {}

    @property
    def diff_ids(self) -> list[str]:
        """Return the digests of the layers' tars."""
        return (self.rootfs.diff_ids if self.rootfs else None) or []


class Saved(msgspec.Struct, rename="pascal"):
    """An image in the manifest.json of `docker save`; config and layers are files of the archive."""

    config: str
    layers: Few[str] | None = None
    repo_tags: Few[str] | None = None


class V1Config(msgspec.Struct):
    """A layer's JSON of Docker 1.x, as far as it is known by it."""

    id: str
    created: str


class BuildRecordConfig(msgspec.Struct):
    """The config of a build record, as far as an archive is listed by it."""

    ref: str = msgspec.field(default="", name="Ref")
    attributes: dict[str, str] | None = msgspec.field(default=None, name="FrontendAttrs")

    @property
    def revision(self) -> str:
        """Return the commit that was built, empty when it is not told."""
        return (self.attributes or {}).get("vcs:revision", "")


class NotAsExpectedError(ArchiveError):
    """A document that is not what it is said to be."""


def decode(data: bytes, kind: type[Decoded]) -> Decoded:
    """Decode a document; raises NotAsExpectedError."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NotAsExpectedError(f"it is not what it should be: {error}") from error


_METADATA = "https://mobyproject.org/buildkit@v1#metadata"


class _Vcs(msgspec.Struct):
    revision: str = ""


class _Metadata(msgspec.Struct):
    vcs: _Vcs = msgspec.field(default_factory=_Vcs)


class _Told(msgspec.Struct, rename={"old": _METADATA, "new": "buildkit_metadata"}):
    old: _Metadata | None = None
    new: _Metadata | None = None


class _Run(msgspec.Struct):
    metadata: _Told | None = None


class _Predicate(msgspec.Struct, rename={"run": "runDetails"}):
    """SLSA 0.2 (metadata) or 1 (runDetails)."""

    metadata: _Told | None = None
    run: _Run | None = None


class _Statement(msgspec.Struct):
    predicate: _Predicate = msgspec.field(default_factory=_Predicate)


def revision_of(statement: bytes) -> str:
    """Return the revision BuildKit tells in a statement, empty when it tells none; raises NotAsExpectedError."""
    predicate = decode(statement, _Statement).predicate
    told = (predicate.run.metadata if predicate.run else None) or predicate.metadata
    metadata = (told.new or told.old) if told else None
    return metadata.vcs.revision if metadata else ""
