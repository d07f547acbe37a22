"""Which folders a build sends, and a snapshot of them that is taken beside it."""

import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread

from dockcache_tui.core.builds.build import BuildSpec, SourceFile, Step
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.dependencies import MANIFESTS
from dockcache_tui.core.explain.provenance import without_credentials
from dockcache_tui.sources.bake_files import bake_targets, is_remote
from dockcache_tui.sources.context_reader import ContextReader
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.file_stamps import FileStamps

MAIN = "context"
"""What BuildKit calls the folder that a build is given."""
_COARSE_CLOCK = 5 if sys.platform == "linux" else time.CLOCK_REALTIME
"""The clock by which Linux dates files, which lags behind (CLOCK_REALTIME_COARSE)."""
_MAX_MANIFEST = 64 << 10
_PATIENCE, _LITTLE_PATIENCE = 2.0, 0.5
"""Seconds that a snapshot may still take after a build that succeeded, and after another."""


@dataclass(frozen=True, slots=True)
class SentFolder:
    """A folder that a build sends, for one target of a bake file or for the only one."""

    target: str
    name: str
    root: Path
    dockerfile: Path | None = None
    cache_to: tuple[str, ...] = ()
    """The caches that a bake file's target writes."""


def sent_folders(spec: BuildSpec, docker: Docker) -> tuple[SentFolder, ...]:
    """Return the folders that a build sends; none for what is elsewhere. Raises SourceError for a bad bake file."""
    if spec.kind != "dockerfile":
        return tuple(
            replace(folder, cache_to=told.cache_to)
            for target, told in bake_targets(spec, docker).items()
            for folder in _folders(target, spec.project, told.context, told.dockerfile, told.named)
        )
    dockerfile = None if is_remote(spec.file) else Path(spec.project, spec.file)
    return tuple(_folders("", spec.project, spec.context, dockerfile, _named(spec.extra)))


class ContextSnapshot:
    """The contexts of one build, read beside it by threads of their own; `sent` tells that the builder has them."""

    def __init__(self, spec: BuildSpec, docker: Docker, stamps: FileStamps) -> None:
        """Begin at once; the build may be started right after."""
        self._spec, self._docker, self._stamps = spec, docker, stamps
        self._began = time.clock_gettime_ns(_COARSE_CLOCK)
        self._sent, self._stopped = Event(), Event()
        self._readers: list[ContextReader] = []
        self._contexts: list[tuple[SentFolder, Context]] = []
        self.problem = ""
        """Why the contexts could not be read; empty when they could."""
        self._thread = Thread(target=self._run, name="context", daemon=True)
        self._thread.start()

    def look(self, steps: Sequence[Step]) -> None:
        """Learn from the steps so far whether all contexts were sent."""
        loads = [step for step in steps if is_load(step)]
        if loads and all(step.completed_at for step in loads):
            self._sent.set()

    @property
    def is_over(self) -> bool:
        """Tell whether all was read, and looked at again once it was sent."""
        return not self._thread.is_alive()

    def contexts(self, *, succeeded: bool) -> tuple[tuple[SentFolder, Context], ...]:
        """Return what was read, once the build is over; what takes too long is left unread."""
        self._sent.set()
        self._thread.join(_PATIENCE if succeeded else _LITTLE_PATIENCE)
        self._stopped.set()
        for reader in tuple(self._readers):
            reader.stop()
        self._thread.join(_LITTLE_PATIENCE)
        return tuple(self._contexts)

    def _run(self) -> None:
        try:
            read = [self._read(folder) for folder in sent_folders(self._spec, self._docker)]
            for _, _, context in read:
                if not self._sent.is_set():  # then there is time for what will be asked for at the end
                    context.tree.at(b"/", follows=False)
            self._sent.wait()
            for folder, reader, context in read:
                unsure = () if self._stopped.is_set() else reader.changed_since(self._began, context.files)
                if self._stopped.is_set():  # nobody looked, or not at all of them
                    unsure = (b"", *(file.path for file in context.files))
                self._contexts.append((folder, replace(context, unsure=unsure) if unsure else context))
        except (DockcacheError, OSError) as error:
            self.problem = str(error)

    def _read(self, folder: SentFolder) -> tuple[SentFolder, ContextReader, Context]:
        root = str(folder.root).encode("utf-8", "surrogateescape")
        reader = ContextReader(folder.root, folder.dockerfile, self._stamps.known(root))
        self._readers.append(reader)
        if self._stopped.is_set():
            reader.stop()
        files = reader.read()
        if reader.is_news:
            self._stamps.keep(reader.root, reader.known)
        manifests = tuple(_manifests(folder.root, files))
        return folder, reader, Context(folder.name, str(folder.root), files, ignore=reader.ignore, manifests=manifests)


def _manifests(root: Path, files: Iterable[SentFile]) -> tuple[SourceFile, ...]:
    """Return the small texts among the files that tell what a project depends on, without passwords in addresses."""
    texts: dict[str, str] = {}
    for file in files:
        name = os.fsdecode(file.path)
        if name in MANIFESTS and stat.S_ISREG(file.mode) and file.size <= _MAX_MANIFEST:
            with suppress(OSError, UnicodeDecodeError):
                texts[name] = (root / name).read_bytes().decode()
    return tuple(SourceFile(name, text) for name, text in without_credentials(texts).items())


def is_load(step: Step) -> bool:
    """Tell whether a step is a context that is sent to the builder."""
    return parse_name(step.name).instruction in ("load build context", "load from client")


def _folders(
    target: str, folder: str, context: str, dockerfile: str | Path | None, named: Iterable[tuple[str, str]]
) -> Iterator[SentFolder]:
    root = Path(folder, context).resolve()
    if not is_remote(context) and root.is_dir():
        yield SentFolder(target, MAIN, root, None if dockerfile is None else Path(root, dockerfile))
    for name, place in named:
        other = Path(folder, place).resolve()
        if not is_remote(place) and other.is_dir():
            yield SentFolder(target, name, other)


def _named(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and place of each named context that buildx is given."""
    for word, following in pairwise((*words, "")):
        option, equals, value = word.partition("=")
        if option == "--build-context":
            name, _, place = (value if equals else following).partition("=")
            if name and place:
                yield name.removesuffix(":latest"), place
