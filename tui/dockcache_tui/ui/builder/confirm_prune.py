"""Before a prune: exactly what goes, what it frees, what stays and why. The default is No."""

from enum import StrEnum

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from dockcache_tui.core import wording
from dockcache_tui.core.literal import literal
from dockcache_tui.core.records.prune import PrunePlan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import Record, RecordKey
from dockcache_tui.ui.shared.modal import BoxScreen, listing


class PruneAnswer(StrEnum):
    """What to prune."""

    MARKED = "marked"
    DEEP = "deep"


class ConfirmPrune(BoxScreen[PruneAnswer]):
    """Shows a plan and asks."""

    DEFAULT_CSS = """
    ConfirmPrune {
        & #plan { height: auto; max-height: 36vh; margin: 1 0; }
        & Log { height: 36vh; margin: 1 0; }
        & #command { color: $foreground-muted; height: auto; max-height: 3; }
        & Horizontal { height: 3; align-horizontal: right; }
        & Button { margin-left: 2; }
    }
    """

    def __init__(self, plan: PrunePlan, reading: Reading) -> None:
        """Take the plan, and the reading it was made from."""
        super().__init__()
        self._plan, self._reading = plan, reading

    def compose(self) -> ComposeResult:
        """Lay out the plan, the command and the buttons."""
        plan = self._plan
        with Vertical(classes="box") as box:
            box.border_title = Text("Delete from the builder")
            yield Static(_headline(plan), markup=False)
            yield listing(_lines(plan, self._reading))
            yield Static(Text(_command(plan, self._reading.snapshot.builder)), id="command", markup=False)
            with Horizontal():
                yield Button("No", id="no")
                if plan.unmarked and len(plan.deep) > len(plan.freed):
                    yield Button(f"With all below ({wording.size(plan.deep_bytes)})", id="deep", variant="warning")
                if plan.freed:
                    yield Button(f"Delete ({wording.size(plan.bytes)})", id="marked", variant="error")

    def on_mount(self) -> None:
        """Put the focus on No."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(None if event.button.id == "no" else PruneAnswer(event.button.id or ""))


def _headline(plan: PrunePlan) -> Text:
    if not plan.freed:
        return Text("Nothing of this can be freed as it is.", "bold")
    text = Text(f"{wording.count(len(plan.freed), 'record')} will go, leaf first, freeing ", "bold")
    return text.append(wording.exact_size(plan.bytes)).append(". This can't be undone.")


def _lines(plan: PrunePlan, reading: Reading) -> list[Text]:
    """Return a line for each record that a button takes, and for each that stays."""
    lines = [_going(record, reading) for record in plan.freed]
    for kept in plan.kept:
        line = Text(f"{'stays':>15}  {literal(kept.key.id[:25]):<25}  {kept.reason.value}", "bold")
        lines.append(line.append(f"{_blockers(kept.children)} · {_told(reading, kept.key)}", "not bold"))
    going = {record.key for record in plan.freed}
    below = [record for record in plan.deep if record.key not in going]
    if below:
        lines.append(Text(f"With all below {wording.count(len(below), 'record')} more:", "bold"))
    return [*lines, *(_going(record, reading) for record in below)]


def _going(record: Record, reading: Reading) -> Text:
    return Text(f"{record.size:>15,}  {literal(record.id[:25]):<25}  {_told(reading, record.key)}")


def _blockers(children: tuple[RecordKey, ...]) -> str:
    names = ", ".join(literal(child.id[:12]) for child in children[:3])
    return f" ({names}{'…' if len(children) > 3 else ''})" if children else ""


def _told(reading: Reading, key: RecordKey) -> str:
    """Return what a record is and whose."""
    scoped = reading.by_key.get(key)
    return literal(" · ".join((scoped.record.description, *map(str, scoped.owners)))) if scoped else ""


def _command(plan: PrunePlan, builder: str) -> str:
    ids = " ".join(record.id for record in plan.freed[:3])
    more = " …" if len(plan.freed) > 3 else ""
    return literal(f"dockcache-tui records prune --builder {builder} --yes {ids}{more}") if plan.freed else ""
