"""Archives on this machine, for the front ends."""

from pathlib import Path

from dockcache_tui.core.images.archive import Archive
from dockcache_tui.sources.archives.finding import find_archives
from dockcache_tui.sources.archives.reading import read_archive


class LocalArchives:
    """Reads archives where they lie."""

    def find(self, folder: Path) -> tuple[Path, ...]:
        """Return what looks like an archive in a folder, by content, newest first; does not read further."""
        return find_archives(folder)

    def read(self, path: Path) -> Archive:
        """Read what an archive holds, without its files; what is wrong with it is told in its faults."""
        return read_archive(path)
