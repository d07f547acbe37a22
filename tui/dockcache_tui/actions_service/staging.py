"""Uploads under way: blocks in any order, in parallel and again, until they are one whole, durable file."""

import errno
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from anyio import Lock
from anyio.to_thread import run_sync

_MIB = 1 << 20


class UploadError(Exception):
    """An upload that can't go on; str(error) is Azure's error code."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a block lies in the upload's file."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Whole:
    """What the last commit made of the blocks; durable on disk, visible to nobody."""

    path: Path
    regions: tuple[Region, ...]
    size: int


@dataclass(slots=True)
class Upload:
    """One upload: every block gets a region of its own, so a repeated or cut off one harms no other."""

    path: Path
    end: int = 0
    writers: int = 0
    blocks: dict[str, Region] = field(default_factory=dict)
    whole: Whole | None = None
    content_type: str = ""
    lock: Lock = field(default_factory=Lock)


class Staging:
    """The folder of uploads under way; they are forgotten when the process ends."""

    def __init__(self, folder: Path) -> None:
        """Sweep what an earlier process left."""
        self._folder = folder
        self._uploads: dict[str, Upload] = {}
        for leftover in folder.iterdir():
            leftover.unlink()

    def open(self, name: str) -> None:
        """Begin an upload."""
        self._uploads[name] = Upload(self._folder / name)

    def get(self, name: str) -> Upload:
        """Return an upload; raises UploadError when it is over or never was."""
        try:
            return self._uploads[name]
        except KeyError as error:
            raise UploadError("BlobNotFound") from error

    async def write(
        self, name: str, block: str, body: AsyncIterator[bytes], length: int, at: int | None = None
    ) -> None:
        """Take one block of `length` bytes, to a place of its own or to offset `at`; the last one of a name counts."""
        upload = self.get(name)
        region = Region(upload.end if at is None else at, length)
        upload.end = max(upload.end, region.offset + length)
        upload.writers += 1
        try:
            await _write(upload.path, region, body)
        except BaseException as error:
            if is_full(error) and self._uploads.get(name) is upload:
                # What came of it so far is what the disk lacks: it may begin anew.
                _discard(upload.path)
                self.open(name)
            if at is None and upload.end == region.offset + length:
                upload.end = region.offset
            raise
        finally:
            upload.writers -= 1
        upload.blocks[block] = region

    async def commit(self, name: str, blocks: Sequence[str]) -> None:
        """Make these blocks, in this order, the upload's content; raises UploadError for one that never came."""
        async with self.get(name).lock:
            upload = self.get(name)
            try:
                regions = tuple(upload.blocks[block] for block in blocks)
            except KeyError as error:
                raise UploadError("InvalidBlockList") from error
            path = upload.path if _in_place(regions) else _beside(upload.path)
            await run_sync(_settle, upload.path, path, regions)
            upload.whole = Whole(path, regions, sum(region.length for region in regions))

    async def publish(self, name: str, size: int, target: Path) -> None:
        """Move the committed content to its place, durably; raises UploadError when it is not of this size."""
        async with self.get(name).lock:
            upload = self.get(name)
            whole = upload.whole
            if whole is None or whole.size != size:
                raise UploadError("BlobNotFound")
            del self._uploads[name]
            source = whole.path
            try:
                if source == upload.path and (upload.writers or source.stat().st_size != size):
                    # A straggling, cut or unlisted block lies beyond the content, or may yet.
                    source = _beside(upload.path)
                    await run_sync(_settle, upload.path, source, whole.regions)
                await run_sync(_move, source, target)
            finally:
                _discard(upload.path)

    def drop(self, name: str) -> None:
        """Forget an upload."""
        upload = self._uploads.pop(name, None)
        if upload:
            _discard(upload.path)


def is_full(error: BaseException) -> bool:
    """Tell whether a disk, a quota or a file has no more room."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _beside(path: Path) -> Path:
    return path.with_suffix(".whole")


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)
    _beside(path).unlink(missing_ok=True)


async def _write(path: Path, region: Region, body: AsyncIterator[bytes]) -> None:
    """Write a body as it comes, in pieces of about 1 MiB; raises UploadError for one of another length."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        offset, end, pieces, held = region.offset, region.offset + region.length, list[bytes](), 0
        async for piece in body:
            pieces.append(piece)
            held += len(piece)
            if offset + held > end:
                raise UploadError("InvalidInput")
            if held >= _MIB:
                await run_sync(_write_all, file, pieces, offset)
                offset, pieces, held = offset + held, [], 0
        await run_sync(_write_all, file, pieces, offset)
        if offset + held != end:
            raise UploadError("InvalidInput")
    finally:
        os.close(file)


def _write_all(file: int, pieces: list[bytes], offset: int) -> None:
    view = memoryview(b"".join(pieces))
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written


def _in_place(regions: Sequence[Region]) -> bool:
    """Tell whether the file itself already begins with these regions, one after the other."""
    end = 0
    for region in regions:
        if region.offset != end:
            return False
        end += region.length
    return True


def _settle(source: Path, path: Path, regions: Sequence[Region]) -> None:
    """Put the regions together in another file where need be, and make the file durable."""
    source.touch(0o600)
    if path != source:
        with source.open("rb") as file, path.open("wb") as whole:
            for region in regions:
                _copy(file, whole, region)
    file_number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file_number)
    finally:
        os.close(file_number)


def _copy(source: BinaryIO, target: BinaryIO, region: Region) -> None:
    source.seek(region.offset)
    left = region.length
    while left:
        piece = source.read(min(_MIB, left))
        if not piece:
            raise UploadError("InvalidBlockList")
        target.write(piece)
        left -= len(piece)


def _move(source: Path, target: Path) -> None:
    source.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
