"""Longer texts the app shows: help, the command log, what a prune did."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from dockcache_tui.core import wording
from dockcache_tui.core.caches.deleting import DeleteComparison
from dockcache_tui.core.literal import literal
from dockcache_tui.core.records.outcome import Comparison
from dockcache_tui.sources.command_log import LoggedCommand
from dockcache_tui.ui.actions import ACTIONS, Place, shown_key

MAX_DIFFERENCES = 5
MAX_STAYED = 500
WORDS = (
    ("record", "one thing the builder keeps so that it need not do it again: a layer, a cache mount, a copied context"),
    ("parent", "the record that a record was built on; it can't go while anything built on it stays"),
    ("step", "one instruction of a build; BuildKit calls it a vertex"),
    ("true reuse", "reused steps of all that could be reused; imports, exports and downloads don't count"),
    ("false hit", "a step that said CACHED, then ran all the same because its layer was gone"),
    ("branch scope", "the branch, pull request or tag that something belongs to"),
)


def help_text(place: Place, *, read_only: bool) -> Group:
    """Return every key, those of this view first, and the words used."""
    here = [action for action in ACTIONS if place in action.where]
    elsewhere = [action for action in ACTIONS if place not in action.where]
    grid = Table.grid(padding=(0, 2, 0, 0))
    for style in ("bold", "", "dim"):
        grid.add_column(style=style)
    for title, actions in ((f"In {place.value}", here), ("In other views", elsewhere)):
        grid.add_row(Text(title, "bold underline"))
        for action in actions:
            off = " (off: --read-only)" if read_only and action.changes else ""
            grid.add_row(shown_key(action), action.label, action.tooltip + off)
        grid.add_row()
    words = Table.grid(padding=(0, 2, 0, 0))
    words.add_column(style="bold", no_wrap=True)
    for word, meaning in WORDS:
        words.add_row(word, meaning)
    moving = "Arrow keys, hjkl, page keys, home, end and the mouse move; left and right pan long texts.\n"
    return Group(grid, Text(moving), Text("Words", "bold underline"), words)


def commands_text(commands: Sequence[LoggedCommand]) -> Text:
    """Return the commands, oldest first, each as one could run it."""
    text = Text()
    for command in commands:
        code = "…" if command.exit_code is None else str(command.exit_code)
        text.append(
            f"{command.started_at.datetime():%H:%M:%S}  {wording.span(command.duration):>7}  {code:>3}  ", "dim"
        )
        text.append(f"{literal(str(command))}\n")
    return text if commands else Text("No command was run yet.")


def outcome_text(found: Comparison) -> str:
    """Return what a prune freed, and each difference from its plan with the cause."""
    if found.agrees:
        return f"Freed {wording.exact_size(found.freed)}, as planned."
    lines = [f"Freed {wording.exact_size(found.freed)} of {wording.exact_size(found.planned)}."]
    lines += [
        f"{one.key.id[:12]}: planned {one.planned:,}, freed {one.freed:,}: {one.cause.value} {one.detail}"
        for one in found.differences[:MAX_DIFFERENCES]
    ]
    if len(found.differences) > MAX_DIFFERENCES:
        lines.append(f"and {len(found.differences) - MAX_DIFFERENCES:,} more differences")
    return "\n".join(lines)


def deleted_text(found: DeleteComparison) -> str:
    """Return in a line or two what a bulk delete removed."""
    count = wording.count(found.deleted, "entry", "entries")
    if found.agrees:
        return f"Deleted {count}, {wording.exact_size(found.freed)}, as planned."
    text = f"Deleted {count}, {wording.size(found.freed)} of {wording.size(found.planned)}."
    if found.lingering:
        text += f"\n{wording.count(len(found.lingering), 'entry', 'entries')} listed still"
    return text


def stayed_text(found: DeleteComparison) -> Table:
    """Return what became of each entry that was planned and stayed."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for one in found.differences[:MAX_STAYED]:
        grid.add_row(str(one.cache.id), one.fate.value, Text(literal(one.cache.key)), Text(literal(one.detail)))
    if len(found.differences) > MAX_STAYED:
        grid.add_row("", f"and {len(found.differences) - MAX_STAYED:,} more")
    return grid
