"""The footer."""

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer


class KeysBar(Footer):
    """Made anew only when other keys are to be shown: Textual's footer keeps all that it ever showed."""

    _shown: tuple[tuple[Binding, bool, str], ...] = ()

    def bindings_changed(self, screen: Screen[object]) -> None:
        if self._to_show(screen) != self._shown:
            super().bindings_changed(screen)

    async def recompose(self) -> None:
        self._shown = self._to_show(self.screen)
        await super().recompose()
        self.mutate_reactive(Footer.compact)  # lets go of the keys that are no more

    @staticmethod
    def _to_show(screen: Screen[object]) -> tuple[tuple[Binding, bool, str], ...]:
        return tuple(
            (one.binding, one.enabled, one.tooltip) for one in screen.active_bindings.values() if one.binding.show
        )
