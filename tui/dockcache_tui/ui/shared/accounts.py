"""What the app tells after a delete: in a notice where that fits, else of every single thing in a box."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from dockcache_tui.core import wording
from dockcache_tui.core.deletion import DeleteComparison, Fate, Thing
from dockcache_tui.core.records.outcome import Comparison, outcomes
from dockcache_tui.core.records.prune import PrunePlan
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.ui.shared.listing import Listing, Row

LONGEST_NOTICE = 400
"""Characters of a notice that are shown."""
WIDEST_RECORD, WIDEST_KEY = 40, 200
_DONE = ("freed", Fate.DELETED.value)
_FIRST = ("unknown", "not tried", "refused", "stayed")
"""What is told first; what went as planned comes last."""


@dataclass(frozen=True, slots=True)
class Came:
    """What became of one thing, in a word and with why; `odd` when it is not what was planned."""

    word: str
    size: int
    name: str
    why: str
    id: str
    odd: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """What a delete did, in words, and of every single thing where a notice can't hold all that went otherwise."""

    text: str
    agrees: bool
    listing: Listing | None = None

    @classmethod
    def of(cls, summary: str, things: Sequence[Came], unaudited: str, widest: int) -> "Account":
        """Write it; names are cut at `widest` cells. It takes a while for 100,000 things."""
        odd = [one for one in things if one.odd]
        counts = Counter(one.word for one in odd)
        words = ", ".join(f"{counts[word]:,} {word}" for word in sorted(counts, key=_order))
        head = [summary, *([f"{words}."] if odd else [])]
        if unaudited:
            head.append(f"Not all that was done is in the audit log: {unaudited}")
        lines = (f"{one.word}: {': '.join(filter(None, (one.name or one.id, one.why)))}" for one in odd)
        text, agrees = "\n".join((*head, *lines)), not (odd or unaudited)
        if len(text) <= LONGEST_NOTICE:
            return cls(text, agrees)
        return cls("\n".join(head), agrees, _listing(things, widest))


def _listing(things: Sequence[Came], widest: int) -> Listing:
    rows: list[Row] = []
    for word, group in groupby(sorted(things, key=lambda one: _order(one.word)), lambda one: one.word):
        same = list(group)
        rows.append(f"{word.capitalize()} {len(same):,}")
        rows += [(f"{one.size:,}", one.name, one.why, one.id) for one in same]
    return Listing.of(rows, (widest, widest))


def of_prune(plan: PrunePlan, found: Comparison, reading: Reading) -> Account:
    """Return the account of a prune."""
    count, things = wording.count(found.records, "record"), []
    many = len(reading.snapshot.nodes) > 1
    for one in outcomes(plan, found):
        scoped = reading.by_key.get(one.key)
        name, id_ = scoped.title if scoped else "", f"{one.key.id} on {one.key.node}" if many else one.key.id
        odd = not one.kept and (bool(one.detail) or one.word not in _DONE)
        size = one.freed if one.word in _DONE else scoped.record.size if scoped else 0
        things.append(Came(one.word, size, name, one.detail.removeprefix(one.word).removeprefix(": "), id_, odd))
    summary = _summary("Freed", count, found.freed, found.planned, agrees=found.agrees)
    return Account.of(summary, things, found.unaudited, WIDEST_RECORD)


def of_deletes(found: DeleteComparison[Thing], one: str, many: str, name: Callable[[Thing], str]) -> Account:
    """Return the account of a delete of caches or artifacts, of which `one` or `many` are told."""
    things = []
    for came in found.outcomes:
        lingers, deleted = came.thing.id in found.lingering, came.fate is Fate.DELETED
        why = "listed still" if lingers else came.detail
        odd = lingers or not deleted
        things.append(Came(came.fate.value, came.thing.size, name(came.thing), why, str(came.thing.id), odd=odd))
    count = wording.count(found.deleted, one, many)
    summary = _summary("Deleted", count, found.freed, found.planned, agrees=found.agrees)
    return Account.of(summary, things, found.unaudited, WIDEST_KEY)


def _summary(verb: str, count: str, size: int, planned: int, *, agrees: bool) -> str:
    if agrees:
        return f"{verb} {count}, {wording.exact_size(size)}, as planned."
    return f"{verb} {count}, {wording.exact_size(size)} of {wording.exact_size(planned)} planned."


def _order(word: str) -> tuple[bool, int]:
    return word in _DONE, _FIRST.index(word) if word in _FIRST else len(_FIRST)
