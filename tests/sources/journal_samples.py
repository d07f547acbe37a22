"""Builds made up for the journal."""

from dataclasses import replace

from dockcache_tui.core.builds.build import BuildSpec, Step, StepState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, Checkout, Project

SPEC = BuildSpec("/p", target="t", build_args=(("A", "1"),), cache_from=("type=gha",), extra=("--pull",))
CHECKOUT = Checkout("/p", branch=BranchScope.of("main"), revision="abc", dirty=True, project=Project("/p", "acme/web"))
_RAN = Step("d1", "[1/2] RUN a", StepState.BUILT, True, Instant(10**9), Instant(3 * 10**9), "s", 7, 1, 2, "e", "c")  # noqa: FBT003
BUILT = replace(_RAN, layers=("l1", "l2"))
REUSED = Step("d2", "[2/2] RUN b", StepState.REUSED, True)  # noqa: FBT003
