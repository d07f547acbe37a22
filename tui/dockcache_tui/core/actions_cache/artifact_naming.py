"""Under which name an artifact is kept on disk: anyone who can open a pull request names artifacts."""

import re

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.literal import literal

_LONGEST = 200
"""Bytes; file systems end at 255, and a download under way has a longer name."""
_UNFIT = re.compile(r'[/\\":<>|*?]|^[.\s]+|[.\s]+$')


def file_name(artifact: Artifact, *, zipped: bool) -> str:
    """Return a plain file name, never hidden, never of another folder; a zip that GitHub made ends in `.zip`."""
    name = _UNFIT.sub("_", literal(artifact.name).replace("\ufffd", "_"))
    name = name.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore") or f"artifact-{artifact.id}"
    return f"{name}.zip" if zipped and not name.lower().endswith(".zip") else name
