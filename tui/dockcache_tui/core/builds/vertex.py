"""One vertex of a build under way: its intervals, and what they make of it."""

from dockcache_tui.core.builds.build import BuildStatus, Step, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.progress import TransferUpdate, VertexUpdate
from dockcache_tui.core.instant import Instant

_MERGED = "what it lays together is new: the copy, or what is below it"


class Vertex:
    """The newest known of a vertex. It may load from the cache, then run all the same: the last interval counts."""

    # fmt: off
    __slots__ = (
        "_cache_error", "_cached", "_completed", "_cut", "_error", "_false_hit", "_moved", "_name",
        "_needed", "_started", "_step", "_total", "_transfers", "announced", "digest", "inputs",
    )
    # fmt: on

    def __init__(self, digest: str) -> None:
        """Begin with nothing but the digest."""
        self.digest = digest
        self.inputs: tuple[str, ...] = ()
        self.announced: bool | None = None
        """Whether it was told of before it began, as a build's own are; another build's come with their times."""
        self._name = self._error = self._cache_error = ""
        self._started: Instant | None = None
        self._completed: Instant | None = None
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
            ran = state in {StepState.BUILT, StepState.FALSE_HIT}
            self._step = Step(
                digest=self.digest,
                name=self._name,
                state=state,
                # BuildKit may say nothing of a reused vertex without inputs: ADD from afar, WORKDIR on scratch
                cacheable=name.kind is StepKind.OPERATION and bool(self.inputs) and self._needed,
                started_at=self._started,
                completed_at=self._completed,
                stage=name.stage,
                bytes_moved=self._moved,
                bytes_total=self._total,
                error=self._error,
                cause=_MERGED if ran and name.kind is StepKind.MERGE else "",
            )
        return self._step

    def _state(self) -> StepState:
        if self._error:
            return StepState.CANCELED if "context canceled" in self._error else StepState.FAILED
        if self._cut:
            return StepState.CANCELED
        if self._started and self._completed is None:
            return StepState.RUNNING
        if self._cached:
            return StepState.REUSED
        if self._completed is None:
            return StepState.WAITING
        return StepState.FALSE_HIT if self._false_hit else StepState.BUILT
