"""Whose a record is."""

from dataclasses import replace

import pytest

from core.record_making import at, build, record, step
from dockcache_tui.core.builds.build import Build, BuildStatus, StepState
from dockcache_tui.core.records.attribution import ScopedRecord, attribute
from dockcache_tui.core.records.prune import other_owners
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.records.steps import CACHE_MOUNT
from dockcache_tui.core.scope import BranchScope, ScopeFilter

MAIN, FIX = BranchScope.of("main"), BranchScope.of("fix/a")
RUN, COPY = "[2/3] RUN make", "[3/3] COPY . ."
REUSED = StepState.REUSED


def scoped(one: Record, *builds: Build) -> ScopedRecord:
    """Attribute one record."""
    return attribute([one], builds)[0]


def made(name: str, id_: str = "r", *parents: str, created: float = 5, node: str = "node0") -> Record:
    """Return a record that a step made."""
    return record(id_, *parents, created=created, node=node, what=("regular", name))


def owners(what: ScopedRecord) -> list[str | None]:
    """Return the branches of the owners, None for one that is not known."""
    return [one.branch.short if one.branch else None for one in what.owners]


def refs(what: ScopedRecord) -> tuple[str | None, str | None]:
    """Return the refs of the builds that made and last used it."""
    return (
        what.created_by.ref if what.created_by else None,
        what.last_used_by.ref if what.last_used_by else None,
    )


def test_every_build_that_names_a_record_has_it() -> None:
    """A record is of who made it, of who used it in between, and of who used it last."""
    builds = (
        build("one", 0, 10, "main", step(RUN, 4, 6)),
        build("two", 50, 60, "fix/a", step(RUN, 51, 51, REUSED)),
        build("three", 100, 110, "main", step(RUN, 101, 101, REUSED)),
    )
    what = scoped(replace(made(RUN), last_used_at=at(105), usage_count=2), *builds)
    assert (owners(what), refs(what)) == (["fix/a", "main"], ("one", "three"))


def test_a_build_at_the_same_time_that_names_another_has_no_part() -> None:
    """Time alone makes nobody an owner: of two builds at once each has what its steps name."""
    builds = build("one", 0, 10, "main", step(RUN, 4, 6)), build("two", 0, 10, "fix/a", step("[2/3] RUN test", 4, 6))
    found = attribute([made(RUN), made("[2/3] RUN test", "s")], builds)
    assert [owners(one) for one in found] == [["main"], ["fix/a"]]


def test_a_record_that_no_step_names_is_of_nobody_known() -> None:
    """A record of a time without builds, or of none of their steps, has neither builds nor owners."""
    one = build("one", 0, 10, "main", step(RUN, 4, 6))
    for strange in (made("[2/3] RUN other"), made(RUN, created=50), record("r", created=5)):
        assert scoped(strange, one) == ScopedRecord(strange)


def test_a_record_that_somebody_else_made_has_an_unknown_owner() -> None:
    """Who only reused a record has it with whoever made it."""
    one = build("one", 0, 10, "main", step(RUN, 4, 4, REUSED))
    assert owners(scoped(made(RUN, created=-50), one)) == ["main", None]


def test_a_record_that_was_used_last_when_no_known_build_ran_has_an_unknown_owner() -> None:
    """A build that is forgotten used it then; a use by a known build, or a moment after it, is accounted for."""
    builds = build("long", 0, 100, "fix/a"), build("one", 10, 20, "main", step(RUN, 14, 16))
    whose = [owners(scoped(replace(made(RUN, created=15), last_used_at=at(used)), *builds)) for used in (16, 104, 200)]
    assert whose == [["main"], ["main"], ["main", None]]
    used = replace(made(RUN, created=15), last_used_at=at(200))
    assert owners(scoped(used, *builds, build("later", 190, 210, "main"))) == ["main"]


