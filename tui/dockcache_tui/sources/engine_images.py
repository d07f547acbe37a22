"""The images of the engine that the docker command leads to: listed, loaded from archives, saved to archives."""

import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import msgspec

from dockcache_tui.core.archives.archive import Archive, ArchiveError, ArchiveKind, BrokenArchiveError, Fault, Image
from dockcache_tui.core.archives.engine_image import EngineImage, Loaded, LoadedImage, layers_there, moved_names
from dockcache_tui.core.archives.image_metadata import moment, revision_in
from dockcache_tui.core.archives.manifest import Document, decode
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.sources.archives.blobs import OpenArchive, open_blobs
from dockcache_tui.sources.archives.reading import archive_of
from dockcache_tui.sources.docker_cli import Docker, RunningCommand, explained
from dockcache_tui.sources.ending import check
from dockcache_tui.sources.part_file import PartFile, taken

Count = Callable[[int], None]
"""Told the bytes of each file that was written."""
Done = Callable[[int, int], None]
"""Told how many bytes were moved and how many there are; what it raises ends it."""
_PIECE = 1 << 20
_TRIES = 3
_LOOK = 0.1
"""Seconds between two looks at how much was written."""
_SNAPSHOTTER = "io.containerd.snapshotter"
_LOADED = "Loaded image"


def write_tar(blobs: OpenArchive, out: BinaryIO, count: Count) -> None:
    """Write all files; raises ArchiveError."""
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for name, size, stream in blobs.each_file():
            _add(tar, name, size, stream)
            count(size)


def write_saved(blobs: OpenArchive, images: Sequence[Image], out: BinaryIO, count: Count) -> None:
    """Write images of an OCI layout as `docker save` did before there were OCI layouts; raises ArchiveError."""
    saved, needed = [], dict[str, None]()
    for image in images:
        config = decode(blobs.document(image.digest), Document).config
        if config is None:
            raise ArchiveError(f"{image.digest} has no config")
        layers = [layer.digest for layer in image.layers if not layer.empty]
        needed |= dict.fromkeys((config.digest, *layers))
        names = [name for name in image.names if ":" in name.rpartition("/")[2]]
        saved.append({"Config": _path(config.digest), "RepoTags": names, "Layers": [_path(one) for one in layers]})
    manifest = json.dumps(saved).encode()
    with tarfile.open(fileobj=out, mode="w|") as tar:
        _add(tar, "manifest.json", len(manifest), BytesIO(manifest))
        for digest, stream in blobs.each(needed):
            _add(tar, _path(digest), blobs.size(digest), stream)
            count(blobs.size(digest))


def _path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(tar: tarfile.TarFile, name: str, size: int, stream: BinaryIO) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    tar.addfile(entry, stream)


class _RootFs(msgspec.Struct, rename="pascal"):
    layers: list[str] | None = None


class _Config(msgspec.Struct, rename="pascal"):
    labels: dict[str, str] | None = None


class _Inspected(msgspec.Struct, rename="pascal"):
    id: str
    repo_tags: list[str] | None = None
    created: str | None = None
    size: int = 0
    os: str = ""
    architecture: str = ""
    variant: str = ""
    root_f_s: _RootFs | None = msgspec.field(default=None, name="RootFS")
    config: _Config | None = None

    def image(self) -> EngineImage:
        labels = (self.config.labels if self.config else None) or {}
        return EngineImage(
            self.id,
            tuple(self.repo_tags or ()),
            self.size,
            moment(self.created or ""),
            "/".join(part for part in (self.os, self.architecture, self.variant) if part),
            tuple((self.root_f_s.layers if self.root_f_s else None) or ()),
            revision_in(labels),
        )


