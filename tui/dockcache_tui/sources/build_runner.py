"""Launches builds, each by docker's own command, and follows them to their end."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step
from dockcache_tui.core.builds.next_build import argument_words, reads_stdin
from dockcache_tui.core.builds.outcome import outcome
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.bake_files import BakeFiles, bake_files, is_remote
from dockcache_tui.sources.build_keeper import BuildKeeper
from dockcache_tui.sources.buildx_files import read_metadata
from dockcache_tui.sources.docker_cli import Docker, RunningCommand, explained, launched
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.private_folder import PrivateFolder
from dockcache_tui.sources.rawjson import parse_line

_LINE_LIMIT = 64 * 1024 * 1024
"""A longer line comes in parts, as noise."""
_PATIENCE = ((signal.SIGINT, 5.0), (signal.SIGTERM, 3.0))
"""Seconds a signal is given before the next one."""
Words = Callable[[Path], tuple[str, ...]]
"""Puts a build's whole command together: rawjson on stderr, and its metadata written to the file it is given."""


def build_words(spec: BuildSpec, metadata: Path, files: BakeFiles | None = None) -> tuple[str, ...]:
    """Return what follows `docker` to run a build, its progress as rawjson on stderr; to bake, `files` says what."""
    common = (
        *("--progress", "rawjson", "--metadata-file", str(metadata)),
        *_each("--builder", filter(None, [spec.builder])),
        *(["--no-cache"] if spec.no_cache else []),
    )
    arguments = argument_words(spec.build_args)
    # What follows -- is never an option, whatever it begins with.
    if files is None:
        return (
            *("buildx", "build", *common, "--file", _path(spec, spec.file)),
            *_each("--target", filter(None, [spec.target])),
            *_each("--build-arg", arguments),
            *_each("--cache-from", spec.cache_from),
            *_each("--cache-to", spec.cache_to),
            *(*spec.extra, "--", _path(spec, spec.context)),
        )
    return (
        *("buildx", "bake", *common),
        *_each("--file", files.files),
        *_each("--allow", (f"fs.read={folder}" for folder in files.readable)),
        *_each("--set", (f"*.args.{word}" for word in arguments)),
        *_each("--set", (f"*.cache-from={cache}" for cache in spec.cache_from)),
        *_each("--set", (f"*.cache-to={cache}" for cache in spec.cache_to)),
        *(*spec.extra, "--", *files.targets),
    )


def _path(spec: BuildSpec, path: str) -> str:
    return path if is_remote(path) else str(Path(spec.project, path))


def _each(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)


class Runner:
    """Launches builds with one docker command; they are kept in one journal."""

    def __init__(self, docker: Docker, journal: Journal) -> None:
        """Run with this docker, keep in this journal."""
        self._docker = docker
        self._journal = journal
        self._launched: list[LaunchedBuild] = []

    def start(self, spec: BuildSpec, words: Words | None = None) -> "LaunchedBuild":
        """Start a build and return at once; raises SourceError without docker or a usable journal.

        `words` is for a build that a tool such as make starts; it is kept as what `spec` says.
        """
        build = LaunchedBuild(self._docker, self._journal, spec, words)
        self._launched = [*(other for other in self._launched if other.is_running), build]
        return build

    def close(self) -> None:
        """End every build that still runs: none outlives us."""
        for build in self._launched:
            build.kill()


