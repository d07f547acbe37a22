"""The images of the cases as docker's own engine has them, which looks for a name among its own images first."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from dockcache_tui.sources.docker_cli import Docker
from why.registry import Registry

_KEPT = "dockcache-why-kept:1"


@dataclass(frozen=True, slots=True)
class DockerImages(Registry):
    """A registry from which each image that is tagged is pulled as well."""

    docker: Docker
    names: set[str] = field(default_factory=set)
    """What docker calls them."""

    def tag(self, name: str, tag: str, variant: str) -> None:
        """Let NAME:TAG be a variant of busybox, in the registry and in docker."""
        Registry.tag(self, name, tag, variant)
        place = f"{self.address}/library/{name}:{tag}"
        self.docker.run("pull", "--quiet", place, timeout=120)
        self.docker.run("tag", place, f"{name}:{tag}")
        self.names.update((place, f"{name}:{tag}"))


@contextmanager
def docker_images(registry: Registry, docker: Docker, root: bytes) -> Iterator[DockerImages]:
    """Let docker have the busybox that the cases begin with, and in the end again the one that it had.

    It has a file of its own, so that nothing that was built before is built on it.
    """
    docker.run("tag", "busybox", _KEPT)
    registry.push_busybox(_with_own_file(root))
    images = DockerImages(registry.address, docker)
    try:
        for tag, variant in (("v1", "v1"), ("v2", "v2"), ("latest", "v1")):
            images.tag("busybox", tag, variant)
        yield images
    finally:
        docker.run("tag", _KEPT, "busybox")
        docker.run("rmi", *(images.names - {"busybox:latest"}), _KEPT)


def _with_own_file(root: bytes) -> bytes:
    content, packed = uuid4().bytes, io.BytesIO(root)
    with tarfile.open(fileobj=packed, mode="a") as tar:
        entry = tarfile.TarInfo("own")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
