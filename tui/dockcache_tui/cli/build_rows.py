"""The reuse report that people read."""

from dockcache_tui.cli.output import print_table
from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, StepState


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
