"""The lab: its runs are read and new ones run off the event loop."""

from collections.abc import Callable
from contextlib import ExitStack
from threading import Thread

from textual.message import Message

from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.lab.run import LabPlan
from dockcache_tui.lab.experiments.protocol import RunningLab
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui.lab import messages
from dockcache_tui.ui.shared.messages import ActionFailed
from dockcache_tui.ui.shared.threads import Once, Post

Begin = Callable[[ExitStack, Callable[[str], None], bool], RunningLab]
"""Begins a run until the stack ends, or resumes the last one; says what it fetches."""

LEAVING = 10.0
"""Seconds that a run may take to end when the app is left."""


def begin(stack: ExitStack, say: Callable[[str], None], resumes: bool) -> RunningLab:
    """Begin on the private engine, or on the Docker that is there; raises DockcacheError."""
    # Heavy, and seldom needed.
    from dockcache_tui.lab.experiments.lending import lend
    from dockcache_tui.lab.experiments.starting import resume, start

    engine = lend(stack, say)
    return resume(engine) if resumes else start(engine, LabPlan())


class LabWorkers:
    """Every method returns at once and is called on the event loop; what comes of it is told in messages."""

    def __init__(self, workspace: Workspace, post: Post, begin: Begin = begin) -> None:
        """Take where runs and builds are kept, whom to tell, and how a run begins."""
        self._workspace, self._post, self._begin = workspace, post, begin
        self._thread: Thread | None = None
        self._running: RunningLab | None = None

    @property
    def runs(self) -> bool:
        """Tell whether a run of ours is under way."""
        return self._thread is not None and self._thread.is_alive()

    def read(self) -> None:
        """Read the runs there were, newest first."""
        Once("lab runs", lambda: messages.LabRead(self._workspace.lab_runs()), self._post, messages.LabFailed)

    def build(self, ref: str) -> None:
        """Find a build of the lab."""
        Once("lab build", lambda: messages.LabBuildRead(ref, self._workspace.kept(ref)), self._post, ActionFailed)

    def start(self, *, resumes: bool) -> None:
        """Run the experiments, or go on with the run that was left unfinished."""
        if not self.runs:
            self._thread = Once("lab", lambda: self._run(resumes=resumes), self._post, messages.LabFailed)

    def cancel(self) -> None:
        """End the run; what was measured is kept."""
        if self._running:
            self._running.cancel()

    def close(self) -> None:
        """End the run, and wait a moment until its builders are gone."""
        self.cancel()
        if self._thread:
            self._thread.join(LEAVING)

    def _run(self, *, resumes: bool) -> Message:
        if self._workspace.recorded:
            raise UsageError("a recording has no engine to run experiments on", hint="Leave it, and start the app.")
        with ExitStack() as stack:
            self._running = running = self._begin(stack, self._say, resumes)
            stack.callback(self._forget)
            for progress in running:
                self._post(messages.LabMoved(running.result(), progress))
            return messages.LabMoved(running.result())

    def _forget(self) -> None:
        self._running = None

    def _say(self, line: str) -> None:
        self._post(messages.LabSaid(line))
