"""The one registry of actions: bindings, footer, help, palette and the docs' key table all come from it."""

from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Place(StrEnum):
    """A view an action can apply to."""

    OVERVIEW = "overview"
    BUILDER = "builder"
    ORGANISATION = "organisation"
    ACTIONS = "actions"
    ARCHIVES = "archives"
    ARCHIVE = "archive"
    LAB = "lab"
    BUILDS = "builds"
    BUILD = "build"
    WHY = "why"


TABS = (
    ("1", Place.OVERVIEW, "Overview"),
    ("2", Place.BUILDER, "Builder"),
    ("3", Place.ACTIONS, "Actions"),
    ("4", Place.ARCHIVES, "Archives"),
    ("5", Place.BUILDS, "Builds"),
)
TAB_OF = {
    Place.ORGANISATION: Place.ACTIONS,
    Place.ARCHIVE: Place.ARCHIVES,
    Place.LAB: Place.OVERVIEW,
    Place.BUILD: Place.BUILDS,
    Place.WHY: Place.BUILDS,
}
"""The tab of a view that has none of its own."""

EVERYWHERE = frozenset(Place)
WHY = frozenset({Place.WHY})
LISTS = EVERYWHERE - {Place.OVERVIEW} - WHY
CACHES = frozenset({Place.BUILDER, Place.ACTIONS})
ARCHIVES = frozenset({Place.ARCHIVES})
ARCHIVE = frozenset({Place.ARCHIVE})
LAB = frozenset({Place.LAB})
MARKED = CACHES | ARCHIVES
TABBED = CACHES | ARCHIVE
ACTIONS_ONLY = frozenset({Place.ACTIONS})

