"""A builder of two projects whose records have known owners, and the way to pick a branch there."""

import re
from collections.abc import Iterable

import pytest

from core.record_making import record
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.scope import BranchScope, Checkout, Known, Owner, Project
from ui.bench import Bench
from ui.house import Cache, House

WEB, API = Project("/src/web", "acme/web"), Project("/src/api")
MAIN, FIX = BranchScope.of("main"), BranchScope.of("fix")
OWNERS = {
    "base": ((WEB, MAIN), (WEB, FIX), (API, MAIN)),
    "mine": ((WEB, MAIN),),
    "both": ((WEB, MAIN), (WEB, FIX)),
    "theirs": ((API, MAIN),),
    "fixed": ((WEB, FIX),),
}


def owned_house(monkeypatch: pytest.MonkeyPatch) -> House:
    """Return a house of two projects, opened in one of them; their records stand on one base, one is nobody's."""

    def attribute(records: Iterable[Record], *_: object) -> tuple[ScopedRecord, ...]:
        return tuple(
            ScopedRecord(one, tuple(Owner(*owner, Known.NAMED) for owner in OWNERS.get(one.id, ()))) for one in records
        )

    monkeypatch.setattr("dockcache_tui.core.records.reading.attribute", attribute)
    records = [record("base", size=100), *(record(name, "base", size=10) for name in ("mine", "both", "theirs"))]
    records += [record("fixed", "mine", size=1), record("nobody", "both", size=1)]
    return House(Cache(records=records), work=Checkout("/src/web", "acme/web", MAIN, MAIN, "abc", project=WEB))


async def pick(app: Bench, branch: str) -> None:
    """Narrow to a branch, as the picker calls it."""
    await app.press("f")
    await app.see("Branch scope of every view")
    await app.type(branch)
    await app.press("enter")
    await app.see(rf"· {re.escape(branch)} ")
