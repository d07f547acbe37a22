"""Why steps ran, in the app: the column, the head line, and the story of a step and of a build."""

from dataclasses import replace
from threading import Event

import pytest

from dockcache_tui.core.archives.archive import BuildRecord
from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.errors import SourceError
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.shared.messages import BuildOpened, OpenBuild
from ui.bench import NARROW, WIDE, bench
from ui.builds.explained import ARGUMENT, BUILD, EARLIER, OTHER, PATCH, STALE, STEPS, below
from ui.builds.test_building import begin, running
from ui.house import House

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW])
THEIRS = replace(
    BUILD, ref="theirs0ref", ours=False, compared_with="", steps=tuple(replace(one, cause=None) for one in STEPS)
)


def house(*builds: Build) -> House:
    """Return a house with these builds, and two earlier ones."""
    return House(past=(*builds, EARLIER, OTHER))


@SIZES
async def test_each_row_tells_why(size: tuple[int, int]) -> None:
    """Beside each step that ran stands why, over all the cause that cost most, and in the list of builds too."""
    async with bench(house(BUILD), size) as app:
        await app.press("5", "g")
        await app.see(r"20 % +package-lock\.js")
        await app.press("enter")
        await app.see(
            r"^ why package-lock\.json changed\. 1 more path differs\. · 3 steps, 9\.0s · 1 more",
            r"\[deps 2/3\] COPY package.* package-lock\.json changed \+1 .*1\.0s",
            r"\[deps 3/3\] RUN npm ci +after deps 2/3 .*7\.0s",
            r"\[build 2/2\] RUN vite bu.* GIT_SHA changed .*4\.0s",
        )


@SIZES
async def test_a_warning_stands_on_top(size: tuple[int, int]) -> None:
    """What is wrong with what was reused is told before all else, in the list, over the steps and in the story."""
    warned = replace(BUILD, warnings=(STALE, STALE, STALE))
    async with bench(house(warned), size) as app:
        await app.press("5", "g")
        await app.see("20 % +! config.ini")
        await app.press("enter")
        screen = await app.see("^ ! config.ini changed, but its size", "1 more: press e" if size is WIDE else "…")
        assert screen.index("! config.ini") < screen.index("✓ succeeded") < screen.index("why package-lock")
        await app.press("g", "e")
        screen = await app.see("^  ! config.ini changed", r"config\.ini +content +- 12\.1 kB 1f2e3d4c")
        assert screen.index("! config.ini") < screen.index("File") < screen.index("package-lock.json changed")


async def test_a_build_without_causes_has_no_column() -> None:
    """Where nothing ran, or nobody looked, all room is for what is known."""
    async with bench(house(replace(BUILD, compared_with="", steps=STEPS[:1])), NARROW) as app:
        await app.press("5", "g")
        await app.see("True reuse +Steps")
        assert "Why" not in app.screen()
        await app.press("enter")
        await app.see("State +Step +Time line +Took")
        assert "Why" not in app.screen()


@SIZES
async def test_the_story_of_a_build(size: tuple[int, int]) -> None:
    """`e` tells each cause once: what it is compared with, the steps, what differs, what to do; esc goes back."""
    async with bench(house(BUILD), size) as app:
        await app.press("5", "g", "e")
        await app.see(
            "Why 4 of 5 steps ran",
            r"^  compared  main@1a2b3c4d · \d+m ago · builder · nearest0",
            r"^  package-lock\.json changed\. 1 more path differs\.",
            r"^    deps 2/3  COPY package\*\.json \./",
            r"2 more because of it: deps 3/3, build 1/2 · 9\.0s in all",
            r"package-lock\.json +content +- 12\.1 kB 1f2e3d4c +\+ 12\.3 kB 88aa0011",
            r"scripts/\[run\]\.sh +mode +- 0644 +\+ 0755",
            r"^    - GIT_SHA=1a2b3c\n +\+ GIT_SHA=4d5e6f",
            "What to do: Declare ARG GIT_SHA below this step, unless",
        )
        await app.press("G")
        await app.see("-ARG GIT_SHA", r"\+ARG GIT_SHA")
        await app.press("escape")
        await app.see("builds › explain")


async def test_the_story_of_a_step() -> None:
    """On a step that ran because of another the story leads to that one; `e` turns to the whole build and back."""
    async with bench(house(BUILD)) as app:
        await app.press("5", "g", "enter", "g", "j", "j", "e")
        screen = await app.see("Why this step ran", "deps 3/3  RUN npm ci", "It stands on a step that ran: COPY")
        assert "package-lock.json changed." in screen
        assert "GIT_SHA" not in screen
        await app.see("explained0re › why › RUN npm ci")
        await app.press("e")
        await app.see("Why 4 of 5 steps ran", "GIT_SHA=4d5e6f", "explained0re › why$")
        await app.press("e")
        await app.see("Why this step ran")
        await app.press("escape")
        await app.see("explained0re › .deps 3/3. RUN npm ci")
        await app.press("g", "e")
        await app.see("Why 4 of 5 steps ran")


