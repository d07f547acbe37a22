"""An archive as people read it."""

from dockcache_tui.cli.output import print_line, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.images.archive import Archive, Image, Layer

_SHORT = len("sha256:") + 12


def print_archive(archive: Archive) -> None:
    """Print an archive's images with their layers, its builds, and what nothing leads to."""
    on = "".join(f", on {branch.short}" for branch in archive.branches[:1])
    print_line(f"{archive.path}: {archive.kind.value}, {archive.packing}, {wording.size(archive.size)}{on}")
    for image in archive.images:
        print_line("")
        print_line(_headline(image))
        if image.layers:
            _print_layers(image.layers)
    for ref in archive.builds:
        print_line("")
        print_line(f"build {ref or '(its record can not be read)'}")
    if unnamed := [blob for blob in archive.blobs if not blob.named]:
        print_line("")
        print_line(f"{wording.count(len(unnamed), 'blob')} that nothing leads to:")
        rows = [(blob.digest, wording.size(blob.size)) for blob in unnamed]
        print_table(("DIGEST", "SIZE"), rows, right=("SIZE",))


def _headline(image: Image) -> str:
    if image.attestation_of:
        return f"attestations of {image.attestation_of[:_SHORT]}"
    what = f"artifact {image.artifact}" if image.artifact else image.platform or "image"
    parts = [what, image.digest[:_SHORT], *image.names]
    if image.revision:
        parts.append(f"revision {image.revision}")
    if image.missing:
        parts.append("not in the archive")
    return "  ".join(parts)


def _print_layers(layers: tuple[Layer, ...]) -> None:
    rows = [
        (
            str(number),
            layer.digest[:_SHORT] or "–",
            "empty" if layer.empty else "missing" if layer.missing else wording.size(layer.size),
            "–" if layer.unpacked_size is None else wording.size(layer.unpacked_size),
            layer.created_by or layer.media_type or "–",
        )
        for number, layer in enumerate(layers, 1)
    ]
    head = ("#", "DIGEST", "SIZE", "UNPACKED", "CREATED BY")
    print_table(head, rows, right=("#", "SIZE", "UNPACKED"))
