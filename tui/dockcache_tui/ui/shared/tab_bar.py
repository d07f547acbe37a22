"""The row of top views and the path under it."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from dockcache_tui.core.literal import literal


class TabBar(Widget):
    """The top views by number, and right of them the path to what is shown."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--on", "tabs--off", "tabs--path"}
    DEFAULT_CSS = """
    TabBar {
        height: 1; padding: 0 1; background: $surface;
        & .tabs--on { text-style: bold reverse; color: $primary; }
        & .tabs--off { color: $foreground-muted; }
        & .tabs--path { color: $foreground-muted; }
    }
    """
    active: reactive[str] = reactive("")
    path: reactive[tuple[str, ...]] = reactive(())

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, tab: str) -> None:
            """Name the view."""
            super().__init__()
            self.tab = tab

    def __init__(self, tabs: Sequence[tuple[str, str, str]]) -> None:
        """Take the tabs as (key, view id, title)."""
        super().__init__()
        self._tabs = tabs

    def render(self) -> Text:
        """Return the tabs, then the path, cut at its left end when there is no room."""
        line = Text(no_wrap=True)
        for key, view, title in self._tabs:
            name = "tabs--on" if view == self.active else "tabs--off"
            line.append(f" {key} {title} ", str(self.get_component_rich_style(name, partial=True))).append(" ")
        path = Text(literal(" › ".join(self.path)), no_wrap=True)
        room = self.size.width - line.cell_len
        path.truncate(max(room, 0), overflow="ellipsis")
        line.append(" " * (room - path.cell_len))
        return line.append_text(Text(path.plain, str(self.get_component_rich_style("tabs--path", partial=True))))

    def on_click(self, event: events.Click) -> None:
        """Go to the tab under the mouse."""
        left = self.styles.padding.left
        for key, view, title in self._tabs:
            width = len(f" {key} {title} ") + 1
            if left <= event.x < left + width:
                self.post_message(self.Picked(view))
                return
            left += width
