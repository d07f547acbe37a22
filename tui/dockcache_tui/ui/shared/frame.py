"""What stands around the areas: the row of tabs with the path, the footer, and the colours."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.theme import Theme
from textual.widget import Widget
from textual.widgets import Footer

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


class KeysBar(Footer):
    """Made anew only when other keys are to be shown: Textual's footer keeps all that it ever showed."""

    _shown: tuple[tuple[Binding, bool, str], ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        if self._to_show(screen) != self._shown:
            super().bindings_changed(screen)

    async def recompose(self) -> None:
        self._shown = self._to_show(self.screen)
        await super().recompose()
        self.mutate_reactive(Footer.compact)  # lets go of the keys that are no more

    @staticmethod
    def _to_show(screen: Screen[object]) -> tuple[tuple[Binding, bool, str], ...]:
        return tuple(
            (one.binding, one.enabled, one.tooltip) for one in screen.active_bindings.values() if one.binding.show
        )


DARK = Theme(
    name="dockcache-dark",
    primary="#6cb6ff",
    secondary="#39c5cf",
    accent="#f0b72f",
    foreground="#d3dae3",
    background="#0f141a",
    surface="#141b23",
    panel="#1e2833",
    boost="#243140",
    success="#57d08b",
    warning="#f0b72f",
    error="#ff7b72",
    dark=True,
)
LIGHT = Theme(
    name="dockcache-light",
    primary="#0a5fb4",
    secondary="#0b7285",
    accent="#8a5300",
    foreground="#1c2733",
    background="#fbfcfd",
    surface="#f3f6f9",
    panel="#e3e9ef",
    boost="#d9e2ea",
    success="#13713c",
    warning="#8a5300",
    error="#b42318",
    dark=False,
)
