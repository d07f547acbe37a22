"""A build as a `.dockerbuild` keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dockcache_tui.core.archives.archive import Fault
from dockcache_tui.core.builds.build import Build, SourceFile
from dockcache_tui.core.builds.progress import BuildWarning, LogView


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """One recorded build with its steps; `logs` is the output of those steps that said something, by digest.

    `files` are the Dockerfiles it was built from, `imports` the caches it was told to import, as `--cache-from` takes
    them, `faults` what of it could not be read.
    """

    build: Build
    logs: Mapping[str, LogView] = field(default_factory=dict)
    warnings: tuple[BuildWarning, ...] = ()
    files: tuple[SourceFile, ...] = ()
    imports: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def log(self, digest: str) -> LogView:
        """Return the output of a step."""
        return self.logs.get(digest, LogView())
