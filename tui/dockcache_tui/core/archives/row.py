"""Archives, their files and build records as JSON and CSV give them; the names are stable, see docs/archives.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Archive, BuildRecord, Fault, Image
from dockcache_tui.core.archives.diff import FileDiff, ImageDiff, LayerDiff, verdict
from dockcache_tui.core.archives.engine_image import Loaded
from dockcache_tui.core.archives.fields import FILE_FIELDS, LAYER_FIELDS
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, LayerChange, TreeEntry, xattr_text
from dockcache_tui.core.builds.fields import STEP_FIELDS, whole_build
from dockcache_tui.core.field import json_row, names

Row = Mapping[str, Any]

LAYER_COLUMNS = ("archive", "image", "platform", "names", *names(LAYER_FIELDS))
"""The columns of a layer as a line of CSV."""


def archive_row(archive: Archive) -> Row:
    """Return an archive with its images, blobs and faults: sizes in bytes, times RFC 3339 in UTC."""
    return {
        "path": archive.path,
        "kind": archive.kind.value,
        "packing": archive.packing,
        "size": archive.size,
        "modified_at": str(archive.modified_at),
        "images": [_image(image) for image in archive.images],
        "blobs": [
            {"digest": blob.digest, "size": blob.size, "media_type": blob.media_type, "named": blob.named}
            for blob in archive.blobs
        ],
        "builds": list(archive.builds),
        "branches": [branch.ref for branch in archive.branches],
        "faults": [fault_row(fault) for fault in archive.faults],
    }


def layer_rows(archive: Archive) -> Iterator[Row]:
    """Return a flat row for each layer of each image."""
    for image in archive.images:
        whose = {
            "archive": archive.path,
            "image": image.digest,
            "platform": image.platform,
            "names": list(image.names),
        }
        for layer in image.layers:
            yield whose | json_row(LAYER_FIELDS, layer)


def archive_totals(archives: Sequence[Archive]) -> Row:
    """Return the sums of several archives; `unnamed_size` are the bytes of blobs that nothing leads to."""
    return {
        "count": len(archives),
        "size": sum(archive.size for archive in archives),
        "images": sum(image.has_files for archive in archives for image in archive.images),
        "unnamed_size": sum(blob.size for archive in archives for blob in archive.blobs if not blob.named),
        "faults": sum(len(archive.faults) for archive in archives),
    }


def _image(image: Image) -> Row:
    return {
        "digest": image.digest,
        "platform": image.platform or None,
        "names": list(image.names),
        "labels": dict(image.labels),
        "created_at": str(image.created_at) if image.created_at else None,
        "revision": image.revision or None,
        "attestation_of": image.attestation_of or None,
        "artifact_type": image.artifact or None,
        "missing": image.missing,
        "layers": [json_row(LAYER_FIELDS, layer) for layer in image.layers],
    }


def image_diff_row(diff: ImageDiff) -> Row:
    """Return one platform of two archives; null on the side that lacks it."""
    return {
        "platform": diff.platform or None,
        "first": diff.first.digest if diff.first else None,
        "second": diff.second.digest if diff.second else None,
        "verdict": verdict(diff),
        "counts": dict(diff.counts),
        "layers": [_layer_row(layer) for layer in diff.layers],
        "config": list(diff.config),
        "paths": diff.paths,
        "files": [_diff_row(file) for file in diff.files],
        "files_left_off": diff.left_off,
    }


def fault_row(fault: Fault) -> Row:
    """Return what is wrong, and where."""
    place = {"digest": fault.digest or None, "member": fault.member or None, "offset": fault.offset}
    return {"reason": fault.reason, **place}


def name_marks(entry: FileEntry) -> str:
    """Return what follows a path where people read it: a folder's slash, where a link leads, extended attributes."""
    link = f" -> {entry.link}" if entry.link else "/" * (entry.kind is FileKind.FOLDER)
    return link + "".join(f" [{name}={xattr_text(name, value)}]" for name, value in entry.xattrs)


def size_of(tree: TreeEntry) -> str:
    """Return a size as people read it, of a device its numbers as `ls -l` has them there."""
    return tree.entry.device[2:] or wording.size(tree.size)


def _layer_row(layer: LayerDiff) -> Row:
    one = layer.first or layer.second
    return {
        "digest": one.digest if one else None,
        "first": layer.first is not None,
        "second": layer.second is not None,
        "size": one.size if one else None,
        "created_by": one.created_by if one else "",
    }


def _diff_row(file: FileDiff) -> Row:
    return {
        "path": file.path,
        "differs": list(file.differs),
        "first": _entry_row(file.first),
        "second": _entry_row(file.second),
    }


def _entry_row(entry: FileEntry | None) -> Row | None:
    if entry is None:
        return None
    row = json_row(FILE_FIELDS, TreeEntry(entry, "", LayerChange.SAME, entry.size))
    return {name: value for name, value in row.items() if name not in {"path", "change", "wasted", "layer"}}


def record_row(record: BuildRecord, *, logs: bool = False) -> Row:
    """Return a recorded build with its steps, with `logs` also what each said."""
    build = {name: value for name, value in whole_build(record.build).items() if name not in {"schema", "step_list"}}
    said = {step.digest: list(record.log(step.digest).lines) for step in record.build.steps} if logs else {}
    return {
        **build,
        "imports": list(record.imports),
        "files": [{"name": file.name, "text": file.text} for file in record.files],
        "warnings": [warning.short for warning in record.warnings],
        "faults": [str(fault) for fault in record.faults],
        "step_list": [
            {**json_row(STEP_FIELDS, step), **({"log": said[step.digest]} if logs else {})}
            for step in record.build.steps
        ],
    }


def loaded_rows(loaded: Loaded) -> Iterator[Row]:
    """Return each layer of each image with whether the engine had it before; null for an empty one."""
    for one in loaded.images:
        for layer, there in zip(one.image.layers, one.there, strict=True):
            yield {
                "image": one.image.digest,
                "platform": one.image.platform or None,
                "digest": layer.digest or None,
                "diff_id": layer.diff_id or None,
                "size": layer.size,
                "created_by": layer.created_by,
                "there": there,
            }
