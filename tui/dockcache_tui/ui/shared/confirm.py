"""Before anything is deleted: exactly what, and its bytes. The default is No."""

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
from dockcache_tui.ui.shared.modal import Answer, BoxScreen

WIDEST = 20


@dataclass(frozen=True, slots=True)
class Doomed:
    """One entry that goes: its bytes, id, branch and name."""

    size: int
    id: int
    branch: str
    name: str


class ConfirmScreen(BoxScreen[Answer]):
    """Shows a plan and asks."""

    DEFAULT_CSS = """
    ConfirmScreen {
        & > .box { max-width: 140; }
        & Horizontal { height: 3; align-horizontal: right; }
        & Button { margin-left: 2; }
    }
    """

    def __init__(self, title: str, yes: Button) -> None:
        """Take what is asked, and the button that agrees."""
        super().__init__()
        self._title, self.yes = title, yes

    def compose(self) -> ComposeResult:
        """Lay out the plan and the buttons."""
        with Vertical(classes="box") as box:
            box.border_title = Text(literal(self._title))
            yield from self.plan()
            with Horizontal():
                yield Button("No", id="no")
                yield self.yes

    def plan(self) -> ComposeResult:
        """Lay out the plan."""
        raise NotImplementedError

    def agreed(self) -> Answer | None:
        """Return what a yes answers; None while nothing that could be agreed to is in sight."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Put the focus on No."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed, "#no")
    def _refuse(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#yes")
    def _agree(self) -> None:
        if (answer := self.agreed()) is not None:
            self.dismiss(answer)


class ConfirmDelete(ConfirmScreen[bool]):
    """Asks before Actions caches or artifacts are deleted."""

    DEFAULT_CSS = """
    ConfirmDelete {
        & > .box { width: 96%; }
        & ListingView { max-height: 45vh; }
    }
    """

    def __init__(self, title: str, doomed: Sequence[Doomed], stays: str = "") -> None:
        """Take what goes, and words on what was marked too and stays."""
        self._doomed, self._stays = doomed, stays
        self._total = sum(one.size for one in doomed)
        super().__init__(title, Button(f"Delete ({wording.size(self._total)})", id="yes", variant="error"))

    def plan(self) -> ComposeResult:
        count, size = wording.count(len(self._doomed), "entry", "entries"), wording.exact_size(self._total)
        head = f"{count}, {size}, each read again before it is deleted. This can't be undone."
        yield Static(Text(head, "bold"), markup=False)
        yield ListingView(_listing(self._doomed))
        if self._stays:
            yield Static(Text(literal(self._stays)), markup=False)

    def agreed(self) -> bool:
        return True


def _listing(doomed: Sequence[Doomed]) -> Listing:
    rows = [(f"{one.size:,}", str(one.id), one.branch, one.name) for one in doomed]
    return Listing.of(rows, (WIDEST, WIDEST, WIDEST))
