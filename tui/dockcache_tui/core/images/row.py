"""Archives as JSON and CSV give them; the names are stable, see docs/archives.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dockcache_tui.core.images.archive import Archive, Fault, Image, Layer

Row = Mapping[str, Any]

LAYER_COLUMNS = (
    "archive", "image", "platform", "names", "digest", "size", "diff_id", "unpacked_size",
    "media_type", "created_by", "created_at", "empty", "missing",
)  # fmt: skip
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
        "faults": [_fault(fault) for fault in archive.faults],
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
            yield {**whose, **_layer(layer)}


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
        "created_at": _time(image.created_at),
        "revision": image.revision or None,
        "attestation_of": image.attestation_of or None,
        "artifact_type": image.artifact or None,
        "missing": image.missing,
        "layers": [_layer(layer) for layer in image.layers],
    }


def _layer(layer: Layer) -> Row:
    return {
        "digest": layer.digest or None,
        "size": layer.size,
        "diff_id": layer.diff_id or None,
        "unpacked_size": layer.unpacked_size,
        "media_type": layer.media_type or None,
        "created_by": layer.created_by,
        "created_at": _time(layer.created_at),
        "empty": layer.empty,
        "missing": layer.missing,
    }


def _fault(fault: Fault) -> Row:
    return {
        "reason": fault.reason,
        "digest": fault.digest or None,
        "member": fault.member or None,
        "offset": fault.offset,
    }


def _time(moment: Any) -> str | None:
    return str(moment) if moment else None
