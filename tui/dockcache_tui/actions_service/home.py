"""The folder where one service keeps everything, held by one process at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import msgspec
from platformdirs import user_data_path

from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.sources.file_lock import locked


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs: its address without a trailing slash, and its repository as `owner/name`."""

    address: str
    repo: str


@dataclass(frozen=True, slots=True)
class Home:
    """A data folder: one SQLite file, finished blobs, uploads under way, and a secret that signs tokens and URLs."""

    folder: Path

    @classmethod
    def default(cls) -> "Home":
        """Return the folder on this platform's usual place."""
        return cls(user_data_path("dockcache-tui") / "service")

    @property
    def database(self) -> Path:
        """Return the SQLite file."""
        return self.folder / "service.sqlite3"

    @property
    def blobs(self) -> Path:
        """Return the folder of finished blobs."""
        return self.folder / "blobs"

    @property
    def staging(self) -> Path:
        """Return the folder of uploads under way."""
        return self.folder / "staging"

    def make(self) -> None:
        """Make the folders, for the user alone; raises UsageError where that can't be done."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.blobs.mkdir(exist_ok=True)
            self.staging.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.folder} can't be used: {error.strerror}") from error

    def secret(self) -> bytes:
        """Return the secret, made on first use."""
        place = self.folder / "secret"
        if not place.exists():
            self._put("secret", token_hex(32).encode())
        return place.read_bytes()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder; raises UsageError while another service does."""
        try:
            lock = locked(self.folder / "lock", patience=0)
        except BlockingIOError as error:
            hint = "Stop it, or name another folder with --data."
            raise UsageError(f"a service already runs on {self.folder}", hint=hint) from error
        with lock:
            yield

    def announce(self, running: Running) -> None:
        """Leave word for `service env`."""
        self._put("running.json", msgspec.json.encode(running))

    def running(self) -> Running:
        """Return the service that runs on this folder; raises SourceError when there is none."""
        try:
            with self.held():
                pass
        except UsageError:
            return msgspec.json.decode((self.folder / "running.json").read_bytes(), type=Running)
        except FileNotFoundError:
            pass
        raise SourceError(
            f"no service runs on {self.folder}",
            title="The Actions service is not running",
            hint="Start it with `dockcache-tui service`, and name its --data folder if it has one.",
        )

    def _put(self, name: str, content: bytes) -> None:
        fresh = self.folder / f".{name}.{token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(self.folder / name)
