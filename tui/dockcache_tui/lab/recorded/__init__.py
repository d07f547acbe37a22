"""A recorded builder for machines that have no engine."""

from dockcache_tui.lab.recorded.recording import Recording, read, shipped
from dockcache_tui.lab.recorded.workspace import RecordedWorkspace

__all__ = ["RecordedWorkspace", "Recording", "read", "shipped"]
