"""Prune plans: leaf first, to the byte, with a reason for whatever stays."""

from dataclasses import replace
from string import ascii_lowercase

from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, READINGS, SHARED, Flags, at, key, record
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.lineage import Lineage
from dockcache_tui.core.records.prune import KeepReason, frees, other_owners, plan, plan_of, projects_with
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot, Record, RecordKey
from dockcache_tui.core.scope import BranchScope, Known, Owner, Project, ScopeFilter, told_apart

CHAIN = [record("a", size=1), record("b", "a", size=10, created=1), record("c", "b", size=100, created=2)]


def ids(records: tuple[Record, ...]) -> list[str]:
    """Return the records' ids."""
    return [one.id for one in records]


def daemon(records: list[Record], order: tuple[RecordKey, ...]) -> list[Record]:
    """Prune one by one as BuildKit does: pass over what is in use, shared or has children; return what was freed."""
    left = {one.key: one for one in records}
    freed = []
    for wanted in order:
        one = left[wanted]
        children = any(one.id in other.parents and other.node == one.node for other in left.values())
        if not (one.in_use or one.shared or children):
            freed.append(left.pop(wanted))
    return freed


def test_children_go_before_parents() -> None:
    """A marked chain is pruned from its leaf up, and its bytes are the sum."""
    what = plan(CHAIN, [key("a"), key("b"), key("c")])
    assert what.keys == (key("c"), key("b"), key("a"))
    assert what.bytes == 111
    assert not what.kept
    assert not what.unmarked
    assert what.deep_bytes == 111


def test_a_parent_of_an_unmarked_child_stays() -> None:
    """BuildKit frees nothing of a record with children; the plan says so and offers to take them too."""
    what = plan(CHAIN, [key("a")])
    assert what.freed == ()
    assert [(one.key, one.reason, one.children) for one in what.kept] == [
        (key("a"), KeepReason.HAS_CHILDREN, (key("b"),)),
    ]
    assert ids(what.unmarked) == ["b", "c"]
    assert ids(what.deep) == ["c", "b", "a"]
    assert (what.bytes, what.deep_bytes) == (0, 111)


def test_reasons() -> None:
    """What is in use, shared, under either, or gone stays, each with its own reason."""
    records = [
        record("used", flags=IN_USE),
        record("image", flags=SHARED),
        record("both", flags=Flags(in_use=True, shared=True)),
        record("base"),
        record("held", "base", flags=IN_USE),
        record("mount", flags=Flags(mutable=True), size=7),
    ]
    what = plan(records, [key(one.id) for one in records] + [key("gone"), key("mount", "node1")])
    assert {one.key: one.reason for one in what.kept} == {
        key("used"): KeepReason.IN_USE,
        key("image"): KeepReason.SHARED,
        key("both"): KeepReason.IN_USE,
        key("base"): KeepReason.HAS_CHILDREN,
        key("held"): KeepReason.IN_USE,
        key("gone"): KeepReason.MISSING,
        key("mount", "node1"): KeepReason.MISSING,
    }
    assert (ids(what.freed), what.bytes) == (["mount"], 7)


def test_a_cycle_stays() -> None:
    """Records that hold each other have no leaf to begin with, so all of them stay; what is beside them goes."""
    records = [record("a", "b"), record("b", "a"), record("top"), record("c", "a", "top")]
    what = plan(records, [key(one.id) for one in records])
    assert ids(what.freed) == ["c", "top"]
    assert {one.key.id: one.reason for one in what.kept} == dict.fromkeys("ab", KeepReason.HAS_CHILDREN)
    assert [one.key.id for one in frees(records, key("a")).blocked_by] == ["a", "b"]


def test_what_pruning_one_record_frees() -> None:
    """One record frees itself and all its descendants, also those with another parent."""
    merged = [*CHAIN, record("other", size=1000), record("m", "b", "other", size=10_000, created=3)]
    assert (ids(frees(merged, key("b")).records), frees(merged, key("b")).bytes) == (["m", "c", "b"], 10_110)
    assert frees(merged, key("c")).bytes == 100


def test_a_blocked_descendant_blocks_the_record() -> None:
    """When a descendant is in use, a record frees nothing, and that descendant is named, not what is between."""
    what = frees([*CHAIN, record("d", "c", flags=IN_USE)], key("a"))
    assert (what.bytes, what.records) == (0, ())
    assert [(one.key, one.reason) for one in what.blocked_by] == [(key("d"), KeepReason.IN_USE)]
    assert [one.reason for one in frees(CHAIN, key("x")).blocked_by] == [KeepReason.MISSING]


@given(READINGS, st.data())
def test_a_daemon_frees_exactly_the_plan(records: list[Record], data: st.DataObject) -> None:
    """BuildKit's own rule, applied in the plan's order, frees all of the plan, and nothing of what stays."""
    marked = [one.key for one in records if data.draw(st.booleans())]
    what = plan(records, marked)
    assert tuple(daemon(records, what.keys)) == what.freed
    left = [one for one in records if one not in what.freed]
    staying = tuple(one.key for one in what.kept)
    assert daemon(left, staying) == []
    assert {*what.keys, *staying} == set(marked)


@given(READINGS, st.data())
def test_the_deep_plan_is_the_plan_of_all_descendants(records: list[Record], data: st.DataObject) -> None:
    """Marking the unmarked descendants too gives what the plan promised for them."""
    marked = [one.key for one in records if data.draw(st.booleans())]
    what = plan(records, marked)
    wider = plan(records, [*marked, *(one.key for one in what.unmarked)])
    assert (wider.freed, wider.unmarked) == (what.deep, ())


