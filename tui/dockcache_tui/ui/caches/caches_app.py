"""The part of the app that deals with Actions caches: what it does when threads tell of them, and what keys do."""

from functools import partial

from textual import on

from dockcache_tui.core import wording
from dockcache_tui.core.caches.deleting import plan_delete
from dockcache_tui.core.caches.presets import Preset
from dockcache_tui.ui import choices, messages
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.caches.ask_age import AskAge
from dockcache_tui.ui.caches.organisation_view import OrganisationView
from dockcache_tui.ui.listening import ListeningApp
from dockcache_tui.ui.shared.confirm_delete import ConfirmDelete, Doomed
from dockcache_tui.ui.shared.picker import Picker

USUAL_AGE = "3d"


class CachesApp(ListeningApp):
    """Passes what it hears of Actions caches on to their views, and what is asked of them to the link."""

    def action_actions(self) -> None:
        """Show the repository's Actions caches, or the organisation's repositories until one is opened."""
        if not self.keeper.caches.opened:
            self.keeper.caches.read()
        self._show_place(Place.ORGANISATION if self.keeper.caches.repo is None else Place.ACTIONS)

    @on(OrganisationView.Opened)
    def _repository_opened(self, event: OrganisationView.Opened) -> None:
        self._turn_to(event.repo)
        self._show_place(Place.ACTIONS)

    def _leave_repository(self) -> None:
        self._turn_to(None)
        self._show_place(Place.ORGANISATION)

    def _turn_to(self, repo: str | None) -> None:
        self._caches.begin(repo or "")
        self.keeper.caches.look_at(repo)
        self.keeper.caches.read()

    @on(messages.RepositoriesListed)
    def _repositories_listed(self, event: messages.RepositoriesListed) -> None:
        self._organisation.show(event.repositories)

    @on(messages.RepositoriesFailed)
    def _repositories_failed(self, event: messages.RepositoriesFailed) -> None:
        if not self._organisation.fail(event.error):
            self._troubled(messages.ActionFailed(event.error))

    @on(messages.CachesLoaded)
    def _caches_loaded(self, event: messages.CachesLoaded) -> None:
        if event.repo == self.keeper.caches.repo:
            self._caches.show(event.reading)
            if self.surroundings.there(self.scope) != self._narrowed:
                self._narrow(self.scope)
            self._collect(len(event.reading.entries))
            self._show_overview()
            self.refresh_bindings()
            self._show_masthead()

    @on(messages.CachesFailed)
    def _caches_failed(self, event: messages.CachesFailed) -> None:
        if event.repo == self.keeper.caches.repo:
            self._caches.fail(event.error)
            if self._caches.reading is not None:
                self._troubled(messages.ActionFailed(event.error))

    async def action_preset(self) -> None:
        """Pick a preset and mark what it chooses of what is shown."""
        if self._caches.reading is not None:
            found = await self._caches.presets()
            self.push_screen(Picker("Mark what to clean", choices.presets(found)), self._picked_preset)

    def _picked_preset(self, value: str | None) -> None:
        if value == Preset.OLDER:
            self.push_screen(AskAge("Not read for", USUAL_AGE), partial(self._mark_preset, Preset.OLDER))
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
            told += f" Of {wording.count(unsure, 'blob')} an index that can't be read here may need it."
        self._say(told)

    def _delete_caches(self) -> None:
        reading, caches = self._caches.reading, self._caches.marked
        if reading is None or not caches:
            return
        found = plan_delete(reading.snapshot.repo, caches)
        doomed = [Doomed(one.size, one.id, one.branch.short, one.key) for one in found.caches]
        ask = ConfirmDelete(f"Delete caches of {found.repo}", doomed)
        self.push_screen(ask, lambda yes: self.keeper.caches.delete(found) if yes else None)
