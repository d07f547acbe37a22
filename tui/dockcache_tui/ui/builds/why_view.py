"""Why steps of a build ran, of one step or of all of them, as a text that scrolls."""

from collections.abc import Callable, Iterable, Sequence
from io import StringIO
from typing import ClassVar

from rich.console import Console, Group
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.fields import whole_build
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.builds.why import root_causes, root_of
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.json_csv import json_text
from dockcache_tui.core.literal import literal
from dockcache_tui.ui.builds.builds_table import status
from dockcache_tui.ui.builds.why_text import MOST, build_words, nothing_to_tell, story
from dockcache_tui.ui.shared.list_view import ListView
from dockcache_tui.ui.shared.picker import Choice
from dockcache_tui.ui.shared.state_panel import StatePanel

_COPY_WIDTH = 100


def earlier_builds(build: Build, known: Iterable[Build], now: Instant) -> Sequence[Choice]:
    """Return the builds of a build's project that began before it, to compare it with."""
    found = (one for one in known if one.project == build.project and one.started_at < build.started_at)
    return [Choice(one.ref, build_words(one, now), status(one)) for one in found if one.ref != build.ref]


class WhyView(VerticalScroll):
    """Holds what is shown, never asks a source."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("home,g", "scroll_home", "First", show=False),
        Binding("end,G", "scroll_end", "Last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"why--{name}" for name in ("old", "new", "wrong", "title")}
    DEFAULT_CSS = """
    WhyView {
        padding: 0 2;
        & StatePanel { display: none; }
        &.-empty StatePanel { display: block; }
        &.-empty > Static { display: none; }
        & > Static { width: 100%; height: auto; }
        & .why--old { color: $error; }
        & .why--new { color: $success; }
        & .why--wrong { color: $warning; text-style: bold; }
        & .why--title { text-style: bold; }
    }
    """

    def __init__(self, find: Callable[[str], Build | None]) -> None:
        """Take what finds the build that one was compared with."""
        super().__init__(id="why")
        self._find = find
        self._text, self._panel = Static(markup=False), StatePanel()
        self.build: Build | None = None
        self.step: Step | None = None
        """The step that was asked for; None for all of the build."""
        self._whole = True
        self._waiting = False
        self.failure: DockcacheError | None = None
        """Why it could not be found out, when last asked."""

    def compose(self) -> ComposeResult:
        """Lay out the states and the text."""
        yield self._panel
        yield self._text

    @property
    def path(self) -> tuple[str, ...]:
        """Return where we are: the build, and the step."""
        ref = self.build.ref[:12] if self.build else ""
        return (ref, "why", *((parse_name(self.step.name).instruction,) if self.step and not self._whole else ()))

    def begin(self, build: Build, step: Step | None) -> None:
        """Show a build, or a step of it, from the top."""
        self.build, self.step, self._whole = build, step, step is None or step.cause is None
        self._waiting, self.failure = False, None
        self.scroll_home(animate=False)
        self._draw()

    def wait(self) -> None:
        """Tell that it is being found out."""
        self._waiting, self.failure = True, None
        self._draw()

    def take(self, build: Build) -> None:
        """Take in how the build has moved."""
        if build != self.build:
            self.show(build)

    def show(self, build: Build) -> None:
        """Show what was found out."""
        self.build, self._waiting, self.failure = build, False, None
        self._draw()

    def fail(self, error: DockcacheError) -> None:
        """Tell why it could not be found out; what was known before stays in sight."""
        self._waiting, self.failure = False, error
        self._draw()

    def turn(self) -> None:
        """Change between the step that was asked for and all of the build."""
        self._whole = not self._whole or self.step is None
        self.scroll_home(animate=False)
        self._draw()
        self.post_message(ListView.Moved())

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return the story as text and as JSON, and what to change as a patch."""
        build = self.build
        if build is None:
            return
        yield "text", self._plain()
        yield "JSON", json_text(whole_build(build))
        step = self._shown_step
        roots = (root_of(step, build),) if step else root_causes(build)
        yield "patch", "".join(dict.fromkeys(root.cause.fix.patch for root in roots if root and root.cause.fix))

    @property
    def _shown_step(self) -> Step | None:
        if self.build is None or self.step is None or self._whole:
            return None
        return next((one for one in self.build.steps if one.digest == self.step.digest), None)

    def _plain(self) -> str:
        """Return what is told as text."""
        console = Console(width=_COPY_WIDTH, file=StringIO(), color_system=None)
        with console.capture() as capture:
            console.print(self._told(""))
        return "\n".join(line.rstrip() for line in capture.get().splitlines())

    def _draw(self) -> None:
        build = self.build
        if build is None:
            return
        told = bool(build.warnings) or any(step.cause for step in build.steps)
        self.set_class(not told, "-empty")
        if told:
            other = "" if self.step is None else f"e {'this step only' if self._whole else 'the whole build'} · "
            self._text.update(self._told(f"   {other}c compare with another · y copy"))
        elif self.failure:
            self._panel.say_error(self.failure)
        elif self._waiting:
            self._panel.say("Comparing with earlier builds…", "")
        else:
            self._panel.say(*nothing_to_tell(build))

    def _told(self, keys: str) -> Group:
        build = self.build
        if build is None:
            return Group()
        now = Instant.now()
        return Group(*self._head(build, now, keys), Text(), story(build, self._shown_step, now, self._style))

    def _head(self, build: Build, now: Instant, keys: str) -> Sequence[Text]:
        ran = sum(step.cause is not None for step in build.steps)
        title = f"Why {ran} of {wording.count(build.cacheable, 'step')} ran" if self._whole else "Why this step ran"
        earlier = self._find(build.compared_with) if build.compared_with else None
        compared = "no earlier build"
        if build.compared_with:
            compared = build_words(earlier, now) if earlier else literal(build.compared_with[:40])
        lines = [
            Text(title, self._style("title")).append(keys, "not bold dim"),
            Text("build     ", "dim").append(build_words(build, now), "not dim"),
            Text("compared  ", "dim").append(compared, "not dim"),
        ]
        if self._waiting:
            lines.append(Text("Comparing with another build…", "dim"))
        if self.failure:
            why = wording.cut(f"{self.failure.title}: {self.failure}", MOST)
            lines.append(Text(f"✗ {literal(why)}", self._style("old")))
        return lines

    def _style(self, name: str) -> str:
        return "dim" if name == "dim" else str(self.get_component_rich_style(f"why--{name}", partial=True))
