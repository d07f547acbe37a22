"""One engine for several processes at once: the last to leave puts it back as the first found it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dockcache_tui.lab.engine.daemons import LENT, running, stop
from dockcache_tui.lab.engine.home import Engine, at, claim, held
from dockcache_tui.lab.engine.making import provision
from dockcache_tui.sources.file_lock import lock


@contextmanager
def borrow(home: Path, say: Callable[[str], None], *, builders: bool = False) -> Iterator[Engine]:
    """Provision the engine and lend it; one that was not running is stopped by whoever leaves last."""

    def enter() -> Engine:
        was_running = running(at(home))
        engine = provision(home, say, builders=builders)
        if not was_running:
            (engine.run / LENT).touch()
        return engine

    def leave(engine: Engine) -> None:
        if (engine.run / LENT).exists():
            stop(engine)

    claim(home)
    with shared(home, enter, leave) as engine:
        yield engine


@contextmanager
def shared(home: Path, enter: Callable[[], Engine], leave: Callable[[Engine], None]) -> Iterator[Engine]:
    """Let processes in one at a time, and have the last of them to go call `leave`."""
    with (home / "users").open("w") as users:
        with held(home / "gate"):
            lock(users, shared=True)
            engine = enter()
        try:
            yield engine
        finally:
            with held(home / "gate"):
                if _alone(users.fileno()):
                    leave(engine)


def _alone(users: int) -> bool:
    try:
        lock(users, patience=0)
    except BlockingIOError:
        return False
    return True
