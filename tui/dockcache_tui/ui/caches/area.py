"""A repository's Actions caches, or an organisation's repositories until one is opened: what their keys do."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from dockcache_tui.core import wording
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.deletion import Preset, plan_delete
from dockcache_tui.core.caches.fields import CACHE_FIELDS, REPOSITORY_FIELDS
from dockcache_tui.core.caches.reading import CacheEntry, CachesReading
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter.units import nanoseconds
from dockcache_tui.core.json_csv import json_text
from dockcache_tui.core.literal import literal
from dockcache_tui.core.scope import ScopeFilter
from dockcache_tui.sources.export import Row
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.caches import messages
from dockcache_tui.ui.caches.cache_rows import CacheRow
from dockcache_tui.ui.caches.caches_view import CachesView
from dockcache_tui.ui.caches.organisation_view import OrganisationView
from dockcache_tui.ui.caches.workers import CachesWorkers
from dockcache_tui.ui.shared.area import Area, Shell
from dockcache_tui.ui.shared.confirm import ConfirmDelete, Doomed
from dockcache_tui.ui.shared.modal import BoxScreen
from dockcache_tui.ui.shared.picker import Choice, Picker


class AskAge(BoxScreen[int]):
    """One input; enter answers with the age in nanoseconds, esc leaves."""

    DEFAULT_CSS = """
    AskAge {
        & Input { background: $boost; margin: 1 0; }
        & #wrong { color: $error; height: auto; }
    }
    """

    def __init__(self, title: str, usual: str) -> None:
        """Take what the age is of, and what is there to begin with."""
        super().__init__()
        self._title, self._usual = title, usual

    def compose(self) -> ComposeResult:
        """Lay out the input."""
        with Vertical(classes="box") as box:
            box.border_title = Text(literal(self._title))
            yield Input(self._usual, placeholder="such as 7d or 1d12h")
            yield Static(id="wrong", markup=False)

    def on_mount(self) -> None:
        """Type into the input."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _answer(self, event: Input.Submitted) -> None:
        age = nanoseconds(event.value.strip())
        if age is None:
            self.query_one("#wrong", Static).update(
                Text(literal(f"{event.value!r} is not an age such as 7d or 1d12h."))
            )
        else:
            self.dismiss(age)


USUAL_AGE = "3d"

_PRESETS = {
    Preset.MERGED: "Of merged branches",
    Preset.DELETED: "Of deleted branches",
    Preset.CLOSED: "Of closed pull requests",
    Preset.SUPERSEDED: "Superseded generations",
    Preset.ORPHANED: "Orphaned blobs",
    Preset.OLDER: "Not read for some time…",
}


