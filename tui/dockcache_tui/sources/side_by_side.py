"""Work of several threads at once, none of which keeps the process from ending or an interrupt waiting."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

T = TypeVar("T")
A = TypeVar("A")


class SideBySide:
    """Up to `most` daemon threads. The standard library's pool joins its threads when the process ends."""

    def __init__(self, most: int, name: str) -> None:
        """Start threads as they are needed."""
        self._most, self._name = most, name
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = Lock()
        self._threads = 0

    def submit(self, work: Callable[..., T], *words: Any) -> "Future[T]":
        """Begin as soon as a thread is free."""
        future: Future[T] = Future()
        context = copy_context()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(context.run(work, *words))
                except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                    future.set_exception(error)

        self._work.put(run)
        with self._lock:
            if self._threads < self._most:
                self._threads += 1
                Thread(target=self._serve, name=self._name, daemon=True).start()
        return future

    def close(self) -> None:
        """End each thread once it is free; what has not begun then is done before."""
        for _ in range(self._threads):
            self._work.put(None)

    def drop(self) -> None:
        """Begin nothing more, and end each thread once it is free."""
        with suppress(Empty):
            while True:
                self._work.get_nowait()
        self.close()

    def _serve(self) -> None:
        while work := self._work.get():
            work()


def everywhere(work: Callable[[A], T], places: Iterable[A], name: str) -> list[T]:
    """Do the same in all places at once and return what came of it, in their order; raises what the work raised."""
    asked = list(places)
    threads = SideBySide(len(asked), name)
    try:
        return [future.result() for future in [threads.submit(work, place) for place in asked]]
    finally:
        threads.drop()
