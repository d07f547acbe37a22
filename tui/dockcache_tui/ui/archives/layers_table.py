"""What an archive holds, as rows and in the virtual table."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.binding import BindingType

from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Archive, Blob, Image, Layer
from dockcache_tui.core.field import ColumnLook, Field, Kind
from dockcache_tui.core.instant import Instant
from dockcache_tui.ui.table import READING_BINDINGS, Column, RecordTable, field_columns, in_order

Shared = Callable[[str], str]
"""Says by digest, in words, where else a layer is."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A group, an image, a layer of an image, or a blob; `size` in bytes as stored."""

    key: Hashable
    name: str
    size: int
    digest: str = ""
    unpacked: int | None = None
    depth: int = 0
    image: Image | None = None
    layer: Layer | None = None
    shared: str = ""
    state: str = ""
    fault: bool = False


LAYER_ROW_FIELDS: tuple[Field[LayerRow], ...] = (
    Field("name", Kind.TEXT, lambda row: row.name, "what it is", look=ColumnLook("Layer", weight=1, min_width=28)),
    Field("platform", Kind.TEXT, lambda row: row.image.platform if row.image else None, "the platform of its image"),
    Field(
        "digest",
        Kind.TEXT,
        lambda row: row.digest or None,
        "its digest",
        look=ColumnLook("Digest", width=12, priority=3),
    ),
    Field("size", Kind.SIZE, lambda row: row.size, "its bytes as stored", look=ColumnLook("Packed", width=9)),
    Field(
        "unpacked_size",
        Kind.SIZE,
        lambda row: row.unpacked,
        "the bytes of its tar",
        look=ColumnLook("Unpacked", width=10, priority=2),
    ),
    Field(
        "shared",
        Kind.TEXT,
        lambda row: row.shared or None,
        "where else it is",
        look=ColumnLook("Shared with", max_width=34, priority=1),
    ),
    Field(
        "state",
        Kind.TEXT,
        lambda row: row.state or None,
        "what is special about it",
        look=ColumnLook("State", max_width=30, priority=4),
    ),
)


def layer_rows(archive: Archive, shared: Shared) -> list[LayerRow]:
    """Return images and layers in their order, the faults, then blobs by size, those that nothing names first."""
    rows = [row for number, image in enumerate(archive.images) for row in _image(number, image, shared)]
    rows += [
        LayerRow(("fault", number), fault.reason, 0, fault.digest, state=_where(fault.member, fault.offset), fault=True)
        for number, fault in enumerate(archive.faults)
    ]
    layers = {layer.digest for image in archive.images for layer in image.layers}
    loose = [blob for blob in archive.blobs if not blob.named]
    rest = [blob for blob in archive.blobs if blob.named and blob.digest not in layers]
    return [*rows, *_blobs("that nothing names", loose, shared), *_blobs("besides layers", rest, shared)]


def _image(number: int, image: Image, shared: Shared) -> Iterator[LayerRow]:
    name = " · ".join(filter(None, (image.platform or "unknown platform", *image.names)))
    if image.attestation_of:
        name = f"attestations of {wording.short_digest(image.attestation_of)}"
    elif image.artifact:
        name = " · ".join(("artifact", image.artifact, *image.names))
    packed = sum({layer.digest: layer.size for layer in image.layers}.values())
    sizes = [layer.unpacked_size for layer in image.layers if not layer.empty]
    unpacked = sum(size or 0 for size in sizes) if sizes and None not in sizes else None
    state = "not in the archive" if image.missing else f"of {image.revision[:12]}" if image.revision else ""
    yield LayerRow(("image", number), name, packed, image.digest, unpacked, 0, image, state=state)
    for position, layer in enumerate(image.layers):
        told = "empty" if layer.empty else "not in the archive" * layer.missing
        yield LayerRow(
            ("layer", number, position),
            layer.created_by or layer.media_type or "layer",
            layer.size,
            layer.digest,
            layer.unpacked_size,
            1,
            image,
            layer,
            "" if layer.empty else shared(layer.digest),
            told,
            fault=layer.missing,
        )


def _blobs(what: str, blobs: list[Blob], shared: Shared) -> Iterator[LayerRow]:
    if not blobs:
        return
    ordered = sorted(blobs, key=lambda blob: (-blob.size, blob.digest))
    total = sum(blob.size for blob in blobs)
    yield LayerRow(("blobs", what), f"{wording.count(len(blobs), 'blob')} {what}", total)
    for blob in ordered:
        name = blob.media_type or "blob"
        yield LayerRow(("blob", blob.digest), name, blob.size, blob.digest, depth=1, shared=shared(blob.digest))


def _where(member: str, offset: int | None) -> str:
    return " ".join(filter(None, (member, f"at byte {offset:,}" if offset is not None else "")))


STEP = "  "


class LayersTable(RecordTable[LayerRow], inherit_bindings=False):
    """One row an image, a layer or a blob."""

    BINDINGS: ClassVar[list[BindingType]] = READING_BINDINGS
    DEFAULT_CSS: ClassVar[str] = "LayersTable { height: 1fr; }"

    def __init__(self) -> None:
        """Declare the columns."""
        super().__init__(_columns(), key=lambda row: row.key, id="layers")


def _style(row: LayerRow) -> str:
    if row.fault:
        return "record-table--bad"
    if row.layer and row.layer.empty:
        return "record-table--muted"
    return "" if row.depth else "record-table--accent"


def _columns() -> tuple[Column[LayerRow], ...]:
    columns: dict[str, Column[LayerRow]] = field_columns(LAYER_ROW_FIELDS, lambda row: row, Instant.now)
    columns["name"] = replace(columns["name"], prefix=lambda row: STEP * row.depth, style=_style)
    columns["size"] = replace(
        columns["size"],
        text=lambda row: "" if row.fault or (row.layer and row.layer.empty) else wording.size(row.size),
    )
    columns["digest"] = replace(columns["digest"], text=lambda row: row.digest.removeprefix("sha256:")[:12])
    columns["state"] = replace(columns["state"], style=_style)
    columns["shared"] = replace(columns["shared"], sort_key=None)  # room for an arrow would cost the digest at 80 cells
    return in_order(columns, "name", "size", "unpacked_size", "digest", "shared", "state")
