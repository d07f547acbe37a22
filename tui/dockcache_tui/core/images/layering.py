"""An image's layers, from its manifest, config and history."""

from collections.abc import Container, Sequence

from dockcache_tui.core.images.archive import Layer
from dockcache_tui.core.images.manifest import Config, Descriptor, History
from dockcache_tui.core.instant import Instant

_PACKED = (".gzip", ".bzip2", ".xz", ".zstd")
PLAIN_TAR = ("application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar")


def layers_of(stored: Sequence[Descriptor], config: Config, here: Container[str]) -> tuple[Layer, ...]:
    """Return a layer for each step of the history, empty ones too, and for each blob it does not tell of.

    `here` are the digests of the blobs that the archive holds.
    """
    layers = []
    left = list(zip(stored, _padded(config.diff_ids, len(stored)), strict=True))[::-1]
    for step in config.history or []:
        if step.empty_layer:
            layers.append(Layer("", 0, created_by=step.created_by, created_at=moment(step.created), empty=True))
        elif left:
            layers.append(_layer(*left.pop(), step, here))
    layers += [_layer(*one, History(), here) for one in reversed(left)]
    return tuple(layers)


def moment(text: str) -> Instant | None:
    """Read a time, None for none, for Go's year 1 and for what is no time."""
    try:
        return None if text.startswith("0001-") else Instant.parse(text)
    except (ValueError, OverflowError):
        return None


def _layer(blob: Descriptor, diff_id: str, step: History, here: Container[str]) -> Layer:
    return Layer(
        digest=blob.digest,
        size=blob.size,
        diff_id=diff_id,
        unpacked_size=blob.size if _is_plain(blob, diff_id) else None,
        media_type=blob.media_type,
        created_by=step.created_by,
        created_at=moment(step.created),
        missing=blob.digest not in here,
    )


def _is_plain(blob: Descriptor, diff_id: str) -> bool:
    """Tell whether a blob is a tar; the digest of its tar may stand for that of a packed one (see docker_save)."""
    return blob.media_type in PLAIN_TAR or (diff_id == blob.digest and not blob.media_type.endswith(_PACKED))


def _padded(texts: list[str], length: int) -> list[str]:
    return (texts + [""] * length)[:length]