async def test_another_build_to_compare_with() -> None:
    """`c` offers the earlier builds of the project; when that fails, what was known stays, with the reason."""
    there = house(BUILD)
    told = replace(BUILD, compared_with=OTHER.ref, steps=(*STEPS[:4], replace(STEPS[4], cause=below("deps 2/3"))))
    there.explained = {
        (BUILD.ref, OTHER.ref): told,
        (BUILD.ref, EARLIER.ref): SourceError("it was pruned", title="No evidence"),
    }
    async with bench(there) as app:
        await app.press("5", "g", "e", "c")
        await app.see("Compare with", "main@1a2b3c4d · .* nearest0", "dev@1a2b3c4d · .* other0re")
        await app.type("dev")
        await app.see_no("│ main@")
        await app.press("enter")
        screen = await app.see("compared  dev@1a2b3c4d", "3 more because of it")
        assert "GIT_SHA" not in screen
        await app.press("c")
        await app.type("main")
        await app.press("enter")
        await app.see("✗ No evidence: it was pruned", "compared  dev@1a2b3c4d", "3 more because of it")
        assert there.compared == [(BUILD.ref, OTHER.ref), (BUILD.ref, EARLIER.ref)]


async def test_others_builds_are_asked_for() -> None:
    """Of a build that nobody explained yet it is found out, and then its rows tell it too."""

    class Slow(House):
        ready = Event()

        def explain(self, build: Build, against: str = "", file: str = "") -> Build:
            self.ready.wait(60)
            return super().explain(build, against, file)

    there = Slow(past=(THEIRS, EARLIER), explained={(THEIRS.ref, ""): replace(BUILD, ref=THEIRS.ref)})
    async with bench(there) as app:
        await app.press("5", "g", "e")
        await app.see("Comparing with earlier builds…")
        there.ready.set()
        await app.see("Why 4 of 5 steps ran", "package-lock.json changed")
        await app.press("escape", "enter")
        await app.see("RUN npm ci +after deps 2/3")


async def test_a_build_of_a_record_is_explained_from_its_file() -> None:
    """Of a build that a build record holds, the record is asked; its rows tell why then, and esc leads back there."""
    there = house()
    there.explained = {(THEIRS.ref, ""): replace(BUILD, ref=THEIRS.ref)}
    async with bench(there) as app:
        await app.see("no cache yet")
        record = BuildRecord(THEIRS)
        app.app.post_message(BuildOpened(OpenBuild(THEIRS, record.log, Place.ARCHIVES, record, "/x.dockerbuild")))
        await app.see("RUN npm ci")
        await app.press("g", "e")
        await app.see("Why 4 of 5 steps ran")
        await app.press("escape")
        await app.see("RUN npm ci +after deps 2/3")
        await app.press("escape")
        await app.see(" archives")
        assert there.compared == [(THEIRS.ref, "/x.dockerbuild")]


async def test_what_can_not_be_explained_says_why() -> None:
    """A failure is told with its hint, and `r` asks again."""
    there = House(past=(THEIRS,))
    there.explained = {(THEIRS.ref, ""): SourceError("the socket is dead", title="No builder", hint="Start it.")}
    async with bench(there) as app:
        await app.press("5", "g", "e")
        await app.see("✗ No builder", "the socket is dead", "Start it.", "r  try again")
        there.explained = {(THEIRS.ref, ""): replace(BUILD, ref=THEIRS.ref)}
        await app.press("r")
        await app.see("Why 4 of 5 steps ran")


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (replace(BUILD, steps=STEPS[:1]), "All was reused"),
        (replace(BUILD, steps=(replace(STEPS[0], cacheable=False),)), "Nothing to explain"),
        (replace(BUILD, status=BuildStatus.RUNNING, steps=STEPS[:1]), "Still building"),
        (THEIRS, "Not known"),
    ],
)
async def test_nothing_to_tell(build: Build, told: str) -> None:
    """A build of which there is no cause says why there is none, and what to do next."""
    async with bench(House(past=(build,))) as app:
        await app.press("5", "g", "e")
        await app.see(told, "^ +(esc|b|c)  ")


async def test_the_story_is_copied() -> None:
    """`y` offers the story as text and as JSON, and the patch where there is one."""
    async with bench(house(BUILD)) as app:
        await app.press("5", "g", "e", "y")
        await app.see("─ Copy ─", "text  Why 4 of 5", 'JSON  {"schema": 1', "patch  --- a/Dockerfile")
        await app.type("patch")
        await app.press("enter")
        await app.see("Copied: --- a/Dockerfile")
        assert app.app.clipboard == PATCH


async def test_a_live_build_tells_why_at_its_end() -> None:
    """When our build ends its rows and its head line tell why, with no key pressed."""
    there = House()
    async with bench(there, NARROW) as app:
        build = await begin(app, there)
        build.line.say(running("two"))
        build.causes = {"sha256:one": ARGUMENT}
        build.end(BuildStatus.SUCCEEDED)
        await app.see("^ why The build argument GIT_SHA changed", r"RUN one +GIT_SHA changed")
