"""The `dockcache-tui` command: with a folder it opens the app, with a command it is the app's headless twin."""

import errno
import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version as installed_version
from types import FrameType
from typing import Any, NoReturn

import click

from dockcache_tui.cli.output import drop, narrate
from dockcache_tui.core.errors import DockcacheError, ExitCode, no_room


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"dockcache-tui {installed_version('dockcache-tui')}")


COMMANDS = {
    "app": ("dockcache_tui.cli.app:app", "Open the app for a project folder (the default)."),
    "records": ("dockcache_tui.cli.records:records", "List or prune a builder's cache records."),
    "caches": ("dockcache_tui.cli.caches:caches", "List, forecast or delete a repository's GitHub Actions caches."),
    "artifacts": (
        "dockcache_tui.cli.artifacts:artifacts",
        "List, download or delete a repository's workflow artifacts.",
    ),
    "archive": ("dockcache_tui.cli.archive:archive", "Look into image archives and build records."),
    "builds": ("dockcache_tui.cli.builds:builds", "List the builds started from here, or all builds on a builder."),
    "explain": ("dockcache_tui.cli.explain:explain", "Tell why a build's steps were not reused, and what would help."),
    "rebuild": ("dockcache_tui.cli.rebuild:rebuild", "Build a project again, and print what was reused."),
    "predict": ("dockcache_tui.cli.predict:predict", "Tell what a build would reuse now, without building."),
    "demo": ("dockcache_tui.cli.demo:demo", "Open the app on an engine of its own, or on a recording."),
    "service": ("dockcache_tui.cli.service:service", "Run a local GitHub Actions cache, artifact and REST service."),
    "lab": ("dockcache_tui.cli.lab:lab", "Run the experiments on this machine, and compare what they cost."),
    "version": ("dockcache_tui.cli.main:version", "Print the version."),
}
"""Each command's `module:attribute`, imported when it is run, and what the help says of it."""


_ENDING = (signal.SIGTERM, signal.SIGHUP)
_UNWRITABLE = (errno.EPIPE, errno.ENOSPC, errno.EIO)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run; anything else on the command line is for the app."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `app` before arguments that name no command."""
        if not args or args[0] not in (*COMMANDS, *self.get_help_option_names(ctx)):
            args = ["app", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=LazyGroup,
    options_metavar="",
    subcommand_metavar="[PATH] | COMMAND ...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def cli() -> None:
    """See what a Docker build cache holds, which branch each part belongs to, and which steps a build reuses.

    Without a command the app opens for the project folder PATH, or for the current folder. `dockcache-tui app --help`
    lists its options.
    """


def main() -> None:
    """Run the command line and exit; a closed terminal or a request to end lets it clean up too."""
    _open_closed_streams()
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)
    threading.excepthook = _thread_failed
    try:
        sys.exit(run(sys.argv[1:]))
    finally:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends already
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                drop(stream)


def _open_closed_streams() -> None:
    """Open closed standard streams on the null device, so that none of our files becomes stdin, stdout or stderr."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode))


def _end(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    """Clean up and exit; a terminal that closes asks more than once."""
    for one in _ENDING:
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code; every error is told on stderr in a way a user can read."""
    try:
        result: Any = cli.main(list(arguments), prog_name="dockcache-tui", standalone_mode=False)
        sys.stdout.flush()
    except DockcacheError as error:
        return _told(error)
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, click.Abort):
        return int(ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001
        return _failed(error)
    return int(result) if isinstance(result, int) else int(ExitCode.OK)


def _failed(error: Exception) -> int:
    """Tell of what went wrong: of a stdout that can't be written, of a full disk, or of a fault of ours."""
    if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
        drop(sys.stdout)
    if isinstance(error, BrokenPipeError):  # nobody reads on
        return int(ExitCode.FAILED)
    full = no_room(error)
    return _told(full) if full else _unexpected(error)


def _told(error: DockcacheError) -> int:
    narrate(f"{error.title}: {error}")
    if error.hint:
        narrate(error.hint)
    return int(error.exit_code)


def _thread_failed(met: threading.ExceptHookArgs) -> None:
    """Tell of a fault that ended a thread as of any other; what the main thread does goes on."""
    if isinstance(met.exc_value, Exception):
        _unexpected(met.exc_value)


def _unexpected(error: Exception) -> int:
    """Tell of a fault of ours in one line, and keep the traceback in a file."""
    from dockcache_tui.sources.crash_log import write_crash

    narrate(f"Something went wrong: {type(error).__name__}: {error}")
    if log := write_crash(error):
        narrate(f"This is a fault of dockcache-tui; the details are in {log}")
    return int(ExitCode.FAILED)
