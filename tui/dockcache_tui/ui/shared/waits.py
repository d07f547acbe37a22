"""Daemon threads that ask the sources and tell the app in messages; none outlives the app or blocks its exit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic

from textual.message import Message

from dockcache_tui.core.errors import DockcacheError, SourceError, no_room
from dockcache_tui.sources.crash_log import write_crash
from dockcache_tui.sources.ending import Ended, Ending
from dockcache_tui.sources.secret import masked
from dockcache_tui.ui.actions import Place

Post = Callable[[Message], bool]
Told = Callable[[DockcacheError], Message]
TOLD_AFTER = 1.0
"""Seconds until the header says what is waited for."""
GRACE = 2.0
"""Seconds that a delete which is ended has for the request under way: what became of it is known then."""


def guarded(work: Callable[[], Message | None], failed: Told) -> Message | None:
    """Run work; what it raises becomes a message, a defect of ours too, so that the app and its work stay.

    Work that was ended tells nothing.
    """
    try:
        return work()
    except Ended:
        return None
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


@dataclass(frozen=True, eq=False)
class Wait:
    """Something asked of a source; before `usual` seconds are over it is neither told nor given up."""

    name: str
    given_up: Callable[[], None] | None = None
    """What else to do when it is given up; None for what may not be."""
    usual: float = TOLD_AFTER
    ending: Ending = field(default_factory=Ending)
    began: float = field(default_factory=monotonic)

    @property
    def seconds(self) -> float:
        """Return how long it has lasted."""
        return monotonic() - self.began

    @property
    def lasts(self) -> bool:
        """Tell whether it takes longer than usual."""
        return self.seconds >= self.usual

    def ends(self, tab: Place) -> bool:  # noqa: ARG002 - a reading is given up from anywhere
        """Tell whether Esc ends it while a tab is in sight."""
        return self.given_up is not None

    @property
    def told(self) -> str:
        """Return what it is, with its seconds."""
        return f"◌ {self.name} {self.seconds:.0f}s"


@dataclass(frozen=True, eq=False)
class Move(Wait):
    """Something moved or deleted: only in its own tab does Esc end it, and what came of it is told then too."""

    tab: Place = field(kw_only=True)
    ended: Message | None = None
    """Tells that it was ended, where the work does not tell of that itself."""
    done: Callable[[], str] = str
    """How far it is, in words."""

    def ends(self, tab: Place) -> bool:
        """Tell whether Esc ends it while a tab is in sight; asked again, it ends at once what has a moment to end."""
        return tab is self.tab and not self.ending.cut

    @property
    def told(self) -> str:
        """Return what it is, with how far it is and its seconds."""
        over = " (ending)" if self.ending.asked.is_set() else ""
        return f"▸ {' '.join(filter(None, (self.name, self.done())))} {self.seconds:.0f}s{over}"


class Waits:
    """What is waited for: told in the header when it lasts, ended when asked. Any thread may use it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waits: set[Wait] = set()

    def begin(self, wait: Wait) -> None:
        """Wait for something."""
        self._waits.add(wait)

    def end(self, wait: Wait) -> bool:
        """End a wait, and tell whether it was still under way."""
        there = wait in self._waits
        self._waits.discard(wait)
        return there

    def told(self, tab: Place) -> str:
        """Return what lasts, and whether Esc ends it in a tab; empty when nothing does."""
        lasting = [one for one in tuple(self._waits) if one.lasts]
        words = "  ".join(sorted(one.told for one in lasting))
        return f"{words} · esc ends it" if any(one.ends(tab) for one in lasting) else words

    def give_up(self, tab: Place) -> bool:
        """End each wait that lasts and ends in a tab, and tell whether there was one."""
        found = [one for one in tuple(self._waits) if one.lasts and one.ends(tab)]
        for one in found:
            forgotten = one.given_up is not None and self.end(one)  # first: its thread may end with what is asked
            one.ending.ask()
            if one.given_up and forgotten:
                one.given_up()
        return bool(found)

    def do(
        self,
        name: str,
        work: Callable[[], Message | None],
        post: Post,
        failed: Told,
        given_up: Callable[[], None] | None = None,
    ) -> None:
        """Work off the event loop; what was given up tells nothing at its end."""
        self._start(Wait(name, given_up), work, post, failed)

    def move(self, move: Move, work: Callable[[], Message | None], post: Post, failed: Told) -> None:
        """Move or delete something off the event loop."""

        def moved() -> Message | None:
            try:
                return work()
            except Ended:
                return move.ended

        self._start(move, moved, post, failed)

    def _start(self, wait: Wait, work: Callable[[], Message | None], post: Post, failed: Told) -> None:
        self.begin(wait)

        def waited() -> Message | None:
            with wait.ending.within():
                message = guarded(work, failed)
            return message if self.end(wait) else None

        Once(wait.name, waited, post, failed)


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
