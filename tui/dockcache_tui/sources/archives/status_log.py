"""The log of a recorded build: StatusResponse messages, each after its length as a little-endian u32.

As buildx writes `application/vnd.buildkit.status.v0`.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

from google.protobuf.message import DecodeError

from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.images.archive import Fault
from dockcache_tui.core.images.errors import BrokenArchiveError
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import progress

_LENGTH = 4
MOST_LOG = 64 << 20
"""BuildKit itself keeps 2 MiB of a step's output unless told otherwise."""
MOST_THINGS = 100_000
"""Steps and transfers of one build."""


def read_status_log(stream: BinaryIO, digest: str) -> Iterator[Progress]:
    """Yield the messages; raises BrokenArchiveError where it can't be read on, or is not what its digest says."""
    hashed, at = sha256(), 0
    things: set[tuple[str, str]] = set()
    while prefix := stream.read(_LENGTH):
        length = int.from_bytes(prefix, "little")
        if at + length > MOST_LOG:
            raise _broken(f"the log goes on for {length:,} bytes, which is not read", digest, at)
        message = stream.read(length) if len(prefix) == _LENGTH else b""
        if len(prefix) < _LENGTH or len(message) < length:
            raise _broken("the log is cut", digest, at)
        try:
            said = progress(pb.StatusResponse.FromString(message))
        except DecodeError as error:
            raise _broken("a message that is no StatusResponse", digest, at) from error
        things.update((vertex.digest, "") for vertex in said.vertexes)
        things.update((chunk.vertex, "") for chunk in said.logs)
        things.update((transfer.vertex, transfer.id) for transfer in said.transfers)
        if len(things) > MOST_THINGS:
            raise _broken("more steps than any build has", digest, at)
        yield said
        hashed.update(prefix + message)
        at += _LENGTH + length
    if f"sha256:{hashed.hexdigest()}" != digest:
        raise _broken(f"its content has another digest: sha256:{hashed.hexdigest()}", digest, None)


def _broken(reason: str, digest: str, at: int | None) -> BrokenArchiveError:
    return BrokenArchiveError(Fault(reason, digest, offset=at))
