"""Progress to live steps: what a build looks like while it runs, in bounded memory."""

from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from threading import Lock

from dockcache_tui.core.builds.build import BuildStatus, Step, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.progress import BuildWarning, LogView, Progress, StepLog, TransferUpdate, VertexUpdate
from dockcache_tui.core.instant import Instant

_NOT_RUN = {StepState.WAITING, StepState.CANCELED}
_FOR_US = {StepState.RUNNING: StepState.WAITING, StepState.BUILT: StepState.REUSED}


def told_as_ours(steps: Sequence[Step], announced: AbstractSet[str]) -> tuple[Step, ...]:
    """Return the steps, with those that another build did for this one told as this build's own.

    BuildKit joins equal steps of two builds: one is done, under the digest and the name it has in its own build, and
    the other is left waiting, or is canceled, or is reused in the end. `announced` are the digests told before they
    began, as a build's own are. What another build had begun before this one read its definition is waited for, and
    then reused here.
    """
    begun = _begun(steps)
    strangers = {_place(one): one for one in steps if one.digest not in announced and _shared(one)}
    twins = {one.digest: twin for one in steps if one.digest in announced and (twin := strangers.get(_place(one)))}
    joined = {twin.digest for twin in twins.values()}
    return tuple(_reused(_done(one, twins.get(one.digest), begun), begun) for one in steps if one.digest not in joined)


def _shared(step: Step) -> bool:
    """Tell what two builds can share from a fetch, which has the name of the copy that needs it."""
    parsed = parse_name(step.name)
    return parsed.number is not None and (step.cacheable or parsed.kind is StepKind.MERGE)


def _place(step: Step) -> tuple[str, int | None, str]:
    """Return what is the same of a step in two builds, of which one may have more steps and stages."""
    parsed = parse_name(step.name)
    return parsed.platform, parsed.number, parsed.instruction


def _done(step: Step, twin: Step | None, begun: Instant | None) -> Step:
    """Return a step of ours as its twin tells it, where that is known and the step itself tells less."""
    if twin is None or twin.state in _NOT_RUN:
        return step
    for_both = step.cached and not _before(twin, begun)
    if step.state not in _NOT_RUN and not for_both:
        return step
    return replace(twin, digest=step.digest, name=step.name, stage=step.stage)


def _reused(step: Step, begun: Instant | None) -> Step:
    """Return a step as it is for this build where another had begun it before: waited for, then reused."""
    if not (step.cacheable and _before(step, begun)):
        return step
    if step.state is StepState.CANCELED:
        return replace(step, cacheable=False)
    return replace(step, state=_FOR_US.get(step.state, step.state))


def _before(step: Step, begun: Instant | None) -> bool:
    return bool(begun and step.started_at and step.started_at < begun)


def _begun(steps: Sequence[Step]) -> Instant | None:
    """Return when the build read its definition: the first thing it does, and shares with no other."""
    definitions = (one for one in steps if parse_name(one.name).instruction.startswith("load build definition"))
    return min((one.started_at for one in definitions if one.started_at), default=None)


