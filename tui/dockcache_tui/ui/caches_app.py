"""What the keys of the Actions view do."""

from functools import partial

from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.deleting import plan_delete
from dockcache_tui.core.actions_cache.presets import Preset
from dockcache_tui.ui import choices
from dockcache_tui.ui.listening import ListeningApp
from dockcache_tui.ui.screens.ask_age import AskAge
from dockcache_tui.ui.screens.confirm_delete import ConfirmDelete, Doomed
from dockcache_tui.ui.screens.picker import Picker

USUAL_AGE = "3d"


class CachesApp(ListeningApp):
    """Marks, plans and deletes Actions caches."""

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