class LaunchedBuild:
    """A build under way that we launched: iterating moves it on, `live` shows it to any thread."""

    def __init__(self, docker: Docker, journal: Journal, spec: BuildSpec, words: Words | None = None) -> None:
        """Start it; raises SourceError when docker can't be run or the journal can't be used."""
        self.live = LiveBuild()
        self._canceled, self._given = False, spec.extra
        self._build: Build | None = None
        self._folder = PrivateFolder()
        self._metadata = self._folder.path / "metadata.json"
        try:
            self._keeper = BuildKeeper(docker, journal, spec, self.live)
            self._command = self._launch(docker, spec, words)
        except BaseException:
            self._folder.remove()
            raise

    def __iter__(self) -> Iterator[Progress]:
        """Yield progress until the build ends; raises SourceError when it failed before it began.

        Giving up the iteration kills the build.
        """
        stderr = self._command.process.stderr
        try:
            while stderr and (line := stderr.readline(_LINE_LIMIT)):
                progress = parse_line(line)
                self.live.apply(progress)
                self._keeper.look()
                yield progress
            self._command.process.wait()
        finally:
            self.kill()
            self._end()
        if (
            self._build
            and self._build.status is BuildStatus.FAILED
            and not any(map(_reaches_buildkit, self._build.steps))
        ):
            raise explained("\n".join(self.live.noise().lines), self._given)

    @property
    def ref(self) -> str:
        """Return the journal's ref until BuildKit tells its own."""
        return self.result().ref

    @property
    def notice(self) -> str:
        """Return what went wrong beside the build, as with the journal; empty when nothing did."""
        return self._keeper.notice

    @property
    def is_running(self) -> bool:
        """Tell whether the docker command still runs."""
        return self._command.process.poll() is None

    @property
    def is_canceled(self) -> bool:
        """Tell whether it was told to end before its time."""
        return self._canceled

    def cancel(self) -> None:
        """Cancel the build from any thread and return at once; what was built so far stays cached."""
        self._canceled = True
        Thread(target=self._insist, name="cancel", daemon=True).start()

    def kill(self) -> None:
        """End the docker command at once if it still runs."""
        if self.is_running:
            self._canceled = True
            self._command.kill()

    def result(self) -> Build:
        """Return the build as the journal keeps it, or as it stands while it runs."""
        return self._build or self._keeper.build(BuildStatus.RUNNING)

    def _launch(self, docker: Docker, spec: BuildSpec, words: Words | None) -> RunningCommand:
        try:
            if words:
                return _launch(docker, spec, words(self._metadata), spec.project)
            files = None if spec.kind == "dockerfile" else bake_files(spec, docker, self._folder.path)
            argv = ("docker", *build_words(spec, self._metadata, files))
            return _launch(docker, spec, argv, files.folder if files else spec.project)
        except SourceError as error:
            self._keeper.finish(BuildStatus.FAILED, str(error), None)
            raise
        except BaseException:  # we are to end
            self._keeper.finish(BuildStatus.CANCELED, "", None)
            raise

    def _insist(self) -> None:
        for number, patience in _PATIENCE:
            with suppress(ProcessLookupError, PermissionError):  # macOS refuses a signal to what has just ended
                os.killpg(self._command.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._command.process.wait(patience)
                break
        self._command.kill()  # what it started may hold our pipe

    def _end(self) -> None:
        self._command.end()
        status, error = outcome(
            self._command.process.returncode,
            canceled=self._canceled,
            steps=self.live.snapshot(),
            said=self.live.noise().lines,
        )
        self._build = self._keeper.finish(status, error, read_metadata(self._metadata))
        self._folder.remove()


def _reaches_buildkit(step: Step) -> bool:
    """Tell buildx's own reading of bake files from what BuildKit does."""
    return not step.name.startswith("[internal] load local bake definitions")


def _launch(docker: Docker, spec: BuildSpec, words: tuple[str, ...], folder: str) -> RunningCommand:
    try:
        return launched(
            docker.log,
            words,
            {"BUILDX_METADATA_PROVENANCE": "disabled"} | docker.environment,
            cwd=folder,
            stdin=None if reads_stdin(spec) else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    except OSError as error:
        raise SourceError(
            f"the {words[0]} command can't be run in {folder}: {error.strerror}",
            title="Can't build",
            hint="Install docker and put it on PATH; `dockcache-tui demo` brings an engine of its own.",
        ) from error