@given(READINGS)
def test_frees_agrees_with_the_plan(records: list[Record]) -> None:
    """A record frees what the plan of it and its descendants frees, or nothing when that plan leaves it."""
    for one in records:
        what, deep = frees(records, one.key), plan(records, [one.key]).deep
        assert what.records == (deep if one in deep else ())
        assert bool(what.blocked_by) == (one not in deep)


WEB, API, CLONE = Project("/web", "acme/web"), Project("/api"), Project("/clone", "acme/web")
MAIN, FIX = BranchScope.of("main"), BranchScope.of("fix")


def of(*owners: tuple[Project | None, BranchScope | None], id_: str = "r", under: str = "") -> ScopedRecord:
    """Return a record of these owners, on a parent if one is named."""
    parents = (under,) if under else ()
    return ScopedRecord(record(id_, *parents), tuple(Owner(*owner, Known.NAMED) for owner in owners))


def reading(*records: ScopedRecord) -> Reading:
    """Return a reading of these records."""
    raw = tuple(one.record for one in records)
    snapshot = BuilderSnapshot("builder", "memory", (), raw, at(0))
    return Reading(snapshot, records, Lineage.of(raw), {one.key: one for one in records}, {})


def split(records: list[ScopedRecord], chosen: ScopeFilter, *, shared: bool = False) -> tuple[str, dict[str, str]]:
    """Return what of records goes, ids in a row, and why the others stay."""
    named = [
        replace(one, record=replace(one.record, id=letter))
        for letter, one in zip(ascii_lowercase, records, strict=False)
    ]
    planned = plan_of(reading(*named), [one.key for one in named], chosen, shared=shared)
    going = "".join(sorted(one.id for one in planned.freed))
    return going, {kept.key.id: kept.reason.name for kept in planned.kept}


def test_a_branch_is_of_its_project() -> None:
    """A branch has alone what no branch of its name elsewhere, no other branch and nobody unknown has too."""
    owners = ((API, MAIN), (WEB, FIX), (WEB, None), (None, None), (CLONE, MAIN))
    shared = [of((WEB, MAIN), other) for other in owners]
    others = [of((API, MAIN)), of((WEB, FIX)), of((None, None))]
    stays = dict.fromkeys("bcdefghi", "OTHERS") | {"j": "UNOWNED"}
    assert split([of((WEB, MAIN)), *shared, *others, of()], ScopeFilter(MAIN, projects=(WEB,))) == ("a", stays)


def test_a_project_has_all_its_branches() -> None:
    """A project has alone what only its branches have, known or not; projects of one name can be chosen together."""
    mine = [of((WEB, MAIN)), of((WEB, MAIN), (WEB, FIX)), of((WEB, None))]
    clones = of((WEB, MAIN), (CLONE, MAIN))
    assert split([*mine, clones], ScopeFilter(projects=(WEB,))) == ("abc", {"d": "OTHERS"})
    assert split([clones, of((API, MAIN))], ScopeFilter(projects=(WEB, CLONE))) == ("a", {"b": "OTHERS"})


def test_repositories_of_one_folder_are_apart_by_their_names() -> None:
    """Of two that were in one folder in turn each has its own; what is of the folder, no name known, is of each."""
    first, second, unnamed = (Project("/src/web", repo) for repo in ("acme/web", "acme/shop", ""))
    records = [of((first, MAIN)), of((second, MAIN)), of((unnamed, MAIN)), of((Project("/src/web", "ACME/web"), MAIN))]
    assert split(records, ScopeFilter(MAIN, projects=(first,))) == ("acd", {"b": "OTHERS"})
    assert split(records, ScopeFilter(MAIN, projects=(second,))) == ("bc", {"a": "OTHERS", "d": "OTHERS"})


def test_what_others_own_goes_when_asked_for_or_when_nobody_is_chosen() -> None:
    """With `shared` all that is marked goes, and so it does where no owner is chosen."""
    records = [of((WEB, MAIN), (API, MAIN)), of((API, MAIN)), of()]
    assert split(records, ScopeFilter(MAIN, projects=(WEB,)), shared=True) == ("abc", {})
    assert split(records, ScopeFilter()) == ("abc", {})


def test_what_stands_under_others_stays_with_them() -> None:
    """A record of the owner's own under one that others own too stays, and the plan with all below keeps it too."""
    mine, theirs = of((WEB, MAIN), id_="base"), of((WEB, MAIN), (API, MAIN), id_="top", under="base")
    planned = plan_of(reading(mine, theirs), [mine.key], ScopeFilter(MAIN, projects=(WEB,)), shared=False)
    assert [(one.key.id, one.reason.name) for one in planned.kept] == [("base", "HAS_CHILDREN")]
    assert (planned.freed, planned.unmarked, planned.deep) == ((), (), ())


def test_which_projects_have_a_branch() -> None:
    """Projects with a branch of a name are told once each and in order; what is of no known project is of none."""
    owners = [(WEB, MAIN), (API, MAIN), (WEB, MAIN), (None, MAIN), (CLONE, FIX)]
    assert projects_with(MAIN, owners) == (API, WEB)
    assert projects_with(FIX, owners) == (CLONE,)


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


def test_how_projects_are_told_apart() -> None:
    """Each is called by the last words of its name that no other ends in, and clones by those of their folders."""
    other = Project("/deep/api", "acme/api")
    assert told_apart((WEB, API)) == {WEB: "web", API: "api"}
    assert told_apart((API, other, API)) == {API: "/api", other: "acme/api"}
    deep = [Project(f"/home/{name}/app") for name in ("web", "api")]
    assert list(told_apart(deep).values()) in (["web/app", "api/app"], ["api/app", "web/app"])
    assert told_apart((WEB, CLONE, API)) == {WEB: "web", CLONE: "clone", API: "api"}
