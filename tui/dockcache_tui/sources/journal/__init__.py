"""The journal of builds: SQLite in the platform's data folder, readable after a kill at any moment."""

from dockcache_tui.sources.journal.journal import Journal, data_folder

__all__ = ["Journal", "data_folder"]