def test_steps_of_equal_text_are_told_apart_by_what_they_stand_on() -> None:
    """Two projects COPY at once under one text: each copy is of the project whose RUN stands below it."""
    above = [made(f"[2/3] RUN {one}", f"run-{one}") for one in ("a", "b")]
    below = [made(COPY, f"copy-{one}", f"run-{one}", created=8) for one in ("a", "b")]
    builds = [
        build(one, 0, 10, branch, step(f"[2/3] RUN {one}", 4, 6), step(COPY, 7, 9))
        for one, branch in (("a", "main"), ("b", "fix/a"))
    ]
    assert [owners(one) for one in attribute([*above, *below], builds)] == [["main"], ["fix/a"]] * 2


def test_what_may_be_of_either_has_an_unknown_owner() -> None:
    """Where neither time nor ancestry tells two builds apart, neither is told as the owner."""
    builds = build("a", 0, 10, "main", step(COPY, 7, 9)), build("b", 0, 10, "fix/a", step(COPY, 7, 9))
    assert [owners(one) for one in attribute([made(COPY, "x", created=8), made(COPY, "y", created=8)], builds)] == [
        [],
        [],
    ]


def test_a_copy_whose_upper_steps_are_gone_stays_in_doubt() -> None:
    """A reused step's record may be the one on which nothing stands any more, though another carries the next step."""
    records = [
        made("[1/2] COPY . .", "old", created=1),
        made("[2/2] RUN make", "run", "old", created=2),
        made("[1/2] COPY . .", "new", created=11),
    ]
    again = step("[1/2] COPY . .", 21, 21, REUSED), step("[2/2] RUN make", 21, 21, REUSED)
    builds = (
        build("one", 0, 5, "main", step("[1/2] COPY . .", 0.5, 1.5), step("[2/2] RUN make", 1.5, 3)),
        build("two", 10, 15, "main", step("[1/2] COPY . .", 10.5, 11.5), step("[2/2] RUN make", 11.5, 13)),
        build("three", 20, 25, "fix/a", *again),
    )
    assert owners(attribute(records, builds)[2]) == ["main", None]


def test_a_step_of_another_text_may_have_reused_what_stands_on_the_same() -> None:
    """A step that names no record may use one that an equal step of another text made on the same record."""
    records = [made("[1/2] RUN make", "up", created=1), made("[2/2] COPY ./a /", "down", "up", created=3)]
    one = build("one", 0, 5, "main", step("[1/2] RUN make", 0.5, 1.5), step("[2/2] COPY ./a /", 2, 4))
    two = build("two", 9, 12, "fix/a", step("[1/2] RUN make", 10, 10, REUSED), step("[2/2] COPY a /", 11, 11, REUSED))
    assert [owners(each) for each in attribute(records, [one, two])] == [["fix/a", "main", None], ["main", None]]


def test_builders_and_nodes_are_apart() -> None:
    """Only builds of the same builder count, and of the same node where a build's node is known."""
    here, ran = made(RUN, node="node1"), step(RUN, 4, 6)
    assert refs(scoped(here, build("one", 0, 10, None, ran, node="node0"))) == (None, None)
    assert refs(scoped(here, build("one", 0, 10, None, ran, node="node1"))) == ("one", None)
    elsewhere = Build("one", "other", at(0), BuildStatus.SUCCEEDED, completed_at=at(10), steps=(ran,), told=True)
    assert refs(scoped(here, elsewhere)) == (None, None)


@pytest.mark.parametrize(("ended", "created", "expected"), [(None, 1, True), (30, 25, True), (30, 35, False)])
def test_a_build_of_unknown_steps_may_have_used_all_that_was_there(
    ended: float | None,
    created: float,
    expected: bool,  # noqa: FBT001 - a case
) -> None:
    """What was there before a build of others ended has an unknown owner until that build's steps are known."""
    mine = build("one", created - 1, created + 1, "main", step(RUN, created - 0.5, created + 0.5))
    theirs = replace(build("two", 20, ended), ours=False, told=False)
    assert owners(scoped(made(RUN, created=created), mine, theirs)) == (["main", None] if expected else ["main"])
    assert owners(scoped(made(RUN, created=created), mine, replace(theirs, node="node1"))) == ["main"]
    assert owners(scoped(made(RUN, created=created), mine, replace(theirs, told=True))) == ["main"]


