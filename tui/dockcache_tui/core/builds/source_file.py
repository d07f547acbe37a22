"""A file that a build was told from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A Dockerfile as the frontend read it, unsafe to print as it is."""

    name: str
    text: str