class Vertex:
    """The newest state of a vertex. It may load from the cache, then run all the same: the last interval counts."""

    # fmt: off
    __slots__ = (
        "_cache_error", "_cached", "_completed", "_cut", "_error", "_false_hit", "_moved", "_name",
        "_needed", "_received", "_started", "_step", "_total", "_transfers", "announced", "digest", "inputs",
    )
    # fmt: on

    def __init__(self, digest: str) -> None:
        self.digest = digest
        self.inputs: tuple[str, ...] = ()
        self.announced: bool | None = None
        """Whether it was told of before it began, as a build's own are; another build's come with their times."""
        self._name = self._error = self._cache_error = ""
        self._started: Instant | None = None
        self._completed: Instant | None = None
        self._received: Instant | None = None
        self._cached = self._false_hit = self._cut = False
        self._needed = True
        self._transfers: dict[str, tuple[int, int]] = {}
        self._moved = self._total = 0
        self._step: Step | None = None

    def update(self, update: VertexUpdate) -> None:
        """Take in an update; repeats and updates of an earlier interval change nothing."""
        self._step = None
        if self.announced is None:
            self.announced = update.started is None
        self._name = self._name or update.name  # two targets of a bake share a vertex, each with a name of its own
        if self.inputs and not update.inputs:
            return  # a pull or an unpacking for its sake, told under its digest but no interval of its own
        self.inputs = update.inputs
        if self._started and update.started and update.started < self._started:
            return
        if update.started and self._started and update.started > self._started:
            self._begin_again(update)
        elif self._completed is None:
            self._started = update.started or self._started
            self._take(update)

    def _begin_again(self, update: VertexUpdate) -> None:
        if self._completed and not self._cached and update.cached and self.inputs:
            return  # it ran, and its other output now comes from what it just built
        if self._cached and not update.cached:
            self._false_hit, self._cache_error = True, self._error
        self._started = update.started
        self._take(update)

    def _take(self, update: VertexUpdate) -> None:
        self._completed, self._cached = update.completed, update.cached
        # BuildKit never clears the error of a failed load: the run's own updates repeat it
        self._error = "" if update.error == self._cache_error else update.error

    def transfer(self, update: TransferUpdate) -> None:
        """Take in how far one of its transfers is."""
        self._step = None
        current, total = self._transfers.get(update.id, (0, 0))
        self._moved += update.current - current
        self._total += update.total - total
        self._transfers[update.id] = update.current, update.total
        self._received = self._received or update.started

    def end(self, status: BuildStatus, at: Instant) -> None:
        """Close what the build left open; what never started was not needed."""
        self._step = None
        if self._completed is None:
            self._needed = self._started is not None or self._cached
            self._cut = self._started is not None and status is not BuildStatus.SUCCEEDED
            self._completed = max(at, self._started) if self._started else None

    def step(self) -> Step:
        """Return the step as it stands; the same object until something changes."""
        if self._step is None:
            name, state = parse_name(self._name), self._state()
            undecided = self._cached and state is StepState.CANCELED  # cut while it was loaded from the cache
            self._step = Step(
                digest=self.digest,
                name=self._name,
                state=state,
                # BuildKit may say nothing of a reused vertex without inputs: ADD from afar, WORKDIR on scratch
                cacheable=name.kind is StepKind.OPERATION and bool(self.inputs) and self._needed and not undecided,
                started_at=self._started,
                completed_at=self._completed,
                stage=name.stage,
                bytes_moved=self._moved,
                bytes_total=self._total,
                received_at=self._received,
                error=self._error,
                lost=self._cache_error,
            )
        return self._step

    def _state(self) -> StepState:
        if self._error:
            return StepState.CANCELED if "context canceled" in self._error else StepState.FAILED
        if self._cut:
            return StepState.CANCELED
        if self._started and self._completed is None:
            return StepState.WAITING if self._cached else StepState.RUNNING
        if self._cached:
            return StepState.REUSED
        if self._completed is None:
            return StepState.WAITING
        return StepState.FALSE_HIT if self._false_hit else StepState.BUILT


def needs_first(inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the keys so that each comes after its inputs, else as given; unknown inputs and cycles do no harm."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()
    for root in inputs:
        stack = [root]
        while stack:
            key = stack[-1]
            waiting = [one for one in inputs[key] if one in inputs and one not in entered] if key not in entered else []
            entered.add(key)
            if waiting:
                stack.extend(reversed(waiting))
            else:
                ordered[stack.pop()] = None
    return list(ordered)


_OPEN = {StepState.WAITING, StepState.RUNNING}


class LiveBuild:
    """A build under way. The one mutable thing of the core; safe to share between threads."""

    def __init__(self, *, log_bytes: int = 512 * 1024, log_lines: int = 5_000) -> None:
        """Keep at most this much of each step's log, and of the noise."""
        self._lock = Lock()
        self._vertices: dict[str, Vertex] = {}
        self._looked_at: tuple[Step, ...] = ()
        self._taken: dict[str, Step] = {}
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
            return self._snapshot()

    def take_finished(self) -> tuple[Step, ...]:
        """Return the steps that finished or changed after they had, since the last call."""
        with self._lock:
            if self._steps is self._looked_at:
                return ()
            self._looked_at = self._snapshot()
            finished = {step.digest: step for step in self._looked_at if step.state not in _OPEN}
            changed = tuple(step for digest, step in finished.items() if self._taken.get(digest) != step)
            self._taken = finished
            return changed

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

    def _snapshot(self) -> tuple[Step, ...]:
        if self._steps is None:
            order = needs_first({digest: vertex.inputs for digest, vertex in self._vertices.items()})
            announced = {digest for digest, vertex in self._vertices.items() if vertex.announced}
            steps = [self._vertices[digest].step() for digest in order]
            self._steps = told_as_ours(steps, announced)
        return self._steps

    def _vertex(self, digest: str) -> Vertex:
        vertex = self._vertices.get(digest)
        if vertex is None:
            vertex = self._vertices[digest] = Vertex(digest)
        self._steps = None
        return vertex

    def _new_log(self) -> StepLog:
        return StepLog(max_bytes=self._log_bytes, max_lines=self._log_lines)
