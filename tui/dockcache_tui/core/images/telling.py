"""What descriptors, labels and other manifests tell of an image."""

from collections.abc import Mapping
from dataclasses import replace

from dockcache_tui.core.images.archive import Image
from dockcache_tui.core.images.manifest import ATTESTATION_OF, Descriptor

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
_REVISIONS = ("org.opencontainers.image.revision", "org.label-schema.vcs-ref", "vcs-ref")


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
