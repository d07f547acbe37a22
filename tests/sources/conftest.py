"""What the tests of sources share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dockcache_tui.sources.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A fresh journal."""
    opened = Journal(tmp_path / "data")
    yield opened
    opened.close()
