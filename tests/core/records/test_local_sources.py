"""Whose the files are that a builder was sent."""

from dataclasses import replace

from core.record_making import at, build, record, step
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.records.attribution import attribute
from dockcache_tui.core.records.record import Record

CONTEXT, IGNORE = "[internal] load build context", "[internal] load .dockerignore"


def sent(id_: str, created: float, used: float, uses: int = 1) -> Record:
    """Return the record of a context."""
    made = record(id_, created=created, used=used, what=("source.local", "local source for context"))
    return replace(made, usage_count=uses)


def load(ref: str, began: float, folder: str, branch: str, name: str = CONTEXT) -> Build:
    """Return a build that took a tenth of a second to begin to receive its files, and ten for all."""
    loading = replace(step(name, began, began + 2), received_at=at(began + 0.1), cacheable=False)
    return replace(build(ref, began - 1, began + 9, branch, loading), context=folder)


def owners(records: list[Record], *builds: Build) -> list[list[str | None]]:
    """Return the branches of each record's owners, None for one that is not known."""
    return [[one.branch.short if one.branch else None for one in found.owners] for found in attribute(records, builds)]


def test_each_of_two_builds_at_once_has_what_came_before_its_first_byte() -> None:
    """A record is made between the start of a step and the first byte it is sent."""
    one, two = load("one", 5, "/a", "main"), load("two", 5.5, "/b", "fix")
    assert owners([sent("x", 5.05, 14.6), sent("y", 5.55, 14.6)], one, two) == [["main"], ["fix"]]


def test_what_two_builds_may_have_made_is_of_neither() -> None:
    """Two steps began within a moment, and nothing tells which record is whose."""
    one, two = load("one", 5, "/a", "main"), load("two", 5.01, "/b", "fix")
    assert owners([sent("x", 5.05, 14.6), sent("y", 5.06, 14.6)], one, two) == [[], []]


def test_a_step_that_made_a_record_made_no_other() -> None:
    """Of two records that a step may have made it made the one that no other step can have."""
    one, two = load("one", 5, "/a", "main"), load("two", 5.08, "/b", "fix")
    assert owners([sent("x", 5.02, 14.6), sent("y", 5.09, 14.6)], one, two) == [["main"], ["fix"]]


def test_three_of_which_two_can_only_be_each_others() -> None:
    """Two records of the same two steps leave the third to the third step."""
    steps = load("one", 5, "/a", "main"), load("two", 5, "/b", "fix"), load("three", 5.09, "/c", "dev")
    assert owners([sent("x", 5.02, 14.6), sent("y", 5.03, 14.6), sent("z", 5.1, 14.6)], *steps)[2] == ["dev"]


def test_a_folder_name_has_one_record() -> None:
    """Who builds a folder of the same name later uses the record too; one of another name does not."""
    first, again = load("one", 5, "/a/app", "main"), load("two", 50, "/b/app", "fix")
    other = load("three", 70, "/c/web", "dev")
    assert owners([sent("x", 5.05, 59.1, 2)], first, again, other) == [["fix", "main"]]


def test_a_folder_that_is_not_known_may_have_any_name() -> None:
    """A later build whose folder is not known leaves every record of its kind in doubt, but no others."""
    first, ignored = load("one", 5, "/a/app", "main"), load("two", 7, "/a/app", "main", IGNORE)
    later = load("three", 50, "", "fix")
    assert owners([sent("x", 5.05, 14.6), sent("y", 7.05, 16.1)], first, ignored, later) == [["main", None], ["main"]]


def test_a_use_that_no_build_accounts_for_leaves_it_unknown() -> None:
    """A record counts its uses: with more of them than builds, or at a time of none, somebody else was there."""
    one = load("one", 5, "/a", "main")
    assert owners([sent("x", 5.05, 14.6)], one) == [["main"]]
    assert owners([sent("x", 5.05, 14.6, 2)], one) == [[]]
    assert owners([sent("x", 5.05, 99)], one) == [[]]


def test_times_that_buildx_printed_tell_little() -> None:
    """With times that are not the node's own, two builds seconds apart may each have made either record."""
    builds = [replace(load(ref, began, f"/{ref}", ref), told=False) for ref, began in (("a", 5), ("b", 7))]
    assert owners([sent("x", 5.05, 14.6), sent("y", 7.05, 14.6)], *builds) == [[], []]


def test_a_record_is_let_go_when_a_build_of_its_folder_has_ended() -> None:
    """What was let go before a build's end is not that build's, and so the other is."""
    one, two = load("one", 5, "/a", "main"), load("two", 5.01, "/b", "fix")
    two = replace(two, completed_at=at(20))
    assert owners([sent("x", 5.05, 14.1), sent("y", 5.06, 20.1)], one, two) == [["main"], ["fix"]]
