"""`dockcache-tui demo`: the app on an engine of its own, or on a recording of one."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockcache_tui.cli.builds import print_report
from dockcache_tui.cli.output import has_terminal, narrate
from dockcache_tui.cli.waiting import each_here, telling
from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.errors import DockcacheError, ExitCode

if TYPE_CHECKING:
    from dockcache_tui.lab.engine import Engine
    from dockcache_tui.sources.protocols import Workspace


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@click.option("--recorded", is_flag=True, help="Open the recording, even where an engine is possible.")
@click.option("--remove", is_flag=True, help="Delete everything that the demo keeps on this machine.")
def demo(path: Path | None, recorded: bool, remove: bool) -> int:
    """Open the app on a build of the sample program, or of PATH.

    The demo brings an engine of its own, which needs root on Debian or Ubuntu. Elsewhere the app opens on a recording.
    No other engine, builder or configuration is touched. Without a terminal it builds twice and prints what was reused.
    """
    from dockcache_tui.lab import demo as lab
    from dockcache_tui.lab.engine import default_home

    home, folder = default_home(), lab.default_folder()
    if remove:
        _remove(home, folder)
        return ExitCode.OK
    with ExitStack() as stack:
        engine = None if recorded else _engine(home, stack)
        if engine:
            project = path or lab.sample(folder)
            narrate(f"Building {project}: edit a file there, and build again.")
            return demonstrate(lab.workspace(engine, project, folder))
    return demonstrate(_recording(path))


def demonstrate(workspace: "Workspace") -> int:
    """Open the app on a builder that holds a build; without a terminal build twice and print what was reused."""
    from dockcache_tui.lab.demo import is_built

    try:
        if has_terminal():
            from dockcache_tui.ui.running import run

            if not is_built(workspace):
                _build(workspace)
            run(workspace)
            return ExitCode.OK
        for title in ("The first build:", "And again:"):
            narrate(title)
            build = _build(workspace)
            print_report(build)
            if build.status is not BuildStatus.SUCCEEDED:
                return ExitCode.FAILED
        return ExitCode.OK
    finally:
        workspace.close()


def _build(workspace: "Workspace") -> Build:
    """Build, telling each step as it ends."""
    with telling("the build to start"):
        running = workspace.start(workspace.spec())
    told = set()
    for _ in each_here("the builder", running):
        for step in running.live.snapshot():
            if step.completed_at and step.digest not in told:
                told.add(step.digest)
                narrate(f"  {wording.span(step.duration):>6}  {step.name}")
    build = running.result()
    if build.error:
        narrate(f"The build {build.status.value}: {build.error}")
    return build


def _engine(home: Path, stack: ExitStack) -> "Engine | None":
    """Return the private engine, started until the stack ends; None where there can't be one, after saying why."""
    from dockcache_tui.lab import engine as lab

    why_not = lab.support()
    if why_not:
        narrate(f"The demo can't bring an engine of its own: {why_not}.")
        return None
    if not lab.running(lab.at(home)):
        narrate("The demo brings an engine of its own. What is missing of it is fetched now, once:")
        for line in lab.plan(home):
            narrate(f"  {line}")
        narrate("`dockcache-tui demo --remove` deletes all of it again.")
    try:
        return stack.enter_context(lab.borrow(home, narrate))
    except DockcacheError as error:
        narrate(f"{error.title}: {error}")
        if error.hint:
            narrate(error.hint)
        return None


def _recording(path: Path | None) -> "Workspace":
    """Return the recording: with the first build done for the app, which needs something to show."""
    from dockcache_tui.lab.recorded import RecordedWorkspace, shipped

    recording = shipped()
    made = f"{recording.made_at.datetime():%Y-%m-%d}"
    narrate(f"This is a recording of a real builder, made on {made}. Nothing is built: `b` replays its next build.")
    if path:
        narrate(f"{path} is not part of it.")
    return RecordedWorkspace(recording, built=1 if has_terminal() else 0)


def _remove(home: Path, folder: Path) -> None:
    """Remove engine, journal and sample, and say so; raises UsageError for an engine that others use."""
    from dockcache_tui.lab import demo as lab

    gone = [*([home] if lab.remove_engine(home) else []), *lab.remove(folder)]
    for path in gone:
        narrate(f"Removed {path}")
    if not gone:
        narrate("There was nothing to remove.")
