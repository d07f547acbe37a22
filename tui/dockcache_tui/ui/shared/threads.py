"""Daemon threads that ask the sources and tell the app in messages; none outlives the app or blocks its exit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic

from textual.message import Message

from dockcache_tui.core.errors import DockcacheError, SourceError, no_room
from dockcache_tui.sources.crash_log import write_crash
from dockcache_tui.sources.secret import masked

Post = Callable[[Message], bool]
Told = Callable[[DockcacheError], Message]
TOLD_AFTER = 1.0
"""Seconds until the header says what is waited for."""


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


@dataclass(frozen=True, eq=False, slots=True)
class Wait:
    """Something asked of a source; before `usual` seconds are over it is neither told nor given up."""

    name: str
    given_up: Callable[[], None] | None
    """What to do when it is given up; None for what may not be."""
    usual: float
    began: float = field(default_factory=monotonic)

    @property
    def seconds(self) -> float:
        """Return how long it has lasted."""
        return monotonic() - self.began

    @property
    def lasts(self) -> bool:
        """Tell whether it takes longer than usual."""
        return self.seconds >= self.usual


class Waits:
    """What is waited for: told in the header when it lasts, given up when asked. Any thread may use it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waits: set[Wait] = set()

    def begin(self, name: str, given_up: Callable[[], None] | None = None, usual: float = TOLD_AFTER) -> Wait:
        """Wait for something."""
        wait = Wait(name, given_up, usual)
        self._waits.add(wait)
        return wait

    def end(self, wait: Wait) -> bool:
        """End a wait, and tell whether it was still under way."""
        there = wait in self._waits
        self._waits.discard(wait)
        return there

    @property
    def told(self) -> str:
        """Return what lasts, with its seconds; empty when nothing does."""
        lasting = [(one.name, one.seconds) for one in tuple(self._waits) if one.lasts]
        return "  ".join(f"◌ {name} {seconds:.0f}s" for name, seconds in sorted(lasting))

    def give_up(self) -> bool:
        """Give up each wait that lasts and may be given up, and tell whether there was one."""
        found = False
        for one in tuple(self._waits):
            if one.given_up and one.lasts and self.end(one):
                one.given_up()
                found = True
        return found

    def do(
        self,
        name: str,
        work: Callable[[], Message | None],
        post: Post,
        failed: Told,
        given_up: Callable[[], None] | None = None,
    ) -> None:
        """Work off the event loop; what was given up tells nothing at its end."""
        wait = self.begin(name, given_up)

        def waited() -> Message | None:
            message = guarded(work, failed)
            return message if self.end(wait) else None

        Once(name, waited, post, failed)


class NotReadError(SourceError):
    """A reading that was given up."""

    title = "Not read"


def unread() -> NotReadError:
    """Return the error for a reading that was given up."""
    return NotReadError("you ended the wait", hint="Press r to read again.")


def forget() -> None:
    """Give up the wait, and do nothing else."""


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
