"""The docker command: the one place that runs it."""

import atexit
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from threading import Lock
from weakref import WeakSet

from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.ending import check, cut_by
from dockcache_tui.sources.secret import masked

_FROZEN = (
    "No answer in time",
    "It is frozen, overloaded or can't be reached: look at its machine, restart it, or see `docker buildx ls`.",
)
_KNOWN = (
    (
        r"sharedkey\" contains value with non-printable ASCII",
        "buildx can't build in this folder",
        "It refuses a folder whose own name is not ASCII. Rename the folder, or use a newer buildx.",
    ),
    (
        r"permission denied while trying to connect|connect: permission denied",
        "No permission to reach Docker",
        "Add your user to the docker group, or run with the rights that `docker info` needs.",
    ),
    (
        r"command \[ssh|\"ssh\": executable file not found",
        "Docker can't be reached by ssh",
        "Does `ssh` to that host work by itself, without a question? DOCKER_HOST or the context names it.",
    ),
    (
        # Of the default context buildx says no more when its certificates are not there.
        r"endpoint for .default. not|x509:|tls:|response to HTTPS|to an HTTPS server|client certificate|tls\.Config",
        "Docker can't be reached as safely as asked",
        "See DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, the certificates of the context, and its port.",
    ),
    (
        r"malformed HTTP (response|status|version)",
        "What answers is not Docker",
        "See the address and the port in DOCKER_HOST, or of the context.",
    ),
    (r"deadline exceeded|i/o timeout|timed out", *_FROZEN),
    (
        r"no such host|server misbehaving|no route to host|network is unreachable|name resolution",
        "Can't reach the builder",
        "Is its machine up, and its name right? See DOCKER_HOST, `docker context ls` and `docker buildx ls`.",
    ),
    (
        r"context .*(not found|does not exist)|unable to (resolve|parse) docker (endpoint|host)|to switch to context",
        "The Docker context is not usable",
        "See `docker context ls`; `docker context use NAME` picks one, unless DOCKER_CONTEXT or DOCKER_HOST does.",
    ),
    (
        r"Cannot connect to the Docker daemon|failed to connect to the docker API|error during connect",
        "Docker is not running",
        "Start it, or set DOCKER_HOST; `dockcache-tui demo` brings an engine of its own.",
    ),
    (
        r"'?buildx'? is not a docker command|unknown command: docker buildx|unknown shorthand flag|unknown flag",
        "Docker's buildx plugin is missing or too old",
        "Install buildx 0.13 or newer (Debian and Ubuntu: docker-buildx or docker-buildx-plugin).",
    ),
    (
        r"additional privileges requested",
        "The build wants to read more than docker lets it",
        "Give the flag that docker names after --, as in `dockcache-tui rebuild -- --allow=fs.read=../lib`.",
    ),
    (
        r"no builder .* found|no such builder",
        "There is no such builder",
        "See `docker buildx ls`; --builder or BUILDX_BUILDER names one.",
    ),
    (r"connection refused", "Can't reach the builder", "Is its machine up?"),
)
_UNKNOWN_FLAG = re.compile(r"unknown (?:shorthand )?flag: (?:'.' in )?(?P<flag>-\S+)")
_running: "WeakSet[RunningCommand]" = WeakSet()
_starting, _ended = Lock(), False
_PATIENCE = 1.0
"""Seconds that a command which is just being started may take when we end."""


class NoAnswerError(SourceError):
    """Docker said nothing in the time it had."""


