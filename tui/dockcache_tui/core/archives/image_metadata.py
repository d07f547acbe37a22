"""An image's layers, from its manifest, config and history."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from dockcache_tui.core.archives.archive import Image, Layer
from dockcache_tui.core.archives.manifest import ATTESTATION_OF, Config, Descriptor, HistoryStep
from dockcache_tui.core.instant import Instant

_PACKED = (".gzip", ".bzip2", ".xz", ".zstd")
PLAIN_TAR = ("application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar")
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_REVISIONS = ("org.opencontainers.image.revision", "org.label-schema.vcs-ref", "vcs-ref")


def layers_of(stored: Sequence[Descriptor], config: Config, here: Container[str]) -> tuple[Layer, ...]:
    """Return a layer for each step of the history, empty ones too, and for each blob it does not tell of.

    `here` are the digests of the blobs that the archive holds.
    """
    layers = []
    left = list(zip(stored, _padded(config.diff_ids, len(stored)), strict=True))[::-1]
    for step in config.history or []:
        if step.empty_layer:
            layers.append(Layer("", 0, created_by=step.created_by, created_at=moment(step.created), empty=True))
        elif left:
            layers.append(_layer(*left.pop(), step, here))
    layers += [_layer(*one, HistoryStep(), here) for one in reversed(left)]
    return tuple(layers)


def moment(text: str) -> Instant | None:
    """Read a time, None for none, for Go's year 1 and for what is no time."""
    try:
        return None if text.startswith("0001-") else Instant.parse(text)
    except (ValueError, OverflowError):
        return None


def _layer(blob: Descriptor, diff_id: str, step: HistoryStep, here: Container[str]) -> Layer:
    return Layer(
        digest=blob.digest,
        size=blob.size,
        diff_id=diff_id,
        unpacked_size=blob.size if _is_plain(blob, diff_id) else None,
        media_type=blob.media_type,
        created_by=step.created_by,
        created_at=moment(step.created),
        missing=blob.digest not in here,
    )


def _is_plain(blob: Descriptor, diff_id: str) -> bool:
    """Tell whether a blob is a tar; the digest of its tar may stand for that of a packed one (see blobs.py)."""
    return blob.media_type in PLAIN_TAR or (diff_id == blob.digest and not blob.media_type.endswith(_PACKED))


def _padded(texts: list[str], length: int) -> list[str]:
    return (texts + [""] * length)[:length]


def names_of(descriptor: Descriptor) -> tuple[str, ...]:
    """Return the name an index gives: whole where the containerd store wrote it, else often only a tag."""
    return next(((name,) for key in _NAMES if (name := descriptor.said(key))), ())


def platform_of(descriptor: Descriptor) -> str:
    """Return the platform an index tells, empty for attestations, which are of none."""
    return "" if descriptor.platform is None or descriptor.said(ATTESTATION_OF) else descriptor.platform.platform


def revision_in(said: Mapping[str, str]) -> str:
    """Return the commit that labels or annotations tell, by the best known key."""
    return next((said[key] for key in _REVISIONS if said.get(key)), "")


def missing_image(descriptor: Descriptor, names: tuple[str, ...]) -> Image:
    """Return what an index tells of an image whose manifest is not in the archive."""
    of = descriptor.said(ATTESTATION_OF)
    return Image(descriptor.digest, (), platform_of(descriptor), names, attestation_of=of, missing=True)


def completed(image: Image, words: Mapping[str, str], revisions: Mapping[str, str]) -> Image:
    """Add what other manifests tell: images the steps that made the layers of a cache, provenance the commit."""
    layers = tuple(
        layer if layer.created_by or layer.digest not in words else replace(layer, created_by=words[layer.digest])
        for layer in image.layers
    )
    return replace(image, layers=layers, revision=image.revision or revisions.get(image.digest, ""))
