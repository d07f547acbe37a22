"""What of the records is one owner's alone."""

from core.record_making import record
from dockcache_tui.core.project import Project
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.owning import Owned, other_owners, owned
from dockcache_tui.core.scope import BranchScope, Known, Owner, ScopeFilter

WEB, API, CLONE = Project("/web", "acme/web"), Project("/api"), Project("/clone", "acme/web")
MAIN, FIX = BranchScope.of("main"), BranchScope.of("fix")


def of(*owners: tuple[Project | None, BranchScope | None]) -> ScopedRecord:
    """Return a record of these owners."""
    return ScopedRecord(record("r"), tuple(Owner(*owner, Known.NAMED) for owner in owners))


def test_a_branch_is_of_its_project() -> None:
    """A branch has alone what no branch of its name elsewhere, no other branch and nobody unknown has too."""
    mine = of((WEB, MAIN))
    shared = [of((WEB, MAIN), other) for other in ((API, MAIN), (WEB, FIX), (WEB, None), (None, None), (CLONE, MAIN))]
    others = [of((API, MAIN)), of((WEB, FIX)), of((None, None)), of()]
    assert owned([mine, *shared, *others], ScopeFilter(MAIN, projects=(WEB,))) == Owned((mine,), tuple(shared))


def test_a_project_has_all_its_branches() -> None:
    """A project has alone what only its branches have, known or not; projects of one name can be chosen together."""
    mine = [of((WEB, MAIN)), of((WEB, MAIN), (WEB, FIX)), of((WEB, None))]
    clones = of((WEB, MAIN), (CLONE, MAIN))
    assert owned([*mine, clones], ScopeFilter(projects=(WEB,))) == Owned(tuple(mine), (clones,))
    assert owned([clones, of((API, MAIN))], ScopeFilter(projects=(WEB, CLONE))) == Owned((clones,), ())


def test_who_else_has_it() -> None:
    """The other owners of a record are those that were not chosen."""
    record_ = of((WEB, MAIN), (API, MAIN), (None, None))
    assert [one.project for one in other_owners(record_, ScopeFilter(MAIN, projects=(WEB,)))] == [API, None]


def test_what_all_owners_share() -> None:
    """A record has a project when all its owners have that one; its branches are told once each."""
    assert of((WEB, MAIN), (WEB, FIX), (WEB, None)).project == WEB
    assert of((WEB, MAIN), (API, MAIN)).project is None
    assert of((WEB, MAIN), (None, None)).project is None
    assert of().project is None
    assert of((WEB, MAIN), (API, MAIN), (WEB, FIX)).branches == (FIX, MAIN)


def test_a_projects_names() -> None:
    """A project is called by its repository in any case, or by its folder, and by nothing else."""
    assert WEB.called("acme/web")
    assert WEB.called("Acme/Web")
    assert WEB.called("/web")
    assert not WEB.called("web")
    assert not API.called("")
    assert (WEB.name, API.name, WEB.short, API.short) == ("acme/web", "/api", "web", "api")
