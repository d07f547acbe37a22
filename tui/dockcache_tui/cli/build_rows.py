"""Builds as tables people read."""

from collections.abc import Sequence

from dockcache_tui.cli.output import print_table
from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, StepState
from dockcache_tui.core.instant import Instant


def print_builds(builds: Sequence[Build]) -> None:
    """Print the table people read."""
    now = Instant.now()
    rows = [
        (
            build.ref,
            build.builder,
            build.branch.short if build.branch else "–",
            build.revision[:12] or "–",
            wording.age(build.started_at, now),
            build.status.value,
            wording.share(build.reuse),
            f"{build.cached}/{build.cacheable}",
            wording.span(build.duration),
            wording.span(build.time_saved),
            build.project.name if build.project else build.folder,
        )
        for build in builds
    ]
    head = ("REF", "BUILDER", "BRANCH", "REVISION", "AGE", "STATUS", "REUSE", "STEPS", "TOOK", "SAVED", "PROJECT")
    print_table(head, rows, right=("AGE", "REUSE", "STEPS", "TOOK", "SAVED"))


def print_report(build: Build) -> None:
    """Print the reuse report of one build: every step that could be reused, then the totals."""
    steps = [step for step in build.steps if step.cacheable or step.state is StepState.FAILED]
    if steps:
        rows = [
            (step.state.value, wording.span(step.duration), str(step.line or "–"), step.name, step.error or step.cause)
            for step in steps
        ]
        print_table(("STATE", "TOOK", "LINE", "STEP", ""), rows, right=("TOOK", "LINE"))
    saved = f", {wording.span(build.time_saved)} saved" if build.time_saved is not None else ""
    share = f"{wording.share(build.reuse)} reused ({build.cached} of {wording.count(build.cacheable, 'step')}{saved})"
    print_table((f"{build.status.value} in {wording.span(build.duration)}: {share}",), ())
