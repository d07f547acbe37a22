"""Before a prune: exactly what goes, what it frees, what stays and why. The default is No."""

import asyncio
from collections.abc import Collection, Hashable
from dataclasses import dataclass

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Button, Static

from dockcache_tui.core import wording
from dockcache_tui.core.literal import literal
from dockcache_tui.core.records.prune import KeepReason, Kept, PrunePlan, other_owners, plan_of
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import RecordKey
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.builder.records_table import record_key
from dockcache_tui.ui.shared.confirm import ConfirmScreen
from dockcache_tui.ui.shared.listing import Listing, ListingView, Row
from dockcache_tui.ui.shared.modal import Tick

WIDEST_NAME = 40
LEAST_ROWS, ROWS_BESIDE = 4, 14
"""Of the screen: for the list at least, and for what is above and below it."""
NAMED_BLOCKERS = 3
NAMED_IDS = 3


@dataclass(frozen=True, slots=True)
class WantedPrune:
    """What is to be pruned: the records of these rows, and for whom: an empty filter when nobody was picked."""

    reading: Reading
    rows: Collection[Hashable]
    chosen: ScopeFilter


@dataclass(frozen=True, slots=True)
class _Planned:
    """A plan as it is shown; `below` and `others` are how many more records each box could take."""

    plan: PrunePlan
    listing: Listing
    below: int
    others: int


