"""The prune of records in the app: what its dialog lists, what its boxes add, and that Yes does just that."""

import re
from collections.abc import Iterable

import pytest
from textual.widgets import Button

from core.record_making import SHARED, key, record
from dockcache_tui.core.records.record import Pruned, PruneOutcome, Record
from dockcache_tui.ui.shared.listing import ListingView
from dockcache_tui.ui.shared.modal import Tick
from ui.bench import NARROW, Bench, bench
from ui.house import Cache, House
from ui.owning import pick


def family() -> House:
    """Return a house with a base, two layers on it, and a record that an image shares."""
    layers = [record(name, *parents, size=1000) for name, *parents in (("base",), ("left", "base"), ("right", "base"))]
    return House(Cache(records=[*layers, record("image", size=5000, flags=SHARED)]))


def listed(app: Bench) -> list[str]:
    """Return the dialog's list, from the top: headings, and what each record is with the words beside it."""
    listing = app.app.screen.query_one(ListingView).listing
    return [row if isinstance(row, str) else f"{row[-1]}: {row[2]}".rstrip(": ") for row in listing.rows]


async def ask(app: Bench) -> None:
    """Mark all that is in sight and ask to delete it."""
    await app.press("u", "home", "v", "end", "d")
    await app.see("Delete from the builder", "Goes|Stays")


async def test_the_default_answer_deletes_nothing() -> None:
    """Enter on a plan's first button, and esc, prune nothing."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        for answer in ("enter", "escape"):
            await app.press("d")
            await app.see("Delete from the builder")
            await app.press(answer)
            await app.see_no("Delete from the builder")
    assert house.cache.pruned == []


async def test_marked_records_go_leaf_first() -> None:
    """The plan names ids and bytes; after Yes exactly these are gone, leaves before their parent."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        await app.press("home", "space", "space", "space")
        await app.press("d")
        await app.see("3 records will go, leaf first, freeing 3.0 kB", "1,000  base", "1,000  left", "1,000  right")
        await app.press("tab", "enter")
        await app.see(r"Freed 3 records, 3.0 kB \(3,000 bytes\), as planned")
        await app.see_no("left")
    assert {*house.cache.pruned[:2]} == {key("left"), key("right")}
    assert house.cache.pruned[2:] == [key("base")]
    kept = [len(snapshot.records) for snapshot, _ in house.seen]
    assert (kept[0], kept[-1]) == (4, 1), "which records there are is kept before and after"


async def test_what_frees_nothing_is_told() -> None:
    """A shared record can't be freed, and a parent only with what stands on it: there is no Yes until that goes too."""
    house = family()
    async with bench(house) as app:
        await app.see("image")
        await app.press("end", "d")
        await app.see("None of this can be freed", "Stays 1", "image +shared with an image")
        assert "Yes" not in app.screen()
        assert "all below" not in app.screen()
        await app.press("escape", "home", "d")
        await app.see("base +under records that stay: left, right", r"\[ \] With all below: 2 records more")
        assert "Yes" not in app.screen()
        await app.press("shift+tab", "space")
        await app.see(r"\[X\] With all below", "3 records will go", "Yes, 3 records")
        assert listed(app) == ["Goes 3", "right", "left", "base"]
        await app.press("tab", "tab", "enter")
        await app.see("Freed 3 records, 3.0 kB")
    assert len(house.cache.pruned) == 3


async def test_nobody_says_yes_to_what_is_not_in_sight() -> None:
    """From the moment that a box is changed until its plan is shown there is nothing to say yes to."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        await app.press("home", "down", "space", "home", "space", "d")
        await app.see("1 record will go")

        def act() -> None:
            app.app.screen.query(Tick).first().toggle()
            app.app.screen.query_one("#yes", Button).press()

        app.app.screen.call_later(act)
        await app.see("Yes, 3 records")
        assert "Delete from the builder" in app.screen()
    assert house.cache.pruned == []


async def test_what_goes_with_all_below_is_named_before_it_is_chosen() -> None:
    """What the box adds stands above the button with its bytes, also where a filter hides it."""
    async with bench(family()) as app:
        await app.see("left")
        await app.press("slash")
        await app.type("id:base")
        await app.press("enter")
        await app.see("1 of 4")
        await app.press("home", "d")
        await app.see("With all below: 2 records more")
        await app.press("shift+tab", "space")
        await app.see("1,000  left", "1,000  right", "1,000  base", "Yes, 3 records")


async def test_every_record_of_a_long_plan_is_listed() -> None:
    """A plan of hundreds of records can be read to its last id before anybody says yes."""
    house = House(Cache(records=[record(f"r{number:03}", size=1000) for number in range(600)]))
    async with bench(house) as app:
        await app.see("r000")
        await app.press("home", "v", "end", "slash")
        await app.type("r00")
        await app.see("10 of 600")
        await app.press("enter", "d")
        await app.see("600 records will go", r"1,000  r\d\d\d", "Yes, 600 records")
        assert sorted(listed(app)) == ["Goes 600", *(f"r{number:03}" for number in range(600))]
        last = listed(app)[-1]
        app.app.screen.query_one(ListingView).focus()
        await app.press("end")
        await app.see(rf"1,000  {last}")


async def test_what_others_own_too_stays_and_is_named(owned: House) -> None:
    """With a branch picked only what it alone owns goes; the rest is listed with whose it is besides."""
    async with bench(owned) as app:
        await app.see("mine", "theirs")
        await pick(app, "main")
        await app.see_no("─theirs", "─nobody")
        await ask(app)
        await app.see("None of this can be freed")
        assert listed(app) == [
            "Stays 3",
            "base: others own it too: fix of acme/web, main of /src/api",
            "both: others own it too: fix of acme/web",
            "mine: under records that stay: fixed",
        ]
        await app.press("escape")
        owned.cache.records = [one for one in owned.cache.records if one.id != "fixed"]
        await app.press("r")
        await ask(app)
        await app.see("1 record will go", "Yes, 1 record")
        assert listed(app)[:2] == ["Goes 1", "mine"]
        await app.press("tab", "enter")
        await app.see("Freed 1 record, 10 B")
    assert owned.cache.pruned == [key("mine")]


async def test_what_is_shared_goes_when_its_box_says_so(owned: House) -> None:
    """The box takes what others own too, with all below also another's or nobody's; Yes takes what is listed."""
    async with bench(owned) as app:
        await app.see("mine", "theirs")
        await pick(app, "main")
        await ask(app)
        await app.see(r"\[ \] With all below: 3 records more", r"\[ \] Shared too: 2 records that others own")
        await app.press("shift+tab", "space")
        await app.see(r"\[X\] Shared too")
        assert listed(app)[0] == "Stays 3"
        await app.press("shift+tab", "space")
        await app.see(r"\[X\] With all below", "Shared too: 5 records", "Yes, 6 records")
        assert sorted(listed(app)[1:]) == [
            "base: also fix of acme/web, main of /src/api",
            "both: also fix of acme/web",
            "fixed: also fix of acme/web",
            "mine",
            "nobody",
            "theirs: also main of /src/api",
        ]
        await app.press("tab", "space")
        await app.see(r"\[ \] Shared too", "None of this can be freed")
        assert "nobody: its owner is not known" in listed(app)
        await app.press("space")
        await app.see("Yes, 6 records")
        await app.press("tab", "tab", "enter")
        await app.see("Freed 6 records")
    assert len(owned.cache.pruned) == 6


async def test_marks_of_another_scope_stay_its_own(owned: House) -> None:
    """What was marked before a branch was picked, and is out of sight now, is listed as another's and stays."""
    async with bench(owned) as app:
        await app.see("theirs")
        await app.press("slash")
        await app.type("id:theirs|nobody")
        await app.press("enter")
        await app.see("2 of 6")
        await app.press("end", "space", "escape")
        await app.see("mine", "^.● ")
        await pick(app, "main")
        await app.press("d")
        await app.see("None of this can be freed", "Stays 1")


