"""Daemon threads that ask the sources and tell the app in messages; none outlives the app or blocks its exit."""

from collections.abc import Callable
from threading import Event, Thread

from textual.message import Message

from dockcache_tui.core.errors import DockcacheError, no_room
from dockcache_tui.sources.crash_log import write_crash
from dockcache_tui.sources.secret import masked

Post = Callable[[Message], bool]
Told = Callable[[DockcacheError], Message]


def guarded(work: Callable[[], Message | None], failed: Told) -> Message | None:
    """Run work; what it raises becomes a message, a defect of ours too, so that the app and its work stay."""
    try:
        return work()
    except DockcacheError as error:
        return failed(error)
    except Exception as defect:  # noqa: BLE001 - a thread's traceback would garble the screen
        return failed(told(defect))


def told(defect: BaseException) -> DockcacheError:
    """Keep the traceback of a defect in a file, and return the defect as an error that names the file."""
    if full := no_room(defect):
        return full
    log = write_crash(defect)
    hint = f"Please report it with {log}" if log else "Please report it."
    return DockcacheError(masked(f"{type(defect).__name__}: {defect}"), title="A defect of dockcache-tui", hint=hint)


class Once(Thread):
    """One piece of work off the event loop."""

    def __init__(self, name: str, work: Callable[[], Message | None], post: Post, failed: Told) -> None:
        """Start at once."""
        super().__init__(name=name, daemon=True)
        self._work, self._post, self._failed = work, post, failed
        self.start()

    def run(self) -> None:
        """Work and tell."""
        if message := guarded(self._work, self._failed):
            self._post(message)


class Poller(Thread):
    """One source read over and over, every `seconds` or when asked, until stopped."""

    def __init__(self, name: str, read: Callable[[], Message | None], post: Post, failed: Told, seconds: float) -> None:
        """Take what to read and how to tell of it."""
        super().__init__(name=name, daemon=True)
        self._read, self._post, self._failed, self._seconds = read, post, failed, seconds
        self._asked, self._stopped = Event(), Event()
        self.paused = False

    def ask(self) -> None:
        """Read again now."""
        self._asked.set()

    def stop(self) -> None:
        """End after the reading under way; it tells nothing more."""
        self._stopped.set()
        self._asked.set()

    @property
    def stopped(self) -> bool:
        """Tell whether it was told to stop."""
        return self._stopped.is_set()

    def run(self) -> None:
        """Read, tell, wait."""
        while not self.stopped:
            message = guarded(self._read, self._failed)
            if message and not self.stopped:
                self._post(message)
            while not self._asked.wait(self._seconds) and self.paused:
                pass
            self._asked.clear()
