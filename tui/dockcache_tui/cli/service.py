"""`dockcache-tui service` and `service env`."""

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from dockcache_tui.cli.output import narrate
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.scope import is_repo

if TYPE_CHECKING:
    from dockcache_tui.actions_service.home import Home

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where everything is kept, for one service at a time.",
)
_PORT = 8917


@click.group(invoke_without_command=True)
@click.option(
    "--port",
    default=_PORT,
    show_default=True,
    metavar="N",
    type=click.IntRange(0, 65535),
    help="The port; 0 takes a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@_DATA
@click.option(
    "--repo",
    default="",
    metavar="OWNER/NAME",
    help="The repository that it stands for; by default GITHUB_REPOSITORY, else git's remote.",
)
@click.option(
    "--limit", default="10GB", show_default=True, metavar="SIZE", help="How much a repository's caches may take."
)
@click.option(
    "--retention",
    default=7,
    show_default=True,
    metavar="DAYS",
    type=click.IntRange(1, 365),
    help="After how many days without access a cache is evicted.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="SPEC",
    help="Make some requests fail, as described in docs/service.md. May be repeated.",
)
@click.option("--any-token", is_flag=True, help="Accept runtime tokens whoever signed them.")
@click.pass_context
def service(  # noqa: PLR0917
    ctx: click.Context,
    port: int,
    host: str,
    data: Path | None,
    repo: str,
    limit: str,
    retention: int,
    faults: tuple[str, ...],
    any_token: bool,
) -> int:
    """Run a local GitHub Actions cache, artifact and REST service.

    Its first line of output is its address. It runs until you press ctrl+c.
    """
    if ctx.invoked_subcommand:
        if any(ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ctx.params):
            raise UsageError("options for `service env` belong after `env`")
        return int(ExitCode.OK)
    from dockcache_tui.actions_service.app import serve
    from dockcache_tui.actions_service.faults import ServiceFault
    from dockcache_tui.actions_service.service import ServiceLimits, Settings
    from dockcache_tui.core.filter.units import size

    bytes_ = size(limit)
    if bytes_ is None:
        raise UsageError(f"{limit!r} is not a size", hint="Give a size such as 500MB or 10GB.")
    settings = Settings(_home(data), _repository(repo), Path.cwd(), ServiceLimits(bytes_, retention), any_token)
    serve(settings, host, port, [ServiceFault.parse(spec) for spec in faults], narrate)
    return int(ExitCode.OK)


@service.command("env")
@click.option("--ref", required=True, metavar="REF", help="The branch, pull request or tag that the job runs on.")
@click.option("--base", default="", metavar="REF", help="The base of the pull request.")
@click.option(
    "--default", "default_ref", default="", metavar="REF", help="The default branch; without this git's, else main."
)
@click.option("--read-only", is_flag=True, help="Tokens that can't save or delete, as runs of untrusted triggers get.")
@click.option(
    "--repo", default="", metavar="OWNER/NAME", help="The repository; by default the one that the service stands for."
)
@_DATA
def env(ref: str, base: str, default_ref: str, read_only: bool, repo: str, data: Path | None) -> int:
    """Print the environment of a job on REF, as `export` lines.

    For instance: eval "$(dockcache-tui service env --ref main)"
    """
    from dockcache_tui.actions_service.access import variables
    from dockcache_tui.core.scope import BranchScope, restorable
    from dockcache_tui.sources.git import read_checkout

    checkout = read_checkout(Path.cwd())
    default = BranchScope.of(default_ref) if default_ref else checkout.default or BranchScope.of("main")
    scopes = restorable(BranchScope.of(ref), base=BranchScope.of(base) if base else None, default=default)
    found = variables(
        _home(data), scopes, checkout.revision, read_only=read_only, repo=_repository(repo) if repo else ""
    )
    for name, value in found.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    return int(ExitCode.OK)


def _home(data: Path | None) -> "Home":
    from dockcache_tui.actions_service.home import Home

    return Home(data) if data else Home.default()


def _repository(asked: str) -> str:
    """Return `owner/name`: what was asked for, what Actions says, git's remote, or one made of the folder's name."""
    from dockcache_tui.sources.git import read_checkout

    folder = re.sub(r"[^\w.-]+", "-", Path.cwd().name, flags=re.ASCII) or "project"
    repo = asked or os.environ.get("GITHUB_REPOSITORY") or read_checkout(Path.cwd()).repo or f"local/{folder}"
    if not is_repo(repo):
        raise UsageError(f"{repo!r} is not a repository", hint="Name it as OWNER/NAME.")
    return repo
