"""The filter language, the same for records, builds, caches and archives."""

from dockcache_tui.core.filter.language import Filter, parse
from dockcache_tui.core.filter.words import FilterError, quote

__all__ = ["Filter", "FilterError", "parse", "quote"]
