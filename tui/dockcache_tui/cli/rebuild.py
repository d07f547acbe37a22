"""`dockcache-tui rebuild`."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from dockcache_tui.cli.builds import print_report
from dockcache_tui.cli.explain import expect_one_form, print_story
from dockcache_tui.cli.listing import json_option
from dockcache_tui.cli.output import narrate, print_json, print_line
from dockcache_tui.cli.waiting import each, interrupted_by, telling, wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.fields import whole_build
from dockcache_tui.core.builds.next_build import Given
from dockcache_tui.core.errors import ExitCode, SourceError

if TYPE_CHECKING:
    from dockcache_tui.sources.build_runner import LaunchedBuild

_EXIT = {BuildStatus.SUCCEEDED: ExitCode.OK, BuildStatus.CANCELED: ExitCode.INTERRUPTED}
_LAST_LINES = 20


class WithRest(click.Command):
    """A command that keeps what follows `--` apart from its own words."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split at the first `--`."""
        at = args.index("--") if "--" in args else len(args)
        ctx.obj = tuple(args[at + 1 :]) if "--" in args else None
        return super().parse_args(ctx, args[:at])


def what_to_build(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the words that say what to build."""
    for words in (
        click.option("--no-cache", is_flag=True, help="Reuse nothing this time."),
        click.option(
            "--builder", metavar="B", help="The buildx builder; by default BUILDX_BUILDER, else that of the last build."
        ),
        click.option("--cache-from", multiple=True, metavar="SPEC", help="A cache to import. May be repeated."),
        click.option(
            "--build-arg", "build_args", multiple=True, metavar="K[=V]", help="A build argument. May be repeated."
        ),
        click.option("--target", metavar="NAME", help="The stage, or the bake target."),
        click.option(
            "-f", "--file", "files", multiple=True, metavar="FILE", help="The Dockerfile, or the compose or bake files."
        ),
        click.argument("path", default=".", type=click.Path(path_type=Path), metavar="[PATH] [-- BUILDX ARGS]"),
    ):
        command = words(command)
    return command


@click.command(cls=WithRest, options_metavar="[OPTIONS]")
@what_to_build
@click.option("--cache-to", multiple=True, metavar="SPEC", help="A cache to export to. May be repeated.")
@json_option("json-builds.md")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print why steps were not reused, as Markdown.")
@click.pass_obj
def rebuild(
    extra: tuple[str, ...] | None,
    /,
    path: Path,
    *,
    files: tuple[str, ...],
    as_json: bool,
    as_markdown: bool,
    **given: Any,
) -> int:
    """Build a project again, and print what was reused, and why the rest was not.

    It is built as it was last time, with the changes given here. An empty value takes back what an earlier build was
    given. What follows `--` is passed on to buildx.
    """
    from dockcache_tui.sources.build_runner import Runner
    from dockcache_tui.sources.docker_cli import Docker
    from dockcache_tui.sources.journal import Journal
    from dockcache_tui.sources.project import find_spec
    from dockcache_tui.sources.seen_records import see_builder

    expect_one_form(as_json=as_json, as_markdown=as_markdown)
    docker, journal = Docker(), Journal()
    runner = Runner(docker, journal)
    try:
        named = tuple(filter(None, files)) if files else None
        target = given["target"] or ""
        spec = wait_for("what to build", lambda: find_spec(path, docker, journal, named, target, narrate))
        with telling("the build to start"):
            launched = runner.start(Given(extra=extra, **given).changing(spec))
        build = _run(launched)
        earlier = journal.build(build.compared_with) if build.compared_with else None
        if as_json:
            print_json(whole_build(build))
        elif as_markdown:
            print_story(build, earlier, as_markdown=True)
        else:
            print_report(build)
            if build.warnings or any(step.cause for step in build.steps):
                print_line("")
                print_story(build, earlier, as_markdown=False)
        if build.status is not BuildStatus.CANCELED:
            with suppress(SourceError):  # the build is told as it ended
                wait_for(f"the records of {build.builder}", lambda: see_builder(docker, journal, build.builder))
    finally:
        runner.close()
        journal.close()
    return int(_EXIT.get(build.status, ExitCode.FAILED))


def _run(launched: "LaunchedBuild") -> Build:
    """Follow a build to its end, telling each step as it ends, and then why it failed."""
    told: dict[str, str] = {}
    with interrupted_by(lambda: _cancel(launched)):
        steps: tuple[Step, ...] = ()
        for _ in each("the builder", launched):
            if launched.live.snapshot() is not steps:
                steps = launched.live.snapshot()
                _tell(steps, told)
    build = launched.result()
    for step in build.steps:
        if step.state is StepState.FAILED:
            for line in launched.live.log(step.digest).lines[-_LAST_LINES:]:
                narrate(f"  {line}")
    if build.error:
        narrate(f"The build {build.status.value}: {build.error}")
    if launched.notice:
        narrate(launched.notice)
    return build


def _tell(steps: tuple[Step, ...], told: dict[str, str]) -> None:
    for step in steps:
        if step.completed_at and told.get(step.digest) != step.word:
            told[step.digest] = step.word
            narrate(f"{step.word:9} {wording.span(step.duration):>6}  {step.name}")


def _cancel(launched: "LaunchedBuild") -> None:
    """Cancel the build and keep what it built; a second time kill it."""
    if launched.is_canceled:
        launched.kill()
    else:
        launched.cancel()
        # A signal may come in the middle of what we write ourselves.
        Thread(target=narrate, args=("Canceling; ctrl+c again ends it at once.",), daemon=True).start()
