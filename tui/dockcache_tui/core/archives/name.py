"""Names of images as people type them and as engines write them in full."""

from dataclasses import dataclass

from dockcache_tui.core.archives.archive import Image

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
