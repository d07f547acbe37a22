"""Before Actions caches or artifacts are deleted: exactly which, and their bytes. The default is No."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from dockcache_tui.core import wording
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.shared.listing import Listing, ListingView
from dockcache_tui.ui.shared.modal import BoxScreen

WIDEST = 20


@dataclass(frozen=True, slots=True)
class Doomed:
    """One entry that goes: its bytes, id, branch and name."""

    size: int
    id: int
    branch: str
    name: str


class ConfirmDelete(BoxScreen[bool]):
    """Shows a plan and asks."""

    DEFAULT_CSS = """
    ConfirmDelete {
        & > .box { width: 96%; max-width: 140; }
        & ListingView { max-height: 45vh; }
        & Horizontal { height: 3; align-horizontal: right; }
        & Button { margin-left: 2; }
    }
    """

    def __init__(self, title: str, doomed: Sequence[Doomed], stays: str = "") -> None:
        """Take what goes, and words on what was marked too and stays."""
        super().__init__()
        self._title, self._doomed, self._stays = title, doomed, stays

    def compose(self) -> ComposeResult:
        """Lay out the plan and the buttons."""
        total = sum(one.size for one in self._doomed)
        with Vertical(classes="box") as box:
            box.border_title = Text(literal(self._title))
            count = wording.count(len(self._doomed), "entry", "entries")
            head = f"{count}, {wording.exact_size(total)}, each read again before it is deleted. This can't be undone."
            yield Static(Text(head, "bold"), markup=False)
            yield ListingView(_listing(self._doomed))
            if self._stays:
                yield Static(Text(literal(self._stays)), markup=False)
            with Horizontal():
                yield Button("No", id="no")
                yield Button(f"Delete ({wording.size(total)})", id="yes", variant="error")

    def on_mount(self) -> None:
        """Put the focus on No."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


def _listing(doomed: Sequence[Doomed]) -> Listing:
    rows = [(f"{one.size:,}", str(one.id), one.branch, one.name) for one in doomed]
    return Listing.of(rows, (WIDEST, WIDEST, WIDEST))
