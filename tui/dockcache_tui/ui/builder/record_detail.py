"""All that is known of one record."""

from collections.abc import Iterable

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.field import long_text
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.outlook import staying
from dockcache_tui.core.records.prune import Frees, frees
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import Record, RecordKey

MAX_RELATIVES = 8
LONGEST_NAME = 60
LONGEST_TITLE = 240


class RecordDetail(VerticalScroll):
    """A scrolling pane beside or under the list."""

    DEFAULT_CSS = "RecordDetail { padding: 0 1; & Static { width: 100%; } }"

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__()
        self._text = Static(markup=False)

    def compose(self) -> ComposeResult:
        """Lay out the one text."""
        yield self._text

    def show(self, reading: Reading, key: RecordKey | None, now: Instant) -> None:
        """Show a record of a reading, or nothing."""
        scoped = reading.by_key.get(key) if key else None
        self._text.update(describe(reading, scoped, now) if scoped else Text(""))
        self.scroll_home(animate=False)


def describe(reading: Reading, scoped: ScopedRecord, now: Instant) -> Group:
    """Return the record's facts, one a row, with every text from outside literal."""
    record, lineage = scoped.record, reading.lineage
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in _facts(reading, scoped, now):
        grid.add_row(label, Text(literal(value)))
    for label, relatives in (
        ("parents", _relatives(lineage.parents_of(record.key), lineage.missing_of(record.key))),
        ("children", _relatives(lineage.children_of(record.key), ())),
    ):
        grid.add_row(label, Text("\n".join(map(literal, relatives))))
    title = record.description or record.id
    if len(title) > LONGEST_TITLE:
        grid.add_row("all of it", Text(literal(title)))
    return Group(Text(literal(wording.cut(title, LONGEST_TITLE)), style="bold"), grid)


def _facts(reading: Reading, scoped: ScopedRecord, now: Instant) -> Iterable[tuple[str, str]]:
    record = scoped.record
    told = {
        field.name: (field.label, long_text(field, scoped, now) or "unknown")
        for field in RECORD_FIELDS
        if field.label and field.get(scoped) is not None
    }
    yield "pruning it", _freeing(frees(reading.lineage, record.key))
    found = reading.outlooks.get(record.node)
    going = found.by_id.get(record.id) if found else None
    if found:
        yield "goes", f"{going.when} · rule {going.ways[0].rule}" if going else f"never: {staying(record)}"
    yield told.pop("size")
    yield told.pop("created_at")
    yield "created by", _by(scoped.created_by, scoped.created_step)
    if "last_used_at" in told:
        label, used = told.pop("last_used_at")
        yield label, f"{used}, {wording.count(record.usage_count, 'time')}"
        yield "last used by", _by(scoped.last_used_by, scoped.last_used_step)
    else:
        yield "last used", "never"
    where = [told.pop(name) for name in ("id", "node")]
    yield from told.values()
    words = ("in use" * record.in_use, "shared" * record.shared, "mutable" * record.mutable)
    yield "type", " · ".join(filter(None, (record.type, *words)))
    yield from where
    if found and going:
        yield f"rule {going.ways[0].rule}", f"takes {found.rules[going.ways[0].rule - 1]}"


def _freeing(what: Frees) -> str:
    if what.blocked_by:
        first = what.blocked_by[0]
        others = len(what.blocked_by) - 1
        more = f", and {others:,} more {'stand' if others > 1 else 'stands'} in the way" if others else ""
        return f"frees nothing: {first.key.id[:12]} is {first.reason.value}{more}"
    below = len(what.records) - 1
    with_below = f", with {wording.count(below, 'record')} built on it" if below else ""
    return f"frees {wording.exact_size(what.bytes)}{with_below}"


def _by(build: Build | None, step: Step | None) -> str:
    if build is None:
        return "unknown: no build is known that ran at that time"
    where = f" on {wording.cut(build.branch.short, LONGEST_NAME)}" if build.branch else ""
    line = f" · line {step.line}" if step and step.line else ""
    return f"build {build.ref[:12]}{where}" + (f" · {wording.cut(step.name, LONGEST_NAME)}{line}" if step else "")


def _relatives(records: tuple[Record, ...], missing: tuple[str, ...]) -> list[str]:
    named = [f"{record.id[:12]}  {wording.cut(record.description, LONGEST_NAME)}" for record in records[:MAX_RELATIVES]]
    more = [f"and {len(records) - MAX_RELATIVES:,} more"] if len(records) > MAX_RELATIVES else []
    return (named + more + [f"{id_[:12]}  missing" for id_ in missing]) or ["none"]
