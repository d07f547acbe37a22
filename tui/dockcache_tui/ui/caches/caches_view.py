"""View 3: a repository's Actions caches by branch and scope, in the order they go, and what a run would restore."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from textual import work
from textual.app import ComposeResult

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.deletion import Preset, preset
from dockcache_tui.core.caches.fields import CACHE_FIELDS
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.filter import Filter
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.ui.caches.cache_rows import CacheRow, Folds, by_expiry, grouped, hidden, restorable
from dockcache_tui.ui.caches.caches_table import CachesTable
from dockcache_tui.ui.caches.usage_banner import UsageBanner
from dockcache_tui.ui.shared.filter_bar import FilterBar
from dockcache_tui.ui.shared.list_view import NO_MATCH, ListView
from dockcache_tui.ui.shared.state_panel import StatePanel

NOTHING_YET = (
    "No Actions cache",
    "No workflow of this repository has saved one, or all are deleted by now.",
    "r  read again",
)


class CachesTab(StrEnum):
    """The inner tabs."""

    CACHES = "caches"
    FORECAST = "forecast"
    RESTORABLE = "restorable"


@dataclass(frozen=True, slots=True)
class _Wish:
    reading: CachesReading
    filter: Filter[CacheEntry]
    scope: ScopeFilter
    folds: Folds
    tab: CachesTab
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    rows: list[CacheRow]
    entries: list[CacheEntry]
    count: int


def _find(wish: _Wish, now: Instant) -> _Found:
    passes = wish.filter.compile(now)
    entries = [one for one in wish.reading.entries if wish.scope.admits((one.branch,)) and passes(one)]
    branch = None if wish.scope.elsewhere else wish.scope.picked or wish.reading.refs.default
    if wish.tab is CachesTab.FORECAST:
        found = by_expiry(entries, wish.reading)
    elif wish.tab is CachesTab.RESTORABLE and branch:
        found = restorable(wish.reading, branch, wish.keys)
    else:
        found = grouped(entries, wish.reading, wish.folds)
    shown = {row.entry.id for row in found if row.entry}
    rows = found + hidden(one for one in wish.reading.entries if one.id not in shown)
    return _Found(rows, entries, len(shown) if wish.tab is CachesTab.RESTORABLE else len(entries))


def _presets(entries: list[CacheEntry], now: Instant) -> dict[Preset, tuple[CacheEntry, ...]]:
    return {one: preset(entries, one, now) for one in Preset if one is not Preset.OLDER}


class CachesView(ListView[CachesTable]):
    """The caches of one repository; holds what is shown, never asks a source."""

    FIELDS = CACHE_FIELDS
    DEFAULT_CSS = """
    CachesView {
        &.-empty UsageBanner { display: none; }
    }
    """

    def __init__(self) -> None:
        """Begin as loading."""
        super().__init__(id="actions")
        self.table = CachesTable()
        self._filter_bar = FilterBar("words  kind:index  scope:app  is:superseded  idle>3d  branch:#7")
        self._keys_bar = FilterBar("key restore-key …: what would a run on this branch restore?")
        self.bar = self._filter_bar
        self.reading: CachesReading | None = None
        self.tab = CachesTab.CACHES
        self._keys: tuple[str, ...] = ()
        self._panel, self._banner = StatePanel(), UsageBanner()
        self._found = _Found([], [], 0)
        self._folds = Folds()
        self._growing = self._turned = False
        """Whether more of the first reading has arrived, and whether other rows are to be shown from their top."""

    def compose(self) -> ComposeResult:
        """Lay out usage, list and filter."""
        yield self._panel
        yield self._banner
        yield self.table
        yield self._filter_bar
        yield self._keys_bar

    def on_mount(self) -> None:
        """Say that the first reading is under way."""
        self.table.placeholder = NO_MATCH
        self._banner.name_tabs(CachesTab, self.tab)
        self.add_class("-empty")
        self._panel.say("Reading the repository's caches…", "")

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the repository, the inner tab, the row."""
        row = self.table.cursor_row
        repo = (self.reading.snapshot.repo,) if self.reading else ()
        return (*repo, self.tab.value, *((row.name,) if row else ()))

    @property
    def marked(self) -> tuple[ActionsCache, ...]:
        """Return the marked entries, a group's for a marked group; unmarked, those under the cursor."""
        rows = self.table.marked_rows or ([self.table.cursor_row] if self.table.cursor_row else [])
        return tuple({one.id: one.cache for row in rows for one in row.entries}.values())

    @property
    def unsure(self) -> int:
        """Return how many of the blobs that pass filter and scope an unread index may need."""
        return sum(one.orphan is None for one in self._found.entries)

    async def presets(self) -> dict[Preset, tuple[CacheEntry, ...]]:
        """Return what each preset chooses of the entries that pass filter and scope, but for the one of an age."""
        return await asyncio.to_thread(_presets, self._found.entries, Instant.now())

    def mark(self, chosen: Preset, older_than_ns: int) -> tuple[CacheEntry, ...]:
        """Mark what a preset chooses of them, and return it."""
        found = preset(self._found.entries, chosen, Instant.now(), older_than_ns)
        ids = {one.id for one in found}
        self.table.mark(lambda row: row.entry is not None and row.entry.id in ids)
        return found

    def begin(self, repo: str) -> None:
        """Forget what is shown, with marks and folds: another repository is being read."""
        self.workers.cancel_group(self, "arrange")
        self.reading = self._banner.reading = None
        self._found, self._folds = _Found([], [], 0), Folds()
        self.table.set_rows(())
        self.add_class("-empty")
        self._panel.say(f"Reading the caches of {repo}…", "")

    def show(self, reading: CachesReading) -> None:
        """Show another reading; cursor, marks, filter and folds stay."""
        self._growing = self.reading is None or self.reading.snapshot.partial
        self.reading = self._banner.reading = reading
        self.set_class(not reading.entries, "-empty")
        if not reading.entries:
            self._panel.say(*NOTHING_YET)
        self.narrow()

    def fail(self, error: DockcacheError) -> None:
        """Show why there is nothing to show; what was read before stays."""
        if self.reading is None:
            self._panel.say_error(error)
            self.add_class("-empty")

    def next_tab(self, step: int = 1) -> None:
        """Go round the groups, the forecast and what is restorable."""
        tabs = list(CachesTab)
        self.bar.display = False
        self.tab = tabs[(tabs.index(self.tab) + step) % len(tabs)]
        self.bar = self._keys_bar if self.tab is CachesTab.RESTORABLE else self._filter_bar
        self.bar.display = bool(self.bar.text)
        self._banner.plotted = self.tab is CachesTab.FORECAST
        self._banner.name_tabs(CachesTab, self.tab)
        self._turned = True
        self.narrow()

    def fold(self) -> None:
        """Fold or unfold the group under the cursor."""
        row = self.table.cursor_row
        if row and row.foldable:
            self._folds = self._folds.turned(row)
            self.narrow()

    def filter(self, text: str) -> None:
        """Narrow to what passes an expression, or look keys up; the last right expression stays."""
        if self.tab is CachesTab.RESTORABLE:
            self._keys = tuple(text.split())
            self._turned = True
            self.narrow()
            return
        super().filter(text)

    def moved(self) -> None:
        """Count nothing: of groups the entries count, which are counted where the rows are worked out."""

    def narrow(self) -> None:
        """Work the rows out again."""
        if self.reading is not None:
            self._wish = _Wish(self.reading, self.passing, self.within, self._folds, self.tab, self._keys)
            self._work_out()

    @work(group="arrange", exclusive=True, description="work the rows out")
    async def _work_out(self) -> None:  # a worker keeps its arguments when it is done: it takes none that are large
        wish, now = self._wish, Instant.now()
        found = await asyncio.to_thread(_find, wish, now)
        to_top = self._begins_anew(found.rows)
        self._found, self._growing, self._turned = found, False, False
        self.table.now = now
        self.table.filter(lambda row: not row.hidden, wish.filter.terms)
        self.table.say_why(first=wish.tab is CachesTab.RESTORABLE)
        self.table.set_rows(self._found.rows)
        if to_top:
            self.table.move_to(self._found.rows[0].key)
        self.bar.say_count(self._found.count, len(wish.reading.entries))

    def _begins_anew(self, rows: list[CacheRow]) -> bool:
        """Tell whether rows are to be shown from their top: where none was chosen yet, or the chosen one is no more."""
        chosen = self.table.followed_key
        if self._turned:
            return bool(rows) and all(row.key != chosen or row.hidden for row in rows)
        top = self._found.rows[0].key if self._found.rows else None
        return bool(rows) and self._growing and chosen == top

    def open_row(self, row: CacheRow) -> None:  # noqa: ARG002 - it is the one under the cursor
        self.fold()
