"""What a view shows instead of its list: loading, empty, or failed with the reason and what to do next."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.literal import literal

LONGEST_TITLE = 60
LONGEST = 240
"""Characters of each text that are shown: all three have to fit on 24 lines."""


class StatePanel(Vertical):
    """A title, a reason and a hint in the middle of the view."""

    DEFAULT_CSS = """
    StatePanel {
        align: center middle; height: 1fr;
        & #panel-title { text-style: bold; text-align: center; width: 100%; }
        & #panel-reason { text-align: center; width: 100%; padding: 1 4; }
        & #panel-hint { text-align: center; width: 100%; color: $primary; padding: 0 4; }
        &.-failed #panel-title { color: $error; }
    }
    """

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._texts = [Static(id=f"panel-{name}", markup=False) for name in ("title", "reason", "hint")]

    def compose(self) -> ComposeResult:
        """Lay out the three texts."""
        yield from self._texts

    def say(self, title: str, reason: str, hint: str = "", *, failed: bool = False) -> None:
        """Show these texts literally."""
        self.set_class(failed, "-failed")
        for widget, text in zip(self._texts, (wording.cut(title, LONGEST_TITLE), reason, hint), strict=True):
            widget.update(Text("\n".join(map(literal, wording.cut(text, LONGEST).split("\n")))))

    def say_error(self, error: DockcacheError) -> None:
        """Show an error with its retry key."""
        hint = f"{wording.cut(error.hint, LONGEST - 20)}\nr  try again".strip()
        self.say(f"✗ {error.title}", str(error), hint, failed=True)
