"""The experiments, and the situations each of them is put in."""

from dataclasses import dataclass
from enum import StrEnum


class Layout(StrEnum):
    """Which Dockerfile an experiment builds with."""

    OURS = "ours"
    """Dependencies are downloaded and compiled in a layer of their own."""
    ORIGINAL = "original"
    """Downloads and compile go to cache mounts, which no cache export carries."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One way to carry a build from job to job."""

    name: str
    number: int
    title: str
    layout: Layout = Layout.OURS


class Situation(StrEnum):
    """What happened since the last run of the workflow."""

    COLD = "cold"
    SAME = "same"
    SOURCE = "source"
    DEPENDENCY = "dependency"
    BRANCH = "branch"
    EVICTED = "evicted"
    NO_RUNTIME = "no-runtime"

    @property
    def label(self) -> str:
        """Return what is shown for it."""
        return _LABELS[self]


_LABELS = {
    Situation.COLD: "cold",
    Situation.SAME: "nothing changed",
    Situation.SOURCE: "source changed",
    Situation.DEPENDENCY: "dependency changed",
    Situation.BRANCH: "new branch",
    Situation.EVICTED: "cache evicted",
    Situation.NO_RUNTIME: "runtime environment missing",
}

EXPERIMENTS = (
    Experiment("make", 1, "gha + make"),
    Experiment("make-original", 1, "gha + make, original layout", Layout.ORIGINAL),
    Experiment("actions", 2, "gha + official actions"),
    Experiment("actions-original", 2, "gha + official actions, original layout", Layout.ORIGINAL),
    Experiment("artifact", 3, "image as artifact"),
    Experiment("ours", 4, "ours"),
)
"""All of them, in the order of the tables."""


def experiment(name: str) -> Experiment:
    """Return an experiment by its name; raises KeyError."""
    return {one.name: one for one in EXPERIMENTS}[name]
