"""Compares the images of two archives, file by file from their indexes."""

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from dockcache_tui.core.archives.archive import ArchiveError, Image
from dockcache_tui.core.archives.diff import (
    MAX_FILES,
    ArchiveDiff,
    ImageDiff,
    Json,
    counted,
    diff_configs,
    diff_files,
    diff_layers,
    pairs_of,
    same_layers,
)
from dockcache_tui.core.archives.file_entry import FileEntry, LayerChange
from dockcache_tui.sources.archives.blobs import OpenArchive, open_blobs
from dockcache_tui.sources.archives.image_files import Done, ImageFiles


def diff_archives(
    files: ImageFiles,
    first: Path,
    second: Path,
    done: Done | None = None,
    only: Collection[str] = (),
    most: int = MAX_FILES,
) -> ArchiveDiff:
    """Compare two archives platform by platform; `only` names in what the paths that are told differ."""
    archives = files.archive(first), files.archive(second)
    pairs = pairs_of(archives[0].images, archives[1].images)
    found = [_diffed(files, (first, one), (second, other), done, only, most) for one, other in pairs]
    faults = [fault for archive in archives for fault in archive.faults]
    for diff in found:
        if diff.first and diff.second and not same_layers(diff.first, diff.second):
            faults += (
                files.contents(first, diff.first.digest).faults + files.contents(second, diff.second.digest).faults
            )
    return ArchiveDiff(tuple(found), tuple(dict.fromkeys(faults)))


def _diffed(
    files: ImageFiles,
    first: tuple[Path, Image | None],
    second: tuple[Path, Image | None],
    done: Done | None,
    only: Collection[str],
    most: int,
) -> ImageDiff:
    (path, one), (other_path, other) = first, second
    if one is None or other is None:
        present = one or other
        return ImageDiff(present.platform if present else "", one, other, (), ())
    if same_layers(one, other):
        kept, counts, left_off, paths = counted((), most)
    else:
        walks = _present(files, path, one, done), _present(files, other_path, other, done)
        kept, counts, left_off, paths = counted(diff_files(*walks), most, only)
    config = () if one.digest == other.digest else diff_configs(_config(path, one), _config(other_path, other))
    platform = one.platform or other.platform
    return ImageDiff(platform, one, other, diff_layers(one, other), kept, config, counts, left_off, paths)


def _present(files: ImageFiles, path: Path, image: Image, done: Done | None) -> Iterator[FileEntry]:
    tree = files.walk(path, image.digest, done=done)
    return (one.entry for one in tree if one.change is not LayerChange.REMOVED)


def _config(path: Path, image: Image) -> Json:
    """Return an image's config, nothing when it can't be read: the archive's faults tell why."""
    with open_blobs(path) as blobs:
        try:
            return _decoded(blobs, image.digest)
        except (ArchiveError, msgspec.MsgspecError, RecursionError):
            return None


def _decoded(blobs: OpenArchive, digest: str) -> Json:
    document: Json = msgspec.json.decode(blobs.document(digest))
    # A manifest leads to the config; `docker save` of old names the config itself, whose `config` has no digest.
    inner = document.get("config") if isinstance(document, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("digest"), str):
        document = msgspec.json.decode(blobs.document(inner["digest"]))
    return document
