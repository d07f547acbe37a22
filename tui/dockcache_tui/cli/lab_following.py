"""Follows a run of the lab on stderr, and lets signals end it in order."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dockcache_tui.cli.output import cut, narrate
from dockcache_tui.core import wording
from dockcache_tui.core.lab.run import LabProgress, LabRun
from dockcache_tui.core.literal import literal
from dockcache_tui.lab.experiments.protocol import RunningLab


def follow(running: RunningLab) -> LabRun:
    """Follow a run to its end, telling each job as it ends, and in a terminal what happens meanwhile."""
    line = _Line()
    with _canceling(running):
        for progress in running:
            if progress.finished:
                line.keep(_finished(progress))
            else:
                line.show(_meanwhile(progress))
    line.show("")
    return running.result()


class _Line:
    """The last line of a terminal, written over and over; elsewhere only what is kept is written."""

    def __init__(self) -> None:
        self._moves = sys.stderr.isatty()

    def show(self, text: str) -> None:
        if self._moves:
            sys.stderr.write(f"\r\x1b[K{cut(literal(text), 79)}")
            sys.stderr.flush()

    def keep(self, text: str) -> None:
        self.show("")
        narrate(text)


def _finished(progress: LabProgress) -> str:
    job = progress.finished
    if job is None:
        return ""
    counts = job.counts
    packages = counts.own + counts.dependencies + counts.standard
    work = f"{wording.count(counts.modules, 'module')}, {wording.count(packages, 'package')}" if job.build else ""
    return (
        f"[{progress.done}/{progress.jobs}] {job.situation.label}, {job.experiment}, {job.job}:"
        f" {job.error or ', '.join(filter(None, (wording.span(job.split.total), work)))}{_left(progress)}"
    )


def _meanwhile(progress: LabProgress) -> str:
    where = f"[{progress.done}/{progress.jobs}] {progress.workflow.experiment}, {progress.job}"
    return f"{where}{_left(progress)}: {progress.phase}"


def _left(progress: LabProgress) -> str:
    return "" if progress.eta is None else f" (about {wording.span(progress.eta)} left)"


@contextmanager
def _canceling(running: RunningLab) -> Iterator[None]:
    """Let ctrl+c end the run in order."""

    def cancel(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        running.cancel()

    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