class EngineImages:
    """Speaks to the engine through the docker command."""

    def __init__(self, docker: Docker) -> None:
        self._docker = docker

    def all(self) -> tuple[EngineImage, ...]:
        """Return every image that is not only a part of another, newest first; raises SourceError."""
        for attempt in range(_TRIES):
            ids = list(dict.fromkeys(self._docker.run("image", "ls", "--quiet", "--no-trunc").split()))
            try:
                inspected = self._docker.run("image", "inspect", *ids) if ids else "[]"
            except SourceError as error:
                # One that was there a moment ago may be gone.
                if "no such image" not in str(error).lower() or attempt == _TRIES - 1:
                    raise
                continue
            return _decoded(inspected)
        raise AssertionError("the last try returns or raises")

    def load(self, path: Path, done: Done | None = None) -> Loaded:
        """Load an archive, and tell which of its layers were there already; raises DockcacheError."""
        with open_blobs(path) as blobs:
            archive = archive_of(path, blobs)
            images = [one for one in archive.images if one.layers and not one.missing and one.has_files]
            if archive.faults and not images:
                raise BrokenArchiveError(archive.faults[0])
            if archive.kind not in {ArchiveKind.DOCKER, ArchiveKind.OCI, ArchiveKind.DIR} or not images:
                raise UsageError(f"{path} is a {archive.kind.value} and holds no image", title="Nothing to load")
            for layer in (layer for one in images for layer in one.layers if layer.missing):
                # containerd's store takes an image without its layers, and fails when it is run.
                raise BrokenArchiveError(Fault("is not in the archive, so it can't be loaded", layer.digest))
            before = self.all()
            said, images = self._feed(path, blobs, archive, images, done)
        after = self.all()
        names = tuple(line.partition(": ")[2] for line in said.splitlines() if line.startswith(_LOADED))
        there = tuple(LoadedImage(one, layers_there(one, before)) for one in images)
        return Loaded(names, moved_names(before, after), there)

    def save(self, name: str, to: Path, done: Done | None = None, *, replace: bool = False) -> Path:
        """Save an image as an archive, whole or not at all, over a file only when told; raises DockcacheError.

        How much there will be is only guessed from the engine's figure.
        """
        if not replace and to.exists():
            raise taken(to)
        guess = _decoded(self._docker.run("image", "inspect", "--", name))[0].size
        with PartFile(to.with_name(f"{to.name}.part")) as part:
            part.empty()
            try:
                self._written(name, part, lambda size: done(size, max(size, guess)) if done else None)
                part.finish(to, replace=replace)
            except BaseException:
                part.empty()
                raise
        return to

    def _written(self, name: str, part: PartFile, told: Callable[[int], None]) -> None:
        """Let docker write an image into a file; raises SourceError."""
        command = self._docker.start("image", "save", "--", name, stdin=subprocess.DEVNULL, stdout=part.fileno())
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    _, said = command.process.communicate(timeout=_LOOK)
                    break
                told(part.grown())
            if command.process.returncode:
                check()
                raise explained(said.decode(errors="backslashreplace"))
            told(part.grown())
        finally:
            command.end()

    def _feed(
        self, path: Path, blobs: OpenArchive, archive: Archive, images: list[Image], done: Done | None
    ) -> tuple[str, list[Image]]:
        """Give `docker load` the archive; returns what it said, and the images that it was given."""
        if not blobs.flat and (blobs.has("manifest.json") or self._knows_layouts()):
            if path.is_file() and " in zip" not in archive.packing:
                with path.open("rb") as file:
                    return self._loaded(lambda out, count: _copy(file, out, count), archive.size, done), images
            return self._loaded(
                lambda out, count: write_tar(blobs, out, count), sum(blobs.sizes.values()), done
            ), images
        own = self._own(images)
        size = sum({layer.digest: layer.size for image in own for layer in image.layers}.values())
        return self._loaded(lambda out, count: write_saved(blobs, own, out, count), size, done), own

    def _knows_layouts(self) -> bool:
        """Tell whether the engine keeps images in containerd's store, which takes OCI layouts as they are."""
        return _SNAPSHOTTER in self._docker.run("info", "--format", "{{json .DriverStatus}}")

    def _own(self, images: list[Image]) -> list[Image]:
        """Return the images of the engine's platform; raises UsageError when there is none."""
        platform = self._docker.run("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}").strip()
        fits = [one for one in images if one.platform == platform] or [
            one for one in images if one.platform.startswith(f"{platform}/") or not one.platform
        ]
        if not fits:
            held = ", ".join(one.platform for one in images)
            raise UsageError(f"it holds images for {held}, and the engine is {platform}", title="Nothing to load")
        return fits

    def _loaded(self, write: Callable[[BinaryIO, Callable[[int], None]], None], size: int, done: Done | None) -> str:
        moved = 0

        def count(more: int) -> None:
            nonlocal moved
            moved += more
            if done:
                done(moved, max(moved, size))

        source, sink = os.pipe()
        out = os.fdopen(sink, "wb")
        try:
            try:
                command = self._docker.start("image", "load", stdin=source, stdout=subprocess.PIPE)
            finally:
                os.close(source)
            try:
                _pour(command, lambda: write(out, count), out)
                output, said = command.process.communicate()
            finally:
                command.end()
        finally:
            with suppress(BrokenPipeError):
                out.close()
        if command.process.returncode:
            check()
            raise explained(said.decode(errors="backslashreplace"))
        return output.decode(errors="backslashreplace")


def _pour(command: RunningCommand, write: Callable[[], None], out: BinaryIO) -> None:
    try:
        write()
        out.close()
    except BrokenPipeError:
        # An engine that refuses hangs up, and says why on stderr.
        return
    except BaseException:
        # Killed before it sees an end: half an archive must not be taken for a whole one.
        command.kill()
        raise


def _copy(file: BinaryIO, out: BinaryIO, count: Callable[[int], None]) -> None:
    while piece := file.read(_PIECE):
        out.write(piece)
        count(len(piece))


def _decoded(inspected: str) -> tuple[EngineImage, ...]:
    try:
        images = [one.image() for one in msgspec.json.decode(inspected, type=list[_Inspected])]
    except msgspec.MsgspecError as error:
        raise SourceError(f"docker described its images in an unexpected way: {error}") from error
    return tuple(sorted(images, key=lambda one: one.created_at.ns if one.created_at else 0, reverse=True))
