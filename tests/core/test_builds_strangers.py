"""Steps that BuildKit told in the wrong build."""

from dataclasses import replace

from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.strangers import own_steps
from dockcache_tui.core.instant import Instant

SECOND = 1_000_000_000


def step(digest: str, name: str, start: float, end: float, *, cacheable: bool = True) -> Step:
    """Return a step that ran between two seconds."""
    times = (Instant(round(start * SECOND)), Instant(round(end * SECOND)))
    return Step(digest, name, StepState.REUSED, cacheable, *times)


DEFINITION = step("d", "[internal] load build definition from Dockerfile", 10.0, 10.1, cacheable=False)
OURS = step("ours", "[made 2/3] RUN make", 10.5, 10.5)
THEIRS = step("theirs", "[made 2/3] RUN make", 9.0, 9.1)


def test_a_namesake_from_before_the_build_is_left_out() -> None:
    """A step that was over before the build read its definition is another build's, when the build has its own."""
    assert own_steps([DEFINITION, THEIRS, OURS]) == (DEFINITION, OURS)


def test_a_shared_step_without_a_namesake_stays() -> None:
    """A base image that another build has just fetched is this build's too."""
    base = step("base", "[made 1/3] FROM busybox", 9.0, 9.1, cacheable=False)
    assert own_steps([DEFINITION, base, THEIRS]) == (DEFINITION, base, THEIRS)


def test_namesakes_of_one_build_stay() -> None:
    """Targets of a bake have steps of the same name; each ran in this build."""
    twin = replace(OURS, digest="twin")
    assert own_steps([DEFINITION, OURS, twin]) == (DEFINITION, OURS, twin)


def test_nothing_is_left_out_before_the_definition() -> None:
    """While the build has not read its definition all is shown."""
    assert own_steps([THEIRS, OURS]) == (THEIRS, OURS)
