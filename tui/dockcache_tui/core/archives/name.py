"""Names of images and layers as people type them, and which image or layer of an archive they mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from dockcache_tui.core.archives.archive import Archive, ArchiveError, Image, Layer
from dockcache_tui.core.errors import UsageError

_HUB, _OFFICIAL = "docker.io", "library"


@dataclass(frozen=True, slots=True)
class ImageName:
    """A name in full: registry and repository, then a tag or a digest."""

    repository: str
    tag: str
    digest: str


def full_name(text: str) -> ImageName:
    """Return what a name means as Docker reads it: `app` is `docker.io/library/app:latest`."""
    named, _, digest = text.partition("@")
    _, colon, tag = named.rpartition("/")[2].partition(":")
    repository = named.removesuffix(f"{colon}{tag}")
    host, slash, rest = repository.partition("/")
    if not slash or not (set(host) & {".", ":"} or host == "localhost"):
        host, rest = _HUB, repository
    if host in (_HUB, f"index.{_HUB}"):
        host, rest = _HUB, rest if "/" in rest else f"{_OFFICIAL}/{rest}"
    return ImageName(f"{host}/{rest}", "" if digest else tag if colon else "latest", digest)


def is_named(image: Image, wanted: str) -> bool:
    """Tell whether an image has a name, written short or in full, or with one of its digests."""
    meant, names = full_name(wanted), [full_name(name) for name in image.names]
    if not meant.digest:
        return meant in names
    repositories = {name.repository for name in names}
    return meant.digest in {image.digest, *image.also} and (not names or meant.repository in repositories)


def image_of(archive: Archive, wanted: str = "") -> Image:
    """Return the image of a platform, a name or the beginning of a digest; without any the only image."""
    images = [image for image in archive.images if image.has_files and not image.missing]
    if not images:
        types = ", ".join(dict.fromkeys(filter(None, (image.artifact for image in archive.images))))
        raise ArchiveError(f"it holds no image with files{types and f', but {types}'}")
    meant = [image for image in images if wanted in {image.platform, *image.names}]
    meant = meant or [image for image in images if wanted and is_named(image, wanted)]
    meant = meant or [image for image in images if _begins(image.digest, wanted)]
    meant = meant or [image for image in images if any(_begins(digest, wanted) for digest in image.also)]
    if not meant:
        raise UsageError(f"it holds no image {wanted}", hint=_told(images))
    if len(meant) > 1:
        which = f"several images are {wanted}" if wanted else f"it holds {len(meant)} images"
        raise UsageError(f"{which}; name one by platform or digest", hint=_told(meant))
    return meant[0]


def layer_of(image: Image, wanted: str) -> Layer:
    """Return the layer that begins with a digest, or the layer of a number (counted from 1, as they are shown)."""
    if wanted.isdecimal() and 1 <= int(wanted) <= len(image.layers):
        layer = image.layers[int(wanted) - 1]
    else:
        found = {one.digest: one for one in image.layers if one.digest and _begins(one.digest, wanted)}
        if len(found) != 1:
            raise UsageError(
                f"{len(found) or 'no'} layers begin with {wanted}", hint="Name one as `archive show` does."
            )
        (layer,) = found.values()
    if layer.empty or layer.missing:
        raise UsageError(f"the layer {wanted} is {'empty' if layer.empty else 'not in the archive'}: it has no files")
    return layer


def _begins(digest: str, wanted: str) -> bool:
    return digest.startswith(wanted) or digest.partition(":")[2].startswith(wanted)


def _told(images: Sequence[Image]) -> str:
    told = (" ".join(filter(None, (image.platform, *image.names, image.digest))) for image in images)
    return f"There are {', '.join(told)}."
