"""Whose a record is."""

from hypothesis import given
from hypothesis import strategies as st

from core.record_making import at, build, record, step
from dockcache_tui.core.builds.build import Build, BuildStatus, StepState
from dockcache_tui.core.records.attribution import CACHE_MOUNT, ScopedRecord, attribute
from dockcache_tui.core.records.owning import other_owners
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.scope import BranchScope, ScopeFilter

MAIN, FIX = BranchScope.of("main"), BranchScope.of("fix/a")


def scoped(one: Record, *builds: Build) -> ScopedRecord:
    """Attribute one record."""
    return attribute([one], builds)[0]


def refs(what: ScopedRecord) -> tuple[str | None, str | None]:
    """Return the refs of the builds that made and last used it."""
    return (
        what.created_by.ref if what.created_by else None,
        what.last_used_by.ref if what.last_used_by else None,
    )


def test_made_by_one_build_and_used_by_another() -> None:
    """A record is of the branches of the build that made it and of the one that last used it."""
    what = scoped(record("r", created=5, used=105), build("one", 0, 10, "main"), build("two", 100, 110, "fix/a"))
    assert refs(what) == ("one", "two")
    assert what.branches == (FIX, MAIN)


def test_outside_every_window_nothing_is_known() -> None:
    """A record of a time without builds has neither builds nor branches."""
    assert scoped(record("r", created=50), build("one", 0, 10, "main")) == ScopedRecord(record("r", created=50))


def test_clocks_may_differ_by_seconds() -> None:
    """A few seconds before or after is still that build, the nearest one, but never when a window holds the moment."""
    one, two = build("one", 0, 10, "main"), build("two", 14, 20, "fix/a")
    assert scoped(record("r", created=11), one, two).branches == (MAIN,)
    assert scoped(record("r", created=13), one, two).branches == (FIX,)
    assert scoped(record("r", created=14), one, two).branches == (FIX,)
    assert scoped(record("r", created=25), one, two).branches == (FIX,)
    assert scoped(record("r", created=25.1), one, two).branches == ()


def test_a_window_includes_its_ends() -> None:
    """At the moment one build ends and another starts, both are under way."""
    one, two = build("one", 0, 10, "main"), build("two", 10, 20, "fix/a")
    assert scoped(record("r", created=10), one, two).branches == (FIX, MAIN)
    assert scoped(record("r", created=20), one, two).branches == (FIX,)


def test_overlapping_builds_all_count_for_branches() -> None:
    """Of builds at the same time all give their branch; the one whose step the description names made it."""
    name = "[build 2/3] RUN go build ./..."
    one = build("one", 0, 100, "main", step(name, 10, 20))
    two = build("two", 5, 90, "fix/a", step("[build 2/3] RUN go vet", 10, 20))
    what = scoped(record("r", created=12, what=("regular", "mount / from exec /bin/sh -c go build ./...")), one, two)
    assert what.branches == (FIX, MAIN)
    assert refs(what) == ("one", None)
    assert what.created_step is one.steps[0]


def test_the_build_that_ran_the_step_made_it() -> None:
    """Of two builds with the same step, the one that ran it then wins over a later one that reused it."""
    name = "[build 2/3] COPY . ."
    one = build("one", 0, 100, None, step(name, 10, 20))
    two = build("two", 5, 90, None, step(name, 10, 20, StepState.REUSED))
    assert refs(scoped(record("r", created=12, what=("regular", name)), one, two)) == ("one", None)
    assert refs(scoped(record("r", created=12), one, two)) == ("two", None)


def test_builders_and_nodes_are_apart() -> None:
    """Only builds of the same builder count, and of the same node where a build's node is known."""
    here = record("r", created=5, node="node1")
    assert refs(scoped(here, build("one", 0, 10, node="node0"))) == (None, None)
    assert refs(scoped(here, build("one", 0, 10, node="node1"))) == ("one", None)
    elsewhere = Build("one", "other", at(0), BuildStatus.SUCCEEDED, completed_at=at(10))
    assert refs(scoped(here, elsewhere)) == (None, None)


