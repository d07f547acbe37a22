"""The header: project, builder, branch scope, health and age of what is shown."""

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from dockcache_tui.core.literal import literal


@dataclass(frozen=True, slots=True)
class Masthead:
    """What the header says; `health` is a glyph with a word, so that colour is never needed."""

    project: str = ""
    builder: str = ""
    scope: str = "all branches"
    health: str = "◌ connecting"
    healthy: bool = True
    running: str = ""
    budget: str = ""
    recorded: bool = False
    read_only: bool = False


class MastheadBar(Widget):
    """One line at the top; what matters least gives way first when it is narrow."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"masthead--{name}" for name in ("name", "bad", "flag", "dim", "run")}
    DEFAULT_CSS = """
    MastheadBar {
        height: 1; background: $panel; color: $foreground; padding: 0 1;
        & .masthead--name { text-style: bold; color: $primary; }
        & .masthead--bad { color: $error; text-style: bold; }
        & .masthead--flag { color: $warning; text-style: bold reverse; }
        & .masthead--dim { color: $foreground-muted; }
        & .masthead--run { color: $accent; text-style: bold; }
    }
    """
    state: reactive[Masthead] = reactive(Masthead())

    def render(self) -> Text:
        """Return the line, cut to the width."""
        state = self.state
        left = Text(no_wrap=True, overflow="ellipsis")
        left.append("dockcache", self._style("name"))
        for flag in ("RECORDED" * state.recorded, "READ-ONLY" * state.read_only):
            if flag:
                left.append(" ").append(f" {flag} ", self._style("flag"))
        for part in (state.project, state.builder, state.scope):
            if part:
                left.append(" · ", self._style("dim")).append(literal(part))
        right = Text(no_wrap=True)
        if state.budget:
            right.append(state.budget + "  ", self._style("dim"))
        if state.running:
            right.append(literal(state.running) + "  ", self._style("run"))
        right.append(state.health, self._style("dim" if state.healthy else "bad"))
        room = self.size.width - right.cell_len - 1
        left.truncate(max(room, 0), overflow="ellipsis", pad=True)
        return left.append(" ").append_text(right)

    def _style(self, name: str) -> str:
        return str(self.get_component_rich_style(f"masthead--{name}", partial=True))
