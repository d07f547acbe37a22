"""The output of the step under the cursor."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Log, Static

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.progress import LogView
from dockcache_tui.core.literal import literal


class LogPane(Vertical):
    """A title and the newest lines, every character literal; follows its end while it grows."""

    DEFAULT_CSS = """
    LogPane {
        height: 1fr; border-top: solid $panel;
        & #log-title { height: 1; padding: 0 1; color: $foreground-muted; }
        & Log { height: 1fr; padding: 0 1; background: $background; }
    }
    """

    def __init__(self) -> None:
        """Begin without a step."""
        super().__init__()
        self.lines = Log(highlight=False)
        self._title = Static(id="log-title", markup=False)
        self._digest = ""
        self._shown = LogView()

    def compose(self) -> ComposeResult:
        """Lay out the title and the lines."""
        yield self._title
        yield self.lines

    def show(self, step: Step | None, view: LogView) -> None:
        """Show a step's output; only what is new is written, and what was dropped goes."""
        fresh = _new_lines(self._shown, view) if step and step.digest == self._digest else None
        if fresh is None:
            self.lines.clear()
            fresh = view.lines
        self._digest, self._shown = step.digest if step else "", view
        self.lines.max_lines = len(view.lines)
        # Textual's Log leaves out an empty line.
        self.lines.write_lines([literal(line) or " " for line in fresh]).refresh()
        self._title.update(Text(_title(step, view), no_wrap=True, overflow="ellipsis"))


def _title(step: Step | None, view: LogView) -> str:
    if step is None:
        return ""
    dropped = f" · {wording.count(view.dropped, 'older line')} dropped" if view.dropped else ""
    error = f" · {step.error}" if step.error else ""
    nothing = " · no output" if not view.lines else ""
    return literal(f"{step.name}{nothing}{dropped}{error}")


def _new_lines(before: LogView, after: LogView) -> tuple[str, ...] | None:
    """Return the lines that were added; None when an unfinished line grew."""
    kept = before.lines[after.dropped - before.dropped :]
    return after.lines[len(kept) :] if after.lines[: len(kept)] == kept else None
