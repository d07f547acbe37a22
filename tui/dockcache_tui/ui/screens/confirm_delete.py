"""Before Actions caches are deleted: exactly which, and their bytes. The default is No."""

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static

from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.deleting import DeletePlan
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.screens.confirm_prune import MOST_LINES
from dockcache_tui.ui.screens.modal import BoxScreen


class ConfirmDelete(BoxScreen[bool]):
    """Shows a plan and asks."""

    DEFAULT_CSS = """
    ConfirmDelete {
        & #plan { height: auto; max-height: 16; margin: 1 0; }
        & Horizontal { height: 3; align-horizontal: right; }
        & Button { margin-left: 2; }
    }
    """

    def __init__(self, plan: DeletePlan) -> None:
        """Take the plan."""
        super().__init__()
        self._plan = plan

    def compose(self) -> ComposeResult:
        """Lay out the plan and the buttons."""
        plan = self._plan
        with Vertical(classes="box") as box:
            box.border_title = Text(literal(f"Delete caches of {plan.repo}"))
            count = wording.count(len(plan.caches), "entry", "entries")
            head = f"{count}, {wording.exact_size(plan.bytes)}, each read again before it goes. This can't be undone."
            yield Static(Text(head, "bold"), markup=False)
            with VerticalScroll(id="plan"):
                yield Static(_lines(plan), markup=False)
            with Horizontal():
                yield Button("No", id="no")
                yield Button(f"Delete ({wording.size(plan.bytes)})", id="yes", variant="error")

    def on_mount(self) -> None:
        """Put the focus on No."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


def _lines(plan: DeletePlan) -> Text:
    text = Text()
    for cache in plan.caches[:MOST_LINES]:
        text.append(f"{cache.size:>15,}  {cache.id:<12} {literal(cache.branch.short):<14} ").append(
            f"{literal(cache.key)}\n"
        )
    if len(plan.caches) > MOST_LINES:
        text.append(f"and {len(plan.caches) - MOST_LINES:,} more\n")
    return text
