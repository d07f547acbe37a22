"""Saves one file into a folder: never outside it, through no link, over nothing that was there unless told."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from dockcache_tui.core.archives.archive import ArchiveError


def save_file(parts: Iterable[bytes], name: str, to: Path, *, replace: bool) -> Path:
    """Write a file of this name into a folder and return where it is; on any error nothing is left behind."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ArchiveError(f"{name!r} is no file's name")
    path = to / name
    try:
        folder = os.open(to, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _save(parts, name, folder, replace=replace)
        finally:
            os.close(folder)
    except FileExistsError as error:
        raise ArchiveError(
            f"{path} is already there", title="The file was not saved", hint="Move it away, or say to replace it."
        ) from error
    except OSError as error:
        raise ArchiveError(
            f"{path} can't be written: {error.strerror}", title="The file was not saved", hint="Is the folder yours?"
        ) from error
    return path


def _save(parts: Iterable[bytes], name: str, folder: int, *, replace: bool) -> None:
    """Write beside the place first, then link there, which fails when something is there, or take its place."""
    part = f".{uuid4().hex}.part"
    # The rights of the image's file are not taken over: it may be meant for another user, or set an id.
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)
    try:
        with os.fdopen(file, "wb") as out:
            out.writelines(parts)
        if replace:
            os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)
