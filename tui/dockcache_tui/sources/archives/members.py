"""What an archive is asked for, however it is packed: named members, their sizes and bytes."""

import io
from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from dockcache_tui.core.archives.archive import FaultList

DOCUMENT = 8 << 20
"""A JSON document may be so large; engines refuse manifests of half of that."""
MAX_MEMBERS = 100_000
MAX_NAMES = 16 << 20
"""Characters of all members' names together."""


class Members(Protocol):
    """An open archive. A name is relative, with single slashes, and leads nowhere outside."""

    packing: str
    faults: FaultList
    size: int
    """Bytes of the whole as it lies there."""

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each member."""

    def open(self, name: str) -> io.BufferedReader:
        """Return a member's bytes, seekable where the packing lets it; raises KeyError when there is none."""

    def head(self, name: str) -> bytes:
        """Return a member's first bytes, as many as tell its packing, without unpacking what lies before them again."""

    def each(self, names: Collection[str]) -> Iterator[tuple[str, io.BufferedReader]]:
        """Return several members in the order in which they lie there, unpacking once; use each before the next."""

    def close(self) -> None:
        """Close it, and what was opened of it."""


def clean(name: str) -> str:
    """Return a member's name without `./` and needless slashes; empty for one that leads outside or nowhere."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return "" if name.startswith("/") or ".." in parts or "\0" in name else "/".join(parts)