class ConfirmPrune(ConfirmScreen[PrunePlan]):
    """Plans, shows the plan and asks; answers with the plan that was in sight."""

    DEFAULT_CSS = """
    ConfirmPrune {
        & Tick { display: none; width: auto; }
        & Tick.-offered { display: block; }
        & #command { color: $foreground-muted; height: auto; max-height: 3; }
    }
    """

    def __init__(self, wanted: WantedPrune) -> None:
        """Take what is to be pruned."""
        yes = Button("Yes", id="yes", variant="error", disabled=True)
        super().__init__(" · ".join(("Delete from the builder", *_whose(wanted.chosen))), yes)
        self._wanted = wanted
        self._plan: PrunePlan | None = None
        self._head, self._command = Static(markup=False), Static(id="command", markup=False)
        self._list = ListingView()
        self._below, self._shared = Tick(), Tick()

    def plan(self) -> ComposeResult:
        """Lay out the plan, what changes it, and the command."""
        yield self._head
        yield self._list
        yield self._below
        yield self._shared
        yield self._command

    def agreed(self) -> PrunePlan | None:
        return self._plan

    def on_mount(self) -> None:
        """Plan; the focus is on No."""
        self._begin()

    def on_resize(self) -> None:
        """Give the list what room there is."""
        self._list.styles.max_height = max(LEAST_ROWS, self.size.height * 9 // 10 - ROWS_BESIDE)

    @on(Tick.Changed)
    def _begin(self) -> None:
        """Take no yes to a plan that is no longer in sight."""
        self._plan, self.yes.disabled = None, True
        self._head.update("Planning…")
        self._work_out()

    @work(group="plan", exclusive=True, description="plan the prune")
    async def _work_out(self) -> None:
        found = await asyncio.to_thread(_planned, self._wanted, below=self._below.value, shared=self._shared.value)
        self._head.update(_headline(found.plan))
        self._list.show(found.listing)
        self._offer(self._below, found.below, f"With all below: {wording.count(found.below, 'record')} more")
        theirs = wording.count(found.others, "record")
        self._offer(self._shared, found.others, f"Shared too: {theirs} that others own, or may own")
        self._command.update(Text(_command(found.plan, self._wanted.reading.snapshot.builder)))
        self.yes.label = f"Yes, {wording.count(len(found.plan.freed), 'record')}"
        self.yes.refresh(layout=True)
        self.yes.display, self.yes.disabled = bool(found.plan.freed), False
        self._plan = found.plan

    @staticmethod
    def _offer(box: Tick, more: int, label: str) -> None:
        box.label = label
        box.set_class(bool(more), "-offered")


def _planned(wanted: WantedPrune, *, below: bool, shared: bool) -> _Planned:
    """Plan, and write out what goes and what stays."""
    reading, lineage = wanted.reading, wanted.reading.lineage
    marked = {key for row in wanted.rows if (key := record_key(row))}
    known = {at for key in marked if (at := lineage.position(key)) is not None}
    family = lineage.below(known)
    keys = [*marked, *(lineage.records[at].key for at in sorted(family - known) if below)]
    plan = plan_of(reading, keys, wanted.chosen, shared=shared)
    barred = (KeepReason.OTHERS, KeepReason.UNOWNED)
    free = plan if not shared else plan_of(reading, keys, wanted.chosen, shared=False)
    others = sum(one.reason in barred for one in free.kept)
    return _Planned(plan, Listing.of(_rows(plan, wanted), (WIDEST_NAME, WIDEST_NAME)), len(family - known), others)


def _rows(plan: PrunePlan, wanted: WantedPrune) -> list[Row]:
    """Return a row for each record that goes, and for each that stays."""
    rows: list[Row] = []
    if plan.freed:
        rows.append(f"Goes {len(plan.freed):,}")
        rows += [_row(wanted, one.key, f"{one.size:,}", _owners(wanted, one.key)) for one in plan.freed]
    if plan.kept:
        rows.append(f"Stays {len(plan.kept):,}")
        rows += [_row(wanted, one.key, "", _why(one, wanted)) for one in plan.kept]
    return rows


def _row(wanted: WantedPrune, key: RecordKey, size: str, words: str) -> Row:
    scoped = wanted.reading.by_key.get(key)
    many = len(wanted.reading.snapshot.nodes) > 1
    return size, scoped.title if scoped else "", words, f"{key.id} on {key.node}" if many else key.id


def _owners(wanted: WantedPrune, key: RecordKey) -> str:
    """Return the owners of a record that goes; where one owner was chosen, the other owners."""
    scoped = wanted.reading.by_key[key]
    if wanted.chosen.empty:
        return ", ".join(map(str, scoped.owners))
    others = ", ".join(map(str, other_owners(scoped, wanted.chosen)))
    return f"also {others}" if others else ""


def _why(kept: Kept, wanted: WantedPrune) -> str:
    """Return why a record stays: its other owners, or what is built on it."""
    words, more = kept.reason.value, ""
    if kept.reason is KeepReason.OTHERS:
        more = ", ".join(map(str, other_owners(wanted.reading.by_key[kept.key], wanted.chosen)))
    elif kept.children:
        more = ", ".join(wanted.reading.by_key[one].title for one in kept.children[:NAMED_BLOCKERS])
        if len(kept.children) > NAMED_BLOCKERS:
            more += f" and {len(kept.children) - NAMED_BLOCKERS:,} more"
    return f"{words}: {more}" if more else words


def _whose(chosen: ScopeFilter) -> tuple[str, ...]:
    if chosen.picked is None:
        return ()
    names = ", ".join(one.name for one in chosen.projects) or "an unknown project"
    return (f"{chosen.picked.short} of {names}",)


def _headline(plan: PrunePlan) -> Text:
    if not plan.freed:
        return Text("None of this can be freed as things are.", "bold")
    goes = wording.count(len(plan.freed), "record")
    stay = f" {wording.count(len(plan.kept), 'record')} will stay." if plan.kept else ""
    text = Text(f"{goes} will go, leaf first, freeing {wording.exact_size(plan.bytes)}.", "bold")
    return text.append(f"{stay} This can't be undone.", "not bold")


def _command(plan: PrunePlan, builder: str) -> str:
    ids = " ".join(record.id for record in plan.freed[:NAMED_IDS])
    left = len(plan.freed) - NAMED_IDS
    more = f" … and {wording.count(left, 'more id')}" if left > 0 else ""
    return literal(f"dockcache-tui records prune --builder {builder} --yes {ids}{more}") if plan.freed else ""
