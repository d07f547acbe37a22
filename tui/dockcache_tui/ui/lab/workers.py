"""The lab: its runs are read and new ones run off the event loop."""

from threading import Thread

from textual.message import Message

from dockcache_tui.core.lab.run import LabPlan
from dockcache_tui.sources.protocols import RunningLab, Workspace
from dockcache_tui.ui.lab import messages
from dockcache_tui.ui.shared.messages import ActionFailed
from dockcache_tui.ui.shared.waits import Once, Post

LEAVING = 10.0
"""Seconds that a run may take to end when the app is left."""


class LabWorkers:
    """Every method returns at once and is called on the event loop; what comes of it is told in messages."""

    def __init__(self, workspace: Workspace, post: Post) -> None:
        """Take what keeps and runs experiments, and whom to tell."""
        self._workspace, self._post = workspace, post
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
        with self._workspace.lab(None if resumes else LabPlan(), self._say) as running:
            self._running = running
            try:
                for progress in running:
                    self._post(messages.LabMoved(running.result(), progress))
            finally:
                self._running = None
            return messages.LabMoved(running.result())

    def _say(self, line: str) -> None:
        self._post(messages.LabSaid(line))
