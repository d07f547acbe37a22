"""Texts from outside are shown literally, wherever they come up, and nothing acts on them."""

import re
from dataclasses import replace

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, Fix, HitKind, HitWarning, MissCause, MissEvidence
from dockcache_tui.core.builds.progress import LogChunk, Progress, VertexUpdate
from dockcache_tui.core.errors import DockcacheError, SourceError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.records.record import BuilderInfo, NodeInfo, Record
from dockcache_tui.core.scope import BranchScope, Checkout, Project
from dockcache_tui.sources.command_log import LoggedCommand
from dockcache_tui.sources.protocols import HistoryEvent, HistoryEventType
from dockcache_tui.ui.builder.messages import ReadFailed
from dockcache_tui.ui.shared.messages import ActionFailed
from ui.bench import Bench, bench
from ui.house import Cache, House

NOW = Instant.now()
HOSTILE = {
    "controls": "\x1b[2J\x1b]0;x\x07a\nb\r\t\x00\x7f",
    "markup": "[@click=app.quit]go[/] [b]",
    "closing": "[/] [/bold] [red",
    "unicode": "\u202etxt\u2066\udcff\ud800\u200d\u0301e\u0301📦\ufe0f",
    "long": "x" * 10_000,
}
TEXTS = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
BOXES = {
    "d": "Delete from the builder",
    "f": "Branch scope of every view",
    "n": "─ Builder ─",
    "y": "─ Copy ─",
    "at": "─ Commands ─",
    "B": "Build arguments",
}


def house(text: str) -> House:
    """Return a house in which everything that can come from outside is this text."""
    branch = BranchScope.of(text)
    cause = MissCause(CauseKind.CONTENT, text, (MissEvidence(text, text, text, text),), fix=Fix(text, text))
    step = Step(text, text, StepState.FAILED, True, NOW, NOW, stage=text, error=text, cause=cause)  # noqa: FBT003
    build = Build(
        text,
        text,
        NOW,
        BuildStatus.FAILED,
        *(text, text, text),
        project=Project(text, text),
        branch=branch,
        revision=text,
        completed_at=NOW,
        steps=(step,),
        error=text,
        warnings=(HitWarning(HitKind.STALE, text),),
        ours=False,
    )
    record = Record(text, text, text, text, 1, NOW, NOW, 1, (f"{text}0",), False, False, False, text)  # noqa: FBT003
    return House(
        Cache(text, [record, replace(record, id=f"{text[:9]}1", parents=(text,))], nodes=[text, f"{text}1"]),
        (build,),
        Checkout(text, text, branch, branch, text, project=Project(text, text)),
        (BuilderInfo(text, text, (NodeInfo(text, text, text, text, text, (text,)),), error=text),),
        (LoggedCommand((text, text), NOW, 1.0, 1),),
        BuildSpec(text, text, target=text, build_args=((text, text),), cache_from=(text,), builder=text),
    )


def head(text: str) -> str:
    """Return a pattern for the beginning of a text as it is to be shown."""
    return re.escape(literal(text)[:6])


async def show(app: Bench, text: str, *patterns: str) -> None:
    """Wait for the text and these patterns, and see that every character on the screen is plain."""
    screen = await app.see(head(text), *patterns)
    assert {character for character in screen if literal(character)[-1] != character} == {"\n"}


@TEXTS
async def test_views_show_texts_literally(text: str) -> None:
    """Header, path, tables, detail pane, output and overview hold no raw character of it."""
    async with bench(house(text)) as app:
        await show(app, text, "records › forest", "▶ ")
        await app.press("right_square_bracket")
        await show(app, text, "records › flat")
        await app.press("5")
        await show(app, text, "builds › ", "✗ failed")
        await app.press("enter")
        await show(app, text, r"^ ✗ failed · 0\.0s · 1 failed", r"^▶  ✗ failed ", "0 % reused · 0 of 1 step$", "^ why ")
        await app.press("e")
        await show(app, text, "Why this step ran", "^  compared  ")
        await app.press("e")
        await show(app, text, "Why 1 of 1 step ran", "^  !")
        await app.press("1")
        await show(app, text, "by branch")


@TEXTS
async def test_boxes_show_texts_literally(text: str) -> None:
    """The plan of a prune, pickers, the command log and the build form hold no raw character of it."""
    async with bench(house(text)) as app:
        await show(app, text, "records › forest", "▶ ")
        for keys, sign in BOXES.items():
            await app.press(keys)
            await show(app, text, sign)
            await app.press("escape")
            await app.see_no(sign)


@TEXTS
async def test_notices_show_texts_literally(text: str) -> None:
    """An error's title, reason and hint, and what was copied, are literal in a notice."""
    async with bench(house(text)) as app:
        app.app.area.tell(ActionFailed(DockcacheError(f"why {text}", title=f"what {text}", hint=f"how {text}")))
        await show(app, text, r"▌ what\b", r"▌ why\b")


@TEXTS
async def test_failures_show_texts_literally(text: str) -> None:
    """A builder that can't be read says why in its own words, literally, in the view and the overview."""
    there = house(text)
    there.unreachable = SourceError(f"why {text}", title=f"what {text}", hint=f"how {text}")
    async with bench(there) as app:
        await show(app, text, r"✗ what\b", r"\bhow\b", "r  try again")
        await app.press("1")
        await show(app, text, r"what\b")


@TEXTS
async def test_live_builds_show_texts_literally(text: str) -> None:
    """Steps, errors and output of a build that someone runs are literal while it moves."""
    there = house(text)
    running = Build("live", text, Instant.now(), BuildStatus.RUNNING, node=text, ours=False)
    data = text.encode("utf-8", "surrogatepass")
    async with bench(there) as app:
        await app.see("▶ ")
        status = there.cache.stream("live")
        there.cache.events.say(HistoryEvent(HistoryEventType.STARTED, running))
        await app.press("5")
        await app.see("▸ running")
        await app.press("home", "enter")
        status.say(Progress((VertexUpdate("v", text, ("in",), NOW),), logs=(LogChunk("v", 1, b"out " + data + b"\n"),)))
        await show(app, text, "▸ running", "out ")


async def test_markup_is_no_link() -> None:
    """A click on what would be an action in markup does what a click on its row does, and nothing else."""
    there = house("[@click=app.quit]go[/]")
    async with bench(there) as app:
        await app.see("pruning it")
        app.app.builder.tell(ReadFailed(SourceError("[@click=app.quit]gone[/]", title="[@click=app.quit]no[/]")))
        await app.press("1")
        screen = (await app.see("by branch")).split("\n")
        row = next(at for at, line in enumerate(screen) if at > 1 and "[@click" in line)
        await app.pilot.click(offset=(screen[row].index("go"), row))
        await app.see("What to do")  # the row is of a build, and opens its story
        assert app.app.is_running