async def test_what_a_branch_may_restore_is_not_its_own(owned: House) -> None:
    """With what runs of a branch could restore in sight, a delete still takes only that branch's own."""
    async with bench(owned) as app:
        await app.see("mine")
        await pick(app, "fix + restorable")
        await ask(app)
        await app.see("1 record will go")
        assert listed(app)[:2] == ["Goes 1", "fixed"]


async def test_a_prune_that_freed_less_says_why() -> None:
    """What was planned and not freed is named with its cause."""
    house = family()
    async with bench(house) as app:
        await app.see("left")
        await app.press("end", "up", "d")
        await app.see("1 record will go")
        house.cache.records.append(record("late", "right"))
        await app.press("tab", "enter")
        await app.see("Freed 0 records, 0 B .* of 1.0 kB", "1 refused", "refused: right: the builder refused: in use")
    assert house.cache.pruned == []


class Dying(Cache):
    """A builder that frees some, answers nothing of some more, and can't be asked for the rest."""

    def prune(self, records: Iterable[Record], stop: object = None) -> PruneOutcome:  # noqa: ARG002 - takes no time
        """Free a third, and lose two thirds and the audit log."""
        all_ = list(records)
        third = len(all_) // 3
        freed = tuple(Pruned(one.key, one.size) for one in all_[:third])
        lost = [(one.key, "the connection broke") for one in all_[third:]]
        self.records = [one for one in self.records if one.key not in {pruned.key for pruned in freed}]
        return PruneOutcome(freed, (), tuple(lost[:third]), tuple(lost[third:]), "No space left on device")


@pytest.mark.parametrize("size", [NARROW, (120, 40)])
async def test_the_whole_account_is_shown_where_a_notice_is_too_small(size: tuple[int, int]) -> None:
    """Of hundreds of records each is told with its fate, and that the audit log has not all of it."""
    house = House(Dying(records=[record(f"r{number:03}", size=1000) for number in range(600)]))
    async with bench(house, size) as app:
        await app.see("r000")
        await app.press("home", "v", "end", "d")
        await app.see("Yes, 600 records")
        await app.press("tab", "enter")
        await app.see(
            "What became of the records",
            "Freed 200 records, 200.0 kB",
            "200 not tried, 200 stayed",
            "Not all that was done is in the audit log: No space left on device",
            "Not tried 200",
        )
        rows = listed(app)
        assert [row for row in rows if row.split()[-1] == "200"] == ["Not tried 200", "Stayed 200", "Freed 200"]
        assert len(rows) == 603
        assert sum(bool(re.fullmatch(r"r\d+: the connection broke", row)) for row in rows) == 200
        await app.press("end")
        await app.see(rf"1,000  {rows[-1]}")
        await app.press("escape")
        await app.see_no("What became")


async def test_what_is_not_audited_is_told_also_when_all_went_well() -> None:
    """A prune that freed just what was planned, and could not be audited, says so."""
    house = family()

    def unaudited(records: Iterable[Record], _: object = None) -> PruneOutcome:
        return PruneOutcome(tuple(Pruned(one.key, one.size) for one in records), unaudited="Is a directory")

    house.cache.prune = unaudited  # type: ignore[method-assign, assignment]
    async with bench(house) as app:
        await app.see("left")
        await app.press("end", "up", "d")
        await app.see("1 record will go")
        await app.press("tab", "enter")
        await app.see("Freed 1 record, .*as planned", "Not all that was done is in")
