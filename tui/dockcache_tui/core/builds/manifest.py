"""The files of a build context as they were when a build began."""

import stat
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextFile:
    """One file, folder or symlink; a folder's `sha256` is empty, a symlink's is that of its target."""

    path: str
    """Relative, with slashes; bytes that are no UTF-8 as surrogates (os.fsdecode)."""
    mode: int
    """Type and permissions, as in stat."""
    size: int = 0
    sha256: str = ""
    """Hexadecimal; empty for a file that could not be read."""
    link: str = ""
    error: str = ""

    @property
    def is_folder(self) -> bool:
        """Tell whether it is a folder."""
        return stat.S_ISDIR(self.mode)


@dataclass(frozen=True, slots=True)
class ContextManifest:
    """All that a context sends, by path in byte order; `root` is the folder's own path."""

    root: str
    files: tuple[ContextFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ContextChange:
    """A path whose content or mode differs between two contexts; None where it is not there."""

    path: str
    before: ContextFile | None
    after: ContextFile | None


def changes(before: ContextManifest, after: ContextManifest) -> tuple[ContextChange, ...]:
    """Return what differs between two contexts, by path."""
    old = {file.path: file for file in before.files}
    new = {file.path: file for file in after.files}
    return tuple(
        ContextChange(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )
