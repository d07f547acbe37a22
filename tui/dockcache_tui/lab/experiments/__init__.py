"""The experiments, run on this machine as their jobs would run."""

from contextlib import AbstractContextManager

from dockcache_tui.core.lab.run import LabPlan
from dockcache_tui.sources.protocols import RunningLab, Say


def begin(plan: LabPlan | None, say: Say) -> AbstractContextManager[RunningLab]:
    """Begin a run as `Workspace.lab` does; what that needs is heavy, and imported only then."""
    from dockcache_tui.lab.experiments.start import begun

    return begun(plan, say)
