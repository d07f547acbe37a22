"""A stream whose digest is taken while it is read."""

import io
from collections.abc import Callable
from hashlib import new
from typing import Any

from dockcache_tui.sources.archives.unpacking import fill


class Hashing(io.RawIOBase):
    """Passes a stream on, counts its bytes, tells the count to `done` and takes their digest."""

    def __init__(
        self, stream: io.BufferedIOBase, done: Callable[[int], None] | None = None, algorithm: str = "sha256"
    ) -> None:
        """Take a stream at its first byte."""
        self._stream, self._done, self.algorithm = stream, done, algorithm
        self._hash = new(algorithm)
        self.count = 0

    @property
    def digest(self) -> str:
        """Return the digest of what was read."""
        return f"{self.algorithm}:{self._hash.hexdigest()}"

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read on."""
        count = fill(self._stream, buffer)
        self._hash.update(memoryview(buffer)[:count])
        self.count += count
        if self._done:
            self._done(self.count)
        return count
