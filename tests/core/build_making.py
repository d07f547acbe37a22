"""Progress made by hand, for builds that no engine makes on demand."""

from dockcache_tui.core.builds.progress import LogChunk, Progress, TransferUpdate, VertexUpdate
from dockcache_tui.core.instant import Instant


def vertex(name: str = "[1/2] RUN x", *, inputs: tuple[str, ...] = ("in",), **values: object) -> Progress:
    """Return one update of the vertex `v`; `started` and `completed` are whole seconds."""
    moments = {key: Instant(int(str(values.pop(key))) * 10**9) for key in ("started", "completed") if key in values}
    digest = str(values.pop("digest", "v"))
    return Progress(
        vertexes=(
            VertexUpdate(
                digest,
                name,
                inputs,
                moments.get("started"),
                moments.get("completed"),
                bool(values.get("cached")),
                str(values.get("error", "")),
            ),
        )
    )


def output(data: bytes, digest: str = "v") -> Progress:
    """Return a chunk of output of a vertex."""
    return Progress(logs=(LogChunk(digest, 1, data),))


def moved(id: str, current: int, total: int) -> Progress:  # noqa: A002 -- as in TransferUpdate
    """Return how far a transfer of `v` is."""
    return Progress(transfers=(TransferUpdate(id, "v", id, current, total),))