class Docker:
    """The docker command in one environment; `log` is told of every command."""

    def __init__(self, environment: Mapping[str, str] | None = None, log: CommandLog | None = None) -> None:
        """Use this environment (None: this process's) for every command."""
        self.environment = dict(os.environ if environment is None else environment)
        self.log = log or CommandLog()

    def run(self, *words: str, timeout: float = 30, cwd: str | None = None, **environment: str) -> str:
        """Run `docker WORDS` and return its stdout; raises SourceError when it fails or takes `timeout` s."""
        command = self.start(*words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd, **environment)
        try:
            output, errors = command.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise NoAnswerError(
                f"`docker {' '.join(words[:2])}` did not answer within {timeout:g} seconds",
                title=_FROZEN[0],
                hint=_FROZEN[1],
            ) from error
        finally:
            command.end()
        if command.process.returncode:
            check()
            raise explained(_text(errors))
        return _text(output)

    def start(
        self, *words: str, stdin: int, stdout: int, cwd: str | None = None, **environment: str
    ) -> "RunningCommand":
        """Start `docker WORDS` away from our terminal, its stderr a pipe; raises SourceError without docker."""
        argv = ("docker", *words)
        try:
            return launched(self.log, argv, self.environment | environment, cwd=cwd, stdin=stdin, stdout=stdout)
        except OSError as error:
            raise SourceError(
                f"the docker command can't be run: {error.strerror}",
                title="Docker is not installed",
                hint="Install docker and put it on PATH; `dockcache-tui demo` brings an engine of its own.",
            ) from error


class RunningCommand:
    """A docker command under way, with the plugin it started."""

    def __init__(self, process: subprocess.Popen[bytes], log: CommandLog, number: int) -> None:
        """Watch a process that leads its own process group."""
        self.process = process
        self._log = log
        self._number = number
        self._ending = ExitStack()
        self._ending.enter_context(cut_by(self._cut))
        _running.add(self)

    def wait(self) -> str:
        """Wait until it ends by itself and return what it said on stderr."""
        _, said = self.process.communicate()
        self._ending.close()
        self._log.finish(self._number, self.process.returncode)
        return _text(said)

    def end(self) -> None:
        """Kill it and its plugin if they still run; never leaves a zombie."""
        self._ending.close()
        if self.process.poll() is None:
            self.kill()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        self._log.finish(self._number, self.process.wait())

    def kill(self) -> None:
        """Kill it and its plugin at once: docker alone would leave the plugin running."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _cut(self) -> None:
        if self.process.returncode is None:
            self.kill()


def launched(
    log: CommandLog,
    argv: tuple[str, ...],
    environment: Mapping[str, str],
    *,
    cwd: str | None,
    stdin: int | None,
    stdout: int,
) -> RunningCommand:
    """Start a command away from our terminal, its stderr a pipe; raises OSError, and SourceError once we end."""
    check()
    with _starting:
        if _ended:
            raise SourceError("dockcache-tui is ending")
        number = log.start(argv)
        try:
            process = subprocess.Popen(
                argv,
                stdin=stdin,
                stdout=stdout,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=environment,
                start_new_session=True,
            )
        except OSError:
            log.finish(number, 127)
            raise
        return RunningCommand(process, log, number)


@atexit.register
def end_commands() -> None:
    """Leave none behind whose thread ends with us, and start none any more."""
    global _ended  # noqa: PLW0603
    _ended = True
    if _starting.acquire(timeout=_PATIENCE):
        _starting.release()
    for command in tuple(_running):
        if command.process.returncode is None:
            command.kill()


def explained(stderr: str, given: Sequence[str] = ()) -> SourceError:
    """Return what docker said on stderr as an error with a title and a hint; `given` are words that the user chose."""
    *_, last = re.split(r"^ERROR: ", stderr, flags=re.MULTILINE)  # buildx tells its progress before
    reason = last.strip() or "docker failed without a word"
    flag = _UNKNOWN_FLAG.search(stderr)
    if flag and any(word.partition("=")[0] == flag["flag"] for word in given):
        hint = "What follows `--` goes to buildx as it is; see `docker buildx build --help`."
        return SourceError(reason.splitlines()[0], title="buildx knows no such option", hint=hint)
    for pattern, title, hint in _KNOWN:
        if re.search(pattern, stderr, re.IGNORECASE):
            return SourceError(reason.splitlines()[0], title=title, hint=hint)
    return SourceError(reason, title="Docker refused")


def _text(data: bytes) -> str:
    return masked(data.decode(errors="backslashreplace"))
