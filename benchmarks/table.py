"""Time RecordTable beside Textual's DataTable: `python benchmarks/table.py [--json]`.

Medians in milliseconds: *settled* from the call until it is shown and painted, *freeze* the longest the event loop
stood still meanwhile. 7 columns of text, 120x40, headless. DataTable runs once at 100,000 rows, as it takes minutes.
"""

import asyncio
import gc
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widget import Widget
from textual.widgets import DataTable

from dockcache_tui.ui.table import Column, RecordTable

SIZES = (10_000, 100_000)
RUNS = 5
DATA_TABLE_RUNS = {10_000: 5, 100_000: 1}
SIZE = 3
WORDS = ("RUN npm ci", "RUN go build ./...", "COPY . .", "RUN apt-get update", "local source", "FROM alpine")

Record = tuple[str, str, str, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Timing:
    """One step of one table: medians in milliseconds, the lowest and highest beside them."""

    table: str
    rows: int
    step: str
    runs: int
    settled: float
    settled_spread: tuple[float, float]
    freeze: float
    freeze_spread: tuple[float, float]


def make_rows(count: int) -> list[Record]:
    """Return records as a builder has them, scattered but the same every time."""
    return [
        (
            f"{at * 2654435761 % 2**32:08x}",
            ("regular", "exec.cachemount", "source.local")[at % 3],
            f"node{at % 2}",
            at * 7919 % 999_983,
            at * 104_729 % 86_400,
            at % 17,
            f"[builder {at % 9}/9] {WORDS[at * 31 % 6]} {at}",
        )
        for at in range(count)
    ]


def matches(word: str) -> Callable[[Record], bool]:
    """Return a filter on the description."""
    return lambda row: word in row[6].lower()


class Freezes:
    """The longest gap between two turns of the event loop."""

    longest = 0.0

    async def watch(self) -> None:
        """Tick every millisecond."""
        last = perf_counter()
        while True:
            await asyncio.sleep(0.001)
            now = perf_counter()
            self.longest, last = max(self.longest, now - last - 0.001), now


class Bench(App[None]):
    """An app with one table."""

    def __init__(self, table: Widget) -> None:
        super().__init__()
        self.table = table

    def compose(self) -> ComposeResult:
        """Show the table."""
        yield self.table


class Ours:
    """The steps on RecordTable."""

    name = "RecordTable"

    def __init__(self) -> None:
        self.table: RecordTable[Record] = RecordTable(
            [
                Column(id="id", title="ID", text=lambda r: r[0], sort_key=lambda r: r[0], width=12),
                Column(id="type", title="Type", text=lambda r: r[1], sort_key=lambda r: r[1]),
                Column(id="node", title="Node", text=lambda r: r[2], sort_key=lambda r: r[2]),
                Column(id="size", title="Size", text=lambda r: str(r[3]), sort_key=lambda r: r[3], justify="right"),
                Column(id="age", title="Age", text=lambda r: str(r[4]), sort_key=lambda r: r[4], justify="right"),
                Column(id="uses", title="Uses", text=lambda r: str(r[5]), sort_key=lambda r: r[5], justify="right"),
                Column(id="text", title="Description", text=lambda r: r[6], sort_key=lambda r: r[6], weight=1),
            ],
            lambda r: r[0],
        )

    def fill(self, rows: list[Record]) -> None:
        """Show these rows."""
        self.table.set_rows(rows)

    def filter(self, _rows: list[Record], word: str) -> None:
        """Show the rows with this word, or all for none."""
        self.table.filter(matches(word) if word else None, (word,))

    def sort(self) -> None:
        """Sort by size."""
        self.table.sort_by("size")

    def page(self) -> None:
        """Go a page down."""
        self.table.action_page_down()

    def settled(self) -> bool:
        """Whether nothing asked for is outstanding."""
        return not self.table.arranging


class Theirs:
    """The steps on DataTable, as an app has to do them."""

    name = "DataTable"

    def __init__(self) -> None:
        self.table: DataTable[Any] = DataTable(cursor_type="row")
        self.columns: list[Any] = []

    def fill(self, rows: list[Record]) -> None:
        """Show these rows; Text cells, as DataTable takes str for markup."""
        if not self.columns:
            self.columns = self.table.add_columns("ID", "Type", "Node", "Size", "Age", "Uses", "Description")
        self.table.clear()
        self.table.add_rows([Text(str(cell)) for cell in row] for row in rows)

    def filter(self, rows: list[Record], word: str) -> None:
        """Show the rows with this word, or all for none."""
        self.fill(list(filter(matches(word), rows)))

    def sort(self) -> None:
        """Sort by size."""
        self.table.sort(self.columns[SIZE], key=lambda cell: int(cell.plain))

    def page(self) -> None:
        """Go a page down."""
        self.table.action_page_down()

    def settled(self) -> bool:
        """Whether the rows are measured."""
        return self.table.virtual_size.height == self.table.row_count + self.table.header_height


@asynccontextmanager
async def timed(subject: Ours | Theirs, step: str, into: dict[str, list[tuple[float, float]]]) -> AsyncIterator[None]:
    """Time a step until the table has painted it, and watch the loop meanwhile."""
    freezes = Freezes()
    watch = asyncio.create_task(freezes.watch())
    await asyncio.sleep(0.02)
    freezes.longest = 0.0
    start = perf_counter()
    yield
    await painted(subject)
    into.setdefault(step, []).append((perf_counter() - start, freezes.longest))
    watch.cancel()


async def painted(subject: Ours | Theirs) -> None:
    """Wait until nothing is outstanding and a refresh has gone through."""
    while True:
        done = asyncio.Event()
        subject.table.call_after_refresh(done.set)
        await done.wait()
        if subject.settled():
            break
    done.clear()
    subject.table.call_after_refresh(done.set)
    await done.wait()


async def run_once(subject: Ours | Theirs, rows: list[Record], into: dict[str, list[tuple[float, float]]]) -> None:
    """Take every step once, in a fresh app."""
    app = Bench(subject.table)
    async with app.run_test(size=(120, 40)):
        gc.collect()
        async with timed(subject, "fill", into):
            subject.fill(rows)
        async with timed(subject, "page", into):
            subject.page()
        async with timed(subject, "filter", into):
            subject.filter(rows, "npm")
        async with timed(subject, "unfilter", into):
            subject.filter(rows, "")
        async with timed(subject, "sort", into):
            subject.sort()
        async with timed(subject, 'type "npm"', into):
            for word in ("n", "np", "npm"):
                async with timed(subject, "  a key of it", into):
                    subject.filter(rows, word)


def summary(subject: str, rows: int, step: str, samples: list[tuple[float, float]]) -> Timing:
    """Turn samples in seconds into a timing in milliseconds."""
    settled, freeze = ([round(sample[at] * 1000, 1) for sample in samples] for at in (0, 1))
    spreads = (min(settled), max(settled)), (min(freeze), max(freeze))
    return Timing(subject, rows, step, len(samples), median(settled), spreads[0], median(freeze), spreads[1])


def measure() -> list[Timing]:
    """Run everything."""
    timings = []
    for count in SIZES:
        rows = make_rows(count)
        for kind, runs in ((Ours, RUNS), (Theirs, DATA_TABLE_RUNS[count])):
            into: dict[str, list[tuple[float, float]]] = {}
            for _ in range(runs):
                asyncio.run(run_once(kind(), rows, into))
            timings += [summary(kind.name, count, step, samples) for step, samples in into.items()]
    return timings


def show(timings: list[Timing]) -> str:
    """Return the timings as an aligned table."""
    heads = f"{'settled ms':>14}{'spread':>24}{'freeze ms':>13}{'spread':>24}"
    lines = [f"{'rows':>7}  {'step':<14}{'table':<13}{'n':>3}{heads}"]
    lines += [
        f"{t.rows:>7,}  {t.step:<14}{t.table:<13}{t.runs:>3}{t.settled:>14,.1f}{spread(t.settled_spread):>24}"
        f"{t.freeze:>13,.1f}{spread(t.freeze_spread):>24}"
        for t in sorted(timings, key=lambda t: (t.rows, [x.step for x in timings].index(t.step)))
    ]
    return "\n".join(lines)


def spread(pair: tuple[float, float]) -> str:
    """Return lowest and highest."""
    return f"{pair[0]:,.1f} to {pair[1]:,.1f}"


if __name__ == "__main__":
    results = measure()
    if "--json" in sys.argv[1:]:
        sys.stdout.write(json.dumps([asdict(timing) for timing in results], indent=2) + "\n")
    else:
        sys.stdout.write(show(results) + "\n")
