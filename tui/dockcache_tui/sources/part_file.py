"""A file that is written beside its place and put there whole."""

import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from dockcache_tui.core.errors import DockcacheError, UsageError
from dockcache_tui.sources.file_lock import lock

_PIECE = 1 << 20


class PartFile:
    """A `.part` held by one process; what was in it when it was opened can be gone on with."""

    def __init__(self, path: Path) -> None:
        """Open or make it; raises DockcacheError, and UsageError while another process writes it."""
        self.path = path
        self.size = 0
        self._sha256 = sha256()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b")
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            self._hold()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it; an empty one is not left behind."""
        if not self.size and self._is_there():
            self.path.unlink(missing_ok=True)
        self._file.close()

    @property
    def digest(self) -> str:
        """Return the sha256 of what is in it."""
        return f"sha256:{self._sha256.hexdigest()}"

    def fileno(self) -> int:
        """Return what a process can be told to write into."""
        return self._file.fileno()

    def grown(self) -> int:
        """Return its size after another process wrote into it; its digest is not known then."""
        self.size = os.fstat(self._file.fileno()).st_size
        return self.size

    def resume(self) -> None:
        """Go on with what is in it but the last byte, so that there is always something left to ask for."""
        try:
            self._file.truncate(max(0, os.fstat(self._file.fileno()).st_size - 1))
            while piece := self._file.read(_PIECE):
                self._sha256.update(piece)
                self.size += len(piece)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def empty(self) -> None:
        """Throw away what is in it; raises DockcacheError."""
        try:
            self._file.seek(0)
            self._file.truncate()
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.size = 0
        self._sha256 = sha256()

    def append(self, piece: bytes) -> None:
        """Write on; raises DockcacheError."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self._sha256.update(piece)
        self.size += len(piece)

    def head(self, count: int) -> bytes:
        """Return its first bytes; raises DockcacheError."""
        try:
            self._file.flush()
            return os.pread(self._file.fileno(), count, 0)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def finish(self, to: Path, *, replace: bool = False) -> None:
        """Put it in its place, over a file only when told; raises DockcacheError."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            if not replace:
                # An exclusive creation is the one way to claim a name that every file system has.
                to.open("xb").close()
            self.path.replace(to)
        except FileExistsError as error:
            raise taken(to) from error
        except OSError as error:
            raise unwritable(to, error) from error

    def _hold(self) -> None:
        try:
            lock(self._file, patience=0)
        except BlockingIOError as error:
            raise self._busy() from error
        except OSError as error:  # a file system may know no locks
            raise unwritable(self.path, error) from error
        if not self._is_there():
            raise self._busy()

    def _is_there(self) -> bool:
        """Tell whether the path leads to our file still: another process may have put it in its place meanwhile."""
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def _busy(self) -> UsageError:
        return UsageError(f"{self.path} is being written by another process", title="Someone else is writing it")


def taken(to: Path) -> UsageError:
    """Return the error for a file that is there already."""
    return UsageError(f"{to} is there already", title="The file exists", hint="Move it away, or ask to replace it.")


def unwritable(path: Path, error: OSError) -> DockcacheError:
    """Return the error for a file that can't be written."""
    return DockcacheError(
        f"{path} can't be written: {error.strerror}",
        title="Can't save the file",
        hint="Is the folder yours, and does it have room?",
    )
