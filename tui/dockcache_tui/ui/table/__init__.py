"""The one virtual table of the app: declared by columns, keyed by record, painted line by line."""

from dockcache_tui.ui.table.columns import Column, field_columns, in_order
from dockcache_tui.ui.table.keys import READING_BINDINGS, TABLE_BINDINGS
from dockcache_tui.ui.table.table import RecordTable
from dockcache_tui.ui.table.view import Sort

__all__ = ["READING_BINDINGS", "TABLE_BINDINGS", "Column", "RecordTable", "Sort", "field_columns", "in_order"]
