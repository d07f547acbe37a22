"""`dockcache-tui [PATH]`: the app itself."""

from pathlib import Path

import click

from dockcache_tui.cli.listing import REPO
from dockcache_tui.cli.output import has_terminal
from dockcache_tui.core.errors import UsageError


@click.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option(
    "--builder",
    default="",
    metavar="B",
    help="The buildx builder; by default BUILDX_BUILDER, else that of the project's last build, else the current one.",
)
@REPO
@click.option(
    "--org", default="", metavar="ORG", help="Start with the repositories of an organisation and their usage."
)
@click.option(
    "--branch", default="", metavar="REF", help="Start with only what belongs to this branch, pull request (#7) or tag."
)
@click.option(
    "--filter", "expression", default="", metavar="EXPR", help="Start with this filter on the records (docs/filter.md)."
)
@click.option("--read-only", is_flag=True, help="Build, load, prune and delete nothing.")
def app(*, path: Path, builder: str, repo: str, org: str, branch: str, expression: str, read_only: bool) -> None:
    """Open the app for a project folder."""
    if org and repo:
        raise UsageError("--org and --repo can't be used together", hint="Enter opens a repository of the list.")
    if not has_terminal():
        raise UsageError(
            "stdin, stdout and stderr have to be a terminal",
            title="The app needs a terminal",
            hint="Without one there are commands: see `dockcache-tui --help`.",
        )
    from dockcache_tui.lab.experiments import begin
    from dockcache_tui.sources.docker_cli import Docker
    from dockcache_tui.sources.journal import Journal
    from dockcache_tui.sources.workspace import ProjectWorkspace
    from dockcache_tui.ui.running import run

    workspace = ProjectWorkspace(path, Docker(), Journal(), repo, org, begin)
    run(workspace, builder=builder, branch=branch, expression=expression, read_only=read_only)