def test_a_run_with_an_expanded_name_is_found() -> None:
    """BuildKit expands variables in a RUN's name, though not in the record's description."""
    one = build("one", 0, 100, "main", step("[2/3] RUN make V=1", 10, 20), step("[3/3] RUN other", 10, 40))
    what = record("r", created=12, what=("regular", "mount / from exec /bin/sh -c make V=$VERSION"))
    assert (scoped(what, one).created_step, owners(scoped(what, one))) == (one.steps[0], ["main"])


def test_a_cache_mounts_scope_decides_its_branch() -> None:
    """A mount whose id ends in a known branch's scope is of that branch, whoever used it; builds are told too."""
    text = 'cached mount /go from exec /bin/sh -c go build with id "/gomod-ci-fix-a"'
    ran = step("[2/2] RUN --mount=type=cache,target=/go go build", 4, 6)
    builds = build("one", 0, 10, "main", ran), build("two", 100, 110, "fix/a")
    what = scoped(record("r", created=5, what=(CACHE_MOUNT, text)), *builds)
    assert (what.branches, what.cache_scope, refs(what)) == ((FIX,), "fix-a", ("one", None))
    unknown = scoped(record("r", created=5, what=(CACHE_MOUNT, text.replace("fix-a", "gone"))), *builds)
    assert (unknown.branches, unknown.cache_scope) == ((MAIN,), None)


def test_an_image_is_of_all_that_named_it_once_it_was_there() -> None:
    """Each build that names an image has it, but those that had ended before it was pulled."""
    name = "[1/2] FROM docker.io/library/busybox:latest@sha256:abc"
    image = record("r", created=105, what=("regular", "pulled from docker.io/library/busybox:latest@sha256:abc"))
    before, made, after = (
        build(branch, began, began + 10, branch, step(name, began + 4, began + 6))
        for branch, began in (("old", 0), ("main", 100), ("fix/a", 200))
    )
    assert owners(scoped(image, before, made, after)) == ["fix/a", "main"]


def test_what_a_record_stands_on_has_its_owners_too() -> None:
    """A base that one branch made and another built on is of both, however deep below."""
    records = [made("[1/3] RUN x", "base"), made(RUN, "mid", "base"), made(COPY, "top", "mid", "gone", created=105)]
    one = build("one", 0, 10, "main", step("[1/3] RUN x", 4, 6), step(RUN, 4, 6))
    found = attribute(records, [one, build("two", 100, 110, "fix/a", step(COPY, 104, 106))])
    assert [one.branches for one in found] == [(FIX, MAIN), (FIX, MAIN), (FIX,)]


def test_a_build_of_which_nothing_is_known_is_somebody() -> None:
    """What a build of unknown branch may own too is not one branch's alone; where nobody is known nothing is told."""
    known, unknown = (build(ref, 0, 10, of, step(RUN, 4, 6)) for ref, of in (("one", "main"), ("two", None)))
    what = scoped(made(RUN), known, unknown)
    assert [(one.project, one.branch) for one in what.owners] == [(None, MAIN), (None, None)]
    assert [one.branch for one in other_owners(what, ScopeFilter(MAIN))] == [None]
    assert scoped(made(RUN), unknown).owners == ()


def test_times_that_buildx_printed_are_no_proof() -> None:
    """Without the node's own times a step may have made what came some seconds before or after it."""
    told = build("one", 0, 30, "main", step(RUN, 10, 12))
    printed = replace(told, told=False)
    assert [owners(scoped(made(RUN, created=8), one)) for one in (told, printed)] == [[], ["main"]]
