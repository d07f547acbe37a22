"""Whose files are looked at."""

from dataclasses import dataclass

MOST_LISTED = 50_000
"""Of a folder so many paths are listed."""
MOST_FOUND = 1_000
"""So many paths that hold a text are told."""


@dataclass(frozen=True, slots=True)
class Look:
    """The files of an archive's image, by digest, or of one layer of it."""

    path: str
    image: str
    layer: str = ""
