"""What a build's progress tells of its cost."""

from collections.abc import Sequence

from dockcache_tui.core.builds.build import Build, Step, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.progress import Progress, TransferUpdate
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.lab.build_cost import go_counts, module_of, split_build
from dockcache_tui.core.lab.job import Counts, Split

_RAN = {StepState.BUILT, StepState.FALSE_HIT, StepState.FAILED}


class Measure:
    """Listens to one build."""

    def __init__(self) -> None:
        """Begin with nothing heard."""
        self._transfers: dict[tuple[str, str], TransferUpdate] = {}

    def apply(self, progress: Progress) -> None:
        """Take in one message."""
        for transfer in progress.transfers:
            self._transfers[transfer.vertex, transfer.id] = transfer

    def phase(self, steps: Sequence[Step]) -> str:
        """Return the name of the step that runs, for a user to follow."""
        return next((step.name for step in reversed(steps) if step.state is StepState.RUNNING), "building")

    def split(self, build: Build) -> Split:
        """Return where the time of a finished build went."""
        ended = build.completed_at or build.started_at
        return split_build(build.steps, self._transfers.values(), build.started_at, ended)

    def counts(self, build: Build, live: LiveBuild, go_mod: str) -> Counts:
        """Return what a finished build reused, pulled, downloaded and compiled."""
        bases = {step.digest for step in build.steps if parse_name(step.name).kind is StepKind.SOURCE}
        pulled = sum(one.current for one in self._transfers.values() if one.vertex in bases and _is_layer(one))
        logs = {f"{step.digest} {step.name}": live.log(step.digest).lines for step in build.steps if step.state in _RAN}
        reuse = Counts(pulled=pulled, reused=build.cached, cacheable=build.cacheable)
        return reuse + go_counts(logs, module_of(go_mod))


def _is_layer(transfer: TransferUpdate) -> bool:
    return transfer.id.startswith("sha256:")