class CachesArea(Area):
    """The Actions tab."""

    def __init__(self, shell: Shell) -> None:
        """Begin with nothing read."""
        self._caches, self._organisation = CachesView(), OrganisationView(shell.workspace.organisation)
        views = self._organisation, self._caches
        super().__init__(shell, *(views if shell.workspace.organisation else reversed(views)))
        self.threads = CachesWorkers(shell.workspace, self.tell, shell.waits)

    @property
    def reading(self) -> CachesReading | None:
        """Return the last reading, if there was one."""
        return self._caches.reading

    @property
    def refuses(self) -> bool:
        """Whether the token may not delete; the view says why."""
        return bool(self.reading and self.reading.snapshot.read_only)

    def look(self) -> None:
        if not self.threads.opened:
            self.threads.read()

    def action_open(self) -> None:
        """Show the repository's caches, or the organisation's repositories until one is opened."""
        self.look()
        self.shell.bring(Place.ORGANISATION if self.threads.repo is None else Place.ACTIONS)

    def read_again(self) -> None:
        if self.threads.opened:
            self.threads.read()

    def close(self) -> None:
        self.threads.close()

    def narrow(self, scope: ScopeFilter) -> None:
        self._caches.scope(scope)

    def action_fold(self) -> None:
        self._caches.fold()

    def turn(self, step: int) -> None:
        self._caches.next_tab(step)

    def go_back(self) -> None:
        """Go back to the organisation's repositories."""
        if self.place is Place.ACTIONS and self.threads.organisation:
            self._turn_to(None)
            self.shell.bring(Place.ORGANISATION)

    @on(OrganisationView.Opened)
    def _repository_opened(self, event: OrganisationView.Opened) -> None:
        self._turn_to(event.row.repo)
        self.shell.bring(Place.ACTIONS)

    def _turn_to(self, repo: str | None) -> None:
        self._caches.begin(repo or "")
        self.threads.look_at(repo)
        self.threads.read()

    @on(messages.RepositoriesListed)
    def _repositories_listed(self, event: messages.RepositoriesListed) -> None:
        self._organisation.show(event.repositories)

    @on(messages.RepositoriesFailed)
    def _repositories_failed(self, event: messages.RepositoriesFailed) -> None:
        if not self._organisation.fail(event.error):
            self.say_failed(event.error)

    @on(messages.CachesLoaded)
    def _loaded(self, event: messages.CachesLoaded) -> None:
        if event.repo == self.threads.repo:
            self._caches.show(event.reading)
        else:
            event.stop()

    @on(messages.CachesFailed)
    def _failed(self, event: messages.CachesFailed) -> None:
        if event.repo == self.threads.repo:
            self._caches.fail(event.error)
            if self.reading is not None:
                self.say_failed(event.error)

    async def action_preset(self) -> None:
        """Pick a preset and mark what it chooses of what is shown."""
        if self.reading is not None:
            found = await self._caches.presets()
            self.app.push_screen(Picker("Mark what to clean", _offered(found)), self._picked_preset)

    def _picked_preset(self, value: str | None) -> None:
        if value == Preset.OLDER:
            self.app.push_screen(AskAge("Not read for", USUAL_AGE), partial(self._mark_preset, Preset.OLDER))
        elif value is not None:
            self._mark_preset(Preset(value), 0)

    def _mark_preset(self, chosen: Preset, older_than_ns: int | None) -> None:
        if older_than_ns is None:
            return
        found = self._caches.mark(chosen, older_than_ns)
        size = wording.exact_size(sum(one.cache.size for one in found))
        many = wording.count(len(found), "entry", "entries")
        told = f"Marked {many}, {size}. d shows them before they go." if found else "Nothing to mark."
        if chosen is Preset.ORPHANED and (unsure := self._caches.unsure):
            told += f" {wording.count(unsure, 'blob')} may be needed by an index that can't be read here."
        self.say(told)

    def action_delete(self) -> None:
        reading, caches = self.reading, self._caches.marked
        if self.place is not Place.ACTIONS or reading is None or not caches:
            return
        found = plan_delete(reading.snapshot.repo, caches)
        doomed = [Doomed(one.size, one.id, one.branch.short, one.key) for one in found.things]
        ask = ConfirmDelete(f"Delete caches of {found.repo}", doomed)
        self.app.push_screen(ask, lambda yes: self.threads.delete(found) if yes else None)

    def copies(self) -> Iterable[tuple[str, str]]:
        match self.listing and self.listing.table.cursor_row:
            case CacheRow(entry=entry) if entry:
                return (
                    ("key", entry.cache.key),
                    ("id", str(entry.id)),
                    ("digest", entry.decoded.digest or ""),
                    ("JSON", json_text(json_row(CACHE_FIELDS, entry))),
                )
            case RepositoryUsage(repo=repo):
                listing = shlex.join(("dockcache-tui", "caches", "--repo", repo))
                return (("name", repo), ("command that lists its caches", listing))
        return ()

    def export(self) -> Sequence[Row]:
        if self.place is Place.ORGANISATION:
            return [json_row(REPOSITORY_FIELDS, row) for row in self._organisation.table.shown_rows]
        entries = {one.id: one for row in self._caches.table.shown_rows for one in row.entries}
        return [json_row(CACHE_FIELDS, one) for one in entries.values()]


def _offered(found: Mapping[Preset, Sequence[CacheEntry]]) -> list[Choice]:
    """Return the presets with what each would mark; the one that asks for an age comes last."""
    sums = {name: sum(one.cache.size for one in entries) for name, entries in found.items()}
    return [
        Choice(name.value, label, f"{wording.count(len(found[name]), 'entry', 'entries')}, {wording.size(sums[name])}")
        if name in found
        else Choice(name.value, label)
        for name, label in _PRESETS.items()
    ]
