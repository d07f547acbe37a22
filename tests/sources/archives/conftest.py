"""What the tests of archives share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.reading import read_archive


@pytest.fixture
def files(tmp_path: Path) -> Iterator[ImageFiles]:
    """What reads the files of archives, with a cache folder of its own."""
    found = ImageFiles(read_archive, IndexFolder(tmp_path / "cache"))
    yield found
    found.close()
