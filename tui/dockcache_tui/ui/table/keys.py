"""The table's keys: all, and those of tables in which nothing can be marked."""

from textual.binding import Binding, BindingType

READING_BINDINGS: list[BindingType] = [
    Binding("up,k", "cursor_up", "Up", show=False, id="table.up"),
    Binding("down,j", "cursor_down", "Down", show=False, id="table.down"),
    Binding("left,h", "pan_left", "Long text left", show=False, id="table.left"),
    Binding("right,l", "pan_right", "Long text right", show=False, id="table.right"),
    Binding("home,g", "first", "First", show=False, id="table.first"),
    Binding("end,G", "last", "Last", show=False, id="table.last"),
    Binding("pageup", "page_up", "Page up", show=False, id="table.page_up"),
    Binding("pagedown", "page_down", "Page down", show=False, id="table.page_down"),
    Binding("ctrl+u", "half_page_up", "Half a page up", show=False, id="table.half_page_up"),
    Binding("ctrl+d", "half_page_down", "Half a page down", show=False, id="table.half_page_down"),
    Binding("enter", "open", "Open", id="table.open"),
    Binding("s", "sort_next", "Sort", id="table.sort"),
    Binding("S", "sort_flip", "Flip sort", show=False, id="table.flip"),
]

TABLE_BINDINGS: list[BindingType] = [
    *READING_BINDINGS,
    Binding("space", "mark", "Mark", id="table.mark"),
    Binding("v", "range", "Range", show=False, id="table.range"),
    Binding("u", "unmark_all", "Unmark", show=False, id="table.unmark"),
]