APP, IN_SIGHT, TABLE = "app", "in sight", "table"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does: with `changes` it is off with --read-only, with `footer` it is shown at the bottom."""

    id: str
    key: str
    label: str
    tooltip: str
    where: frozenset[Place] = EVERYWHERE
    changes: bool = False
    footer: bool = False
    key_display: str | None = None
    priority: bool = False
    of: str = IN_SIGHT
    """Who does it: the area in sight, the area of a place, the app, or the table, which then binds the key."""
    name: str = ""
    """What it is called there, where that is not its id."""

    @property
    def command(self) -> str:
        """Return it as Textual is told to run it."""
        if self.of == TABLE:
            return f"focused.{self.name or self.id}"
        return self.id if self.of == APP else f"ask('{self.id}')"


ACTIONS = (
    Action(
        "overview",
        "1",
        "Overview",
        "Totals by place and branch, and what the last builds reused",
        of=Place.OVERVIEW,
        name="open",
    ),
    Action("builder", "2", "Builder", "The builder's cache records", of=Place.BUILDER, name="open"),
    Action("actions", "3", "Actions", "The repository's GitHub Actions caches", of=Place.ACTIONS, name="open"),
    Action(
        "archives",
        "4",
        "Archives",
        "Image tarballs, cache exports and build records, here and as artifacts",
        of=Place.ARCHIVES,
        name="open",
    ),
    Action(
        "builds", "5", "Builds", "Builds of this project and of everyone on this builder", of=Place.BUILDS, name="open"
    ),
    Action("open", "enter", "Open", "Open what the cursor is on", LISTS | {Place.OVERVIEW}, of=TABLE, key_display="⏎"),
    Action(
        "back",
        "escape",
        "Back",
        "End a wait, or what is moved or deleted here; close the input, clear the filter, then the marks, then go back",
        key_display="esc",
    ),
    Action(
        "rebuild",
        "b",
        "Build again",
        "Build the project again as last time and watch it",
        changes=True,
        footer=True,
        of=Place.BUILDS,
    ),
    Action(
        "edit_build",
        "B",
        "Edit build",
        "Change target, arguments and caches, then build",
        changes=True,
        of=Place.BUILDS,
    ),
    Action("filter", "/", "Filter", "Narrow the list as you type", LISTS, footer=True, key_display="/"),
    Action("scope", "f", "Branch", "Narrow every view to one branch", footer=True, of=APP),
    Action("mark", "space", "Mark", "Mark what the cursor is on", MARKED, of=TABLE, footer=True),
    Action("range", "v", "Range", "Mark every row from here to where the cursor goes", MARKED, of=TABLE),
    Action("unmark", "u", "Unmark", "Unmark everything", MARKED, of=TABLE, name="unmark_all"),
    Action(
        "preset",
        "m",
        "Mark…",
        "Mark what a preset chooses: merged, deleted, closed, superseded, orphaned, old",
        ACTIONS_ONLY,
    ),
    Action("delete", "d", "Delete", "Show what would be deleted, then ask", MARKED, changes=True, footer=True),
    Action("fold", "o", "Fold", "Fold or unfold what is below", TABBED),
    Action(
        "next_tab",
        "]",
        "Next tab",
        "Forest, flat; groups, forecast, restorable; layers, files; kinds of change",
        TABBED,
        key_display="]",
    ),
    Action("previous_tab", "[", "Previous tab", "The tab before it", TABBED, key_display="["),
    Action(
        "explain",
        "e",
        "Explain",
        "Why steps ran instead of being reused, and what would help; there, one step or the whole build",
        frozenset({Place.OVERVIEW, Place.BUILDS, Place.BUILD}) | WHY,
        footer=True,
    ),
    Action(
        "compare",
        "c",
        "Compare",
        "Show how two marked archives differ; of an explained build, compare it with another",
        ARCHIVES | WHY,
    ),
    Action("load", "I", "Load", "Load the archive into the engine", ARCHIVES, changes=True),
    Action("export_image", "i", "Export image", "Write an image of the engine to a file", ARCHIVES),
    Action("save_file", "w", "Save file", "Write the file to the current folder", ARCHIVE, footer=True),
    Action("dockerfile", "D", "Dockerfile", "The Dockerfile that a build record keeps", frozenset({Place.BUILD})),
    Action(
        "lab",
        "L",
        "Lab",
        "What the experiments cost; in this view, pick another run",
        LAB | {Place.OVERVIEW},
        footer=True,
        of=Place.LAB,
        name="open",
    ),
    Action("run_lab", "R", "Run the lab", "Run the experiments on this machine", LAB, changes=True, footer=True),
    Action("sort", "s", "Sort", "Sort by the next column", LISTS, of=TABLE, name="sort_next"),
    Action("reverse", "S", "Flip sort", "Reverse the order", LISTS, of=TABLE, name="sort_flip"),
    Action("copy", "y", "Copy", "Copy the id, the command or JSON", LISTS | WHY),
    Action("export", "x", "Export", "Write the rows that are shown to a JSON or CSV file", LISTS),
    Action("refresh", "r", "Refresh", "Read everything again now", of=APP),
    Action("pause", "p", "Pause", "Pause refreshing, or go on", of=Place.BUILDER),
    Action("switch_builder", "n", "Builder…", "Look at another builder", of=Place.BUILDER),
    Action("log", "@", "Commands", "Every command that was run and every request", key_display="@", of=APP),
    Action("zoom", "plus,underscore", "Zoom", "Give the list the whole view, or undo that", LISTS, key_display="+"),
    Action("help", "?,f1", "Help", "What every key does", footer=True, key_display="?", of=APP),
    Action("command_palette", "colon,ctrl+p", "Palette", "Find an action by name", key_display=":", of=APP),
    Action("quit", "q", "Quit", "Leave the app", footer=True, of=APP),
    Action(
        "interrupt",
        "ctrl+c",
        "Cancel build",
        "Press twice to cancel the build that runs; the app stays",
        key_display="^c",
        priority=True,
        of=Place.BUILDS,
    ),
)

BY_ID = {action.id: action for action in ACTIONS}


def bindings() -> list[Binding]:
    """Return the app's bindings, one an action that no table does by itself."""
    return [
        Binding(
            action.key,
            action.command,
            action.label,
            show=action.footer,
            tooltip=action.tooltip,
            id=action.id,
            key_display=action.key_display,
            priority=action.priority,
        )
        for action in ACTIONS
        if action.of != TABLE
    ]


def shown_key(action: Action) -> str:
    """Return the key as people read it."""
    return action.key_display or action.key.split(",")[0]


def key_table() -> str:
    """Return the keys as a Markdown table, for the README and the docs."""
    rows = [f"| `{shown_key(action)}` | {action.label} | {action.tooltip} |" for action in ACTIONS]
    return "\n".join(["| key | | what it does |", "| --- | --- | --- |", *rows])