def test_running_and_lost_builds() -> None:
    """A running build's window is open; that of one we lost ends with its last step."""
    assert refs(scoped(record("r", created=10**6), build("one", 0, None))) == ("one", None)
    lost = Build("lost", "builder", at(0), BuildStatus.LOST, steps=(step("x", 1, 8),))
    assert refs(scoped(record("r", created=7), lost)) == ("lost", None)
    assert refs(scoped(record("r", created=14), lost)) == (None, None)


def test_a_run_with_an_expanded_name_is_found_by_time() -> None:
    """When BuildKit expanded variables in a RUN's name, the only RUN under way then is the step."""
    one = build("one", 0, 100, None, step("[2/3] RUN make V=1", 10, 20), step("[3/3] RUN other", 30, 40))
    made = record("r", created=12, what=("regular", "mount / from exec /bin/sh -c make V=$VERSION"))
    assert scoped(made, one).created_step is one.steps[0]
    both = build("one", 0, 100, None, step("[2/3] RUN make V=1", 10, 20), step("[3/3] RUN other", 10, 40))
    assert scoped(made, both).created_step is None
    source = record("r", created=12, what=("source.local", "local source for context"))
    assert scoped(source, one).created_step is None


def test_a_cache_mounts_scope_decides_its_branch() -> None:
    """A mount whose id ends in a known branch's scope is of that branch, whoever used it; builds are told too."""
    text = 'cached mount /go from exec /bin/sh -c go build with id "/gomod-ci-fix-a"'
    builds = build("one", 0, 10, "main"), build("two", 100, 110, "fix/a")
    what = scoped(record("r", created=5, what=(CACHE_MOUNT, text)), *builds)
    assert (what.branches, what.cache_scope, refs(what)) == ((FIX,), "fix-a", ("one", None))
    unknown = scoped(record("r", created=5, what=(CACHE_MOUNT, text.replace("fix-a", "gone"))), *builds)
    assert (unknown.branches, unknown.cache_scope) == ((MAIN,), None)


WINDOWS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60) | st.none(), st.sampled_from([None, "a", "b", "c"])), max_size=12
)


@given(WINDOWS, st.integers(0, 130))
def test_windows_agree_with_looking_at_every_build(
    windows: list[tuple[int, int | None, str | None]], when: int
) -> None:
    """The swept timeline gives the branches that trying every build in turn gives."""
    spans = [(began, None if length is None else began + length, branch) for began, length, branch in windows]
    builds = [build(f"b{index}", *span) for index, span in enumerate(spans)]
    holding = {branch for began, ended, branch in spans if began <= when and (ended is None or when <= ended)}
    held = any(began <= when and (ended is None or when <= ended) for began, ended, _ in spans)
    what = attribute([record("r", created=when)], builds)[0]
    if held:
        assert {branch.short for branch in what.branches} == holding - {None}
    else:
        near = any(began - 5 <= when and (ended is None or when <= ended + 5) for began, ended, _ in spans)
        assert (what.created_by is not None) == near


def test_what_a_record_stands_on_has_its_owners_too() -> None:
    """A base that one branch made and another built on is of both, however deep below and whenever it was used."""
    records = [record("base", created=5), record("mid", "base", created=6), record("top", "mid", "gone", created=105)]
    found = attribute(records, [build("one", 0, 10, "main"), build("two", 100, 110, "fix/a")])
    assert [one.branches for one in found] == [(FIX, MAIN), (FIX, MAIN), (FIX,)]


def test_a_build_of_which_nothing_is_known_is_somebody() -> None:
    """What a build of unknown branch may own too is not one branch's alone; where nobody is known nothing is told."""
    known, unknown = build("one", 0, 10, "main"), build("two", 0, 10)
    (what,) = attribute([record("r", created=5)], [known, unknown])
    assert [(one.project, one.branch) for one in what.owners] == [(None, MAIN), (None, None)]
    assert [one.branch for one in other_owners(what, ScopeFilter(MAIN))] == [None]
    assert scoped(record("r", created=5), unknown).owners == ()
