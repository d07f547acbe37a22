"""Progress to live steps: what a build looks like while it runs, in bounded memory."""

from collections import deque
from threading import Lock

from dockcache_tui.core.builds.build import BuildStatus, Step, StepState
from dockcache_tui.core.builds.log import LogView, StepLog
from dockcache_tui.core.builds.order import needs_first
from dockcache_tui.core.builds.progress import BuildWarning, Progress
from dockcache_tui.core.builds.strangers import own_steps, told_as_ours
from dockcache_tui.core.builds.vertex import Vertex
from dockcache_tui.core.instant import Instant

_OPEN = {StepState.WAITING, StepState.RUNNING}


class LiveBuild:
    """A build under way. The one mutable thing of the core; safe to share between threads."""

    def __init__(self, *, log_bytes: int = 512 * 1024, log_lines: int = 5_000) -> None:
        """Keep at most this much of each step's log, and of the noise."""
        self._lock = Lock()
        self._vertices: dict[str, Vertex] = {}
        self._touched: dict[str, Vertex] = {}
        self._log_bytes, self._log_lines = log_bytes, log_lines
        self._logs: dict[str, StepLog] = {}
        self._noise = self._new_log()
        self._warnings: deque[BuildWarning] = deque(maxlen=1_000)
        self._steps: tuple[Step, ...] | None = ()

    def apply(self, progress: Progress) -> None:
        """Take in one message."""
        with self._lock:
            for update in progress.vertexes:
                self._vertex(update.digest).update(update)
            for transfer in progress.transfers:
                self._vertex(transfer.vertex).transfer(transfer)
            for chunk in progress.logs:
                if chunk.vertex not in self._logs:
                    self._logs[chunk.vertex] = self._new_log()
                self._logs[chunk.vertex].append(chunk.data, chunk.stream)
            self._warnings.extend(progress.warnings)
            if progress.noise:
                self._noise.append(progress.noise.encode("utf-8", "backslashreplace") + b"\n")

    def end(self, status: BuildStatus, at: Instant) -> None:
        """Close every step that the build left open."""
        with self._lock:
            for digest in self._vertices:
                self._vertex(digest).end(status, at)

    def snapshot(self) -> tuple[Step, ...]:
        """Return the steps, each below what it needs; a step that did not change is the same object as before."""
        with self._lock:
            if self._steps is None:
                order = needs_first({digest: vertex.inputs for digest, vertex in self._vertices.items()})
                announced = {digest for digest, vertex in self._vertices.items() if vertex.announced}
                steps = [self._vertices[digest].step() for digest in order]
                self._steps = own_steps(told_as_ours(steps, announced))
            return self._steps

    def take_finished(self) -> tuple[Step, ...]:
        """Return the steps that finished or changed after they had, since the last call."""
        with self._lock:
            steps = [vertex.step() for vertex in self._touched.values()]
            self._touched.clear()
        return tuple(step for step in steps if step.state not in _OPEN)

    def log(self, digest: str) -> LogView:
        """Return the newest output of a step; empty for a step without any."""
        with self._lock:
            log = self._logs.get(digest)
            return log.view() if log else LogView()

    def noise(self) -> LogView:
        """Return what was said that was no progress."""
        with self._lock:
            return self._noise.view()

    def warnings(self) -> tuple[BuildWarning, ...]:
        """Return the newest warnings."""
        with self._lock:
            return tuple(self._warnings)

    def _vertex(self, digest: str) -> Vertex:
        vertex = self._vertices.get(digest)
        if vertex is None:
            vertex = self._vertices[digest] = Vertex(digest)
        self._touched[digest] = vertex
        self._steps = None
        return vertex

    def _new_log(self) -> StepLog:
        return StepLog(max_bytes=self._log_bytes, max_lines=self._log_lines)
