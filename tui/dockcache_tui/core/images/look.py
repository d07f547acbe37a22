"""Whose files are looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """The files of an archive's image, by digest, or of one layer of it."""

    path: str
    image: str
    layer: str = ""
