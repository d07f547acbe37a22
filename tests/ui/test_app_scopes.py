"""Branches of the same name in several projects: picked, shown, and deleted apart."""

import re
from dataclasses import replace

import pytest

from core.record_making import build
from dockcache_tui.core.scope import Checkout, Project
from service.serving import Job
from ui.bench import Bench, bench
from ui.caches_bench import CachesHouse, shown
from ui.house import House
from ui.owning import API, MAIN, OWNERS, WEB, pick


async def offered(app: Bench, wanted: str) -> str:
    """Return what the picker offers for some letters."""
    await app.press("f")
    await app.see("Branch scope of every view")
    await app.type(wanted)
    screen = await app.see(wanted)
    await app.press("escape")
    await app.see_no("Branch scope of every view")
    return screen


async def test_a_branch_is_that_of_the_opened_project(owned: House) -> None:
    """Its name alone means the opened folder's; another project's is offered with its name, and each shows its own."""
    owned.past = tuple(replace(build(f"b-{one.short}", 0, 1, "main"), project=one) for one in (WEB, API))
    async with bench(owned) as app:
        await app.see("mine", "theirs", "Branch +Project", "2 projects", r"theirs .* main +api")
        await pick(app, "main")
        await app.see_no("─theirs", "─fixed")
        await app.press("5")
        await app.see("b-web")
        await app.see_no("b-api")
        await app.press("2")
        await pick(app, "main of api")
        await app.see("─theirs")
        await app.see_no("─mine", "─both")
        await app.press("5")
        await app.see("b-api")
        await app.see_no("b-web")


async def test_the_branches_of_the_opened_project_are_offered_first(owned: House) -> None:
    """All of its branches, and what their runs could restore, come before a branch of another project."""
    async with bench(owned) as app:
        await app.see("mine")
        await app.press("f")
        screen = await app.see("main of api")
        lines = re.findall(r"│ +(all branches|main of api|fix \+ restorable|fix|main)  ", f"{screen}")
        assert lines == ["all branches", "main", "fix", "fix + restorable", "main of api"], screen


async def test_a_branch_narrows_while_the_filter_is_wrong(owned: House) -> None:
    """A wrong expression leaves the last right one, and a branch that is picked meanwhile counts all the same."""
    owned.past = tuple(replace(build(f"b-{one.short}", 0, 1, "main"), project=one) for one in (WEB, API))
    async with bench(owned) as app:
        await app.see("mine")
        await app.press("5")
        await app.see("builds › b-web")
        await app.press("/")
        await app.type("b- !")
        await app.see("expected something to leave out")
        await app.press("escape")
        await pick(app, "main of api")
        await app.see("builds › b-api")


async def test_another_projects_branch_takes_its_own(owned: House) -> None:
    """A delete under another project's branch takes what that alone owns, and its dialog says whose that is."""
    async with bench(owned) as app:
        await app.see("mine")
        await pick(app, "main of api")
        await app.see("─theirs")
        await app.press("home", "v", "end", "d")
        await app.see("Delete from the builder · main of /src/api", "1 record will go", "10  theirs", "Stays 1")
        await app.press("tab", "enter")
        await app.see("Freed 1 record")
    assert [one.id for one in owned.cache.pruned] == ["theirs"]


async def test_a_branch_that_is_asked_for_narrows_from_the_start(owned: House) -> None:
    """`--branch` is the opened project's, in every view and before any key is pressed."""
    async with bench(owned, scope=MAIN) as app:
        await app.see("· main ", "─mine", "─both")
        await app.see_no("─theirs", "─fixed", "─nobody")
        await app.press("home", "down", "d")
        await app.see("Delete from the builder · main of acme/web")


async def test_outside_a_project_a_name_that_several_have_is_told(owned: House) -> None:
    """There a branch shows all of its name, a delete asks whose is meant, and each project's can be picked."""
    owned.work = Checkout("/else", project=Project("/else"))
    async with bench(owned, scope=MAIN) as app:
        await app.see("· main ", "─mine", "─theirs")
        await app.press("end", "d")
        await app.see("Which project's records", "main is a branch of several projects: /src/api, acme/web", "with f")
        assert "Delete from the builder" not in app.screen()
        screen = await offered(app, "main")
        assert "main of api" in screen
        assert "main of web" in screen
        await pick(app, "main of web")
        await app.see_no("─theirs")
        await app.press("end", "d")
        await app.see("Delete from the builder · main of acme/web")


async def test_what_may_be_of_any_project_is_offered_as_such(owned: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch of a build of no known project is offered as one of any; a delete there still takes no other's."""
    monkeypatch.setitem(OWNERS, "nobody", ((None, MAIN),))
    async with bench(owned) as app:
        await app.see("mine")
        await pick(app, "main of any project")
        await app.see("─theirs", "─nobody")
        await app.press("end", "d")
        await app.see("Which project's records", "/src/api, acme/web")


async def test_two_clones_are_told_apart(owned: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two folders of one repository are two projects: by their folders in the picker and in the list."""
    clone = Project("/copy/web", "acme/web")
    monkeypatch.setitem(OWNERS, "theirs", ((clone, MAIN),))
    monkeypatch.setitem(OWNERS, "base", ((WEB, MAIN), (clone, MAIN)))
    async with bench(owned) as app:
        await app.see("copy/web")
        await pick(app, "main of copy/web")
        await app.see("─theirs")
        await app.see_no("─mine")


async def test_one_project_needs_no_column(owned: House) -> None:
    """Where one project owns all records there is no column for it; it comes with the first of another."""
    theirs = owned.cache.records.pop(3)
    base = owned.cache.records.pop(0)
    assert (theirs.id, base.id) == ("theirs", "base")
    async with bench(owned) as app:
        await app.see("mine", "Branch")
        await app.see_no("Project")
        owned.cache.records.append(replace(theirs, parents=()))
        await app.press("r")
        await app.see("Branch +Project")


async def test_caches_of_a_repository_are_of_its_project(owned: House, job: Job) -> None:
    """Under another project's branch the Actions view, of the opened one's repository, has nothing of that name."""
    job.save("ours")
    project = Project("/src/web", job.repo)
    work = Checkout("/src/web", job.repo, MAIN, MAIN, "abc", project=project)
    async with bench(CachesHouse(owned.cache, work=work)) as app:
        await app.see("theirs")
        await app.press("3")
        await app.see("ours")
        await pick(app, "main of api")
        await app.see("Nothing matches")
        assert not shown(app)
        await app.press("right_square_bracket", "right_square_bracket")
        await app.see("restorable", "Nothing matches")
        await app.press("left_square_bracket", "left_square_bracket")
        await pick(app, "main")
        await app.see(r"ours +\d+ B")
        await app.press("1")
        await app.see("Actions caches +[1-9]")
