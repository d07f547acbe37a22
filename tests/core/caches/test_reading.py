"""Entries understood: what is superseded, copied, dead, merged, orphaned, and how they are grouped."""

from core.cache_making import DEV, MAIN, PULL, at, blob, cache, content, digest, entries, index, snapshot
from dockcache_tui.core.caches.cache import Limits, Pull
from dockcache_tui.core.caches.groups import group
from dockcache_tui.core.caches.keys import Family, index_key
from dockcache_tui.core.caches.liveness import Refs, RefState
from dockcache_tui.core.caches.reading import CachesReading
from dockcache_tui.core.scope import BranchScope

OPEN = Pull(7, is_open=True, head="dev", base="dev")
MERGED = Pull(8, is_open=False, merged=True, head="dev", head_sha="tip-dev", base="main", own=True)


def test_older_generations_are_superseded() -> None:
    """Of the indexes of one cache scope on one ref only the newest is looked up."""
    found = entries(
        snapshot(
            index(1, number=1),
            index(2, number=2, created=1),
            index(3, "web"),
            index(4, ref=DEV),
            cache(5, "go-1"),
            cache(6, "go-2", created=1),
        )
    )
    assert [id_ for id_, entry in found.items() if entry.superseded] == [1]


def test_copies_on_other_refs() -> None:
    """The same key and version on several refs is kept several times."""
    found = entries(
        snapshot(blob(1, "a"), blob(2, "a", DEV), blob(3, "b"), cache(4, blob(1, "a").key, version="other"))
    )
    assert {id_: entry.copies for id_, entry in found.items()} == {1: (DEV,), 2: (MAIN,), 3: (), 4: ()}


def test_what_became_of_a_ref() -> None:
    """A branch that is not listed is deleted, a pull request that is not open is closed, of tags nothing is known."""
    refs = Refs.of(snapshot(pulls=(OPEN, MERGED)))
    states = {ref: refs.state(BranchScope(ref)) for ref in (MAIN, DEV, PULL, "refs/pull/8/merge", "refs/pull/9/merge")}
    assert states == {
        MAIN: RefState.LIVE,
        DEV: RefState.DELETED,
        PULL: RefState.LIVE,
        "refs/pull/8/merge": RefState.CLOSED,
        "refs/pull/9/merge": RefState.CLOSED,
    }
    assert refs.state(BranchScope("refs/tags/v1")) is RefState.UNKNOWN


def test_what_could_not_be_read_is_unknown() -> None:
    """Without the list of branches or of pull requests nothing is called dead."""
    refs = Refs.of(snapshot(branches=None, pulls=None))
    assert {refs.state(BranchScope(ref)) for ref in (MAIN, DEV, PULL)} == {RefState.UNKNOWN}
    assert not refs.is_merged(BranchScope(DEV))


def test_merged_branches() -> None:
    """A branch is merged when a pull request of it was and nothing came after; a fork's branch is another branch."""
    dev = BranchScope(DEV)
    assert Refs.of(snapshot(branches=("main", "dev"), pulls=(MERGED,))).is_merged(dev)
    assert Refs.of(snapshot(pulls=(MERGED,))).is_merged(dev)
    newer = Pull(8, is_open=False, merged=True, head="dev", head_sha="older", own=True)
    assert not Refs.of(snapshot(branches=("main", "dev"), pulls=(newer,))).is_merged(dev)
    forks = Pull(8, is_open=False, merged=True, head="dev", head_sha="tip-dev")
    assert not Refs.of(snapshot(branches=("main", "dev"), pulls=(forks,))).is_merged(dev)
    ours = Pull(8, is_open=False, merged=True, head="main", head_sha="tip-main", own=True)
    assert not Refs.of(snapshot(pulls=(ours,))).is_merged(BranchScope(MAIN))


def test_a_pull_request_restores_from_its_base() -> None:
    """A run of a pull request tries its own ref, its base, then the default branch."""
    refs = Refs.of(snapshot(pulls=(OPEN,)))
    assert [scope.ref for scope in refs.restorable(BranchScope(PULL))] == [PULL, DEV, MAIN]


def test_an_index_on_another_ref_than_its_key_says() -> None:
    """The hash in the key is held against the ref."""
    found = entries(snapshot(index(1), cache(2, f"{index_key('app', DEV)}#1", MAIN), blob(3, "a")))
    assert [id_ for id_, entry in found.items() if entry.misplaced] == [2]


def test_orphans_without_any_index_read() -> None:
    """A blob that no index could be read with is an orphan; where an index stands unread nothing is said."""
    found = entries(snapshot(index(1, ref=DEV), blob(2, "a", DEV), blob(3, "b", PULL), blob(4, "c"), pulls=(OPEN,)))
    assert {id_: entry.orphan for id_, entry in found.items()} == {1: False, 2: None, 3: True, 4: None}


def test_orphans_with_indexes_read() -> None:
    """With every index read that may use a blob, those named are none and the rest are orphans."""
    taken = snapshot(index(1, ref=DEV), index(2), blob(3, "a"), blob(4, "b"), blob(5, "c", DEV), blob(6, "a", DEV))
    read = {1: content("a", "c"), 2: content("b")}
    verdicts = {id_: entry.orphan for id_, entry in entries(taken, read).items()}
    assert verdicts == {1: False, 2: False, 3: False, 4: False, 5: False, 6: False}
    assert entries(taken, {1: content("a"), 2: content()})[5].orphan
    assert entries(taken, {1: content("a")})[4].orphan is None


def test_an_unknown_base_makes_no_orphan() -> None:
    """While a pull request's base is unknown, its index may use the blobs of any branch."""
    assert entries(snapshot(index(1, ref=PULL), blob(2, "a", DEV), pulls=None))[2].orphan is None


def test_an_index_of_another_ref_makes_no_orphan() -> None:
    """An index kept on main whose key is dev's is found by runs on dev, so it may name a blob on dev."""
    taken = snapshot(cache(1, f"{index_key('app', DEV)}#1", MAIN), blob(2, "a", DEV), blob(3, "b", DEV))
    assert entries(taken)[2].orphan is None
    read = entries(taken, {1: content("a")})
    assert (read[2].orphan, read[3].orphan) == (False, True)


def test_holes_and_sharing() -> None:
    """A blob on a sibling branch does not fill a hole; what two scopes name is shared and counted once."""
    taken = snapshot(index(1, "app", DEV), index(2, "web"), blob(3, "a", size=7), blob(4, "b", PULL), blob(5, "old"))
    graph = CachesReading.of(taken, {1: content("a", "b"), 2: content("a")}).graph
    holes = {one.scope: [layer.blob for layer in one.holes] for one in graph.indexes}
    assert holes == {"app": [digest("b")], "web": []}
    assert graph.shared_size == 7
    named = {blob_.digest: blob_.named_by for blob_ in graph.blobs}
    assert named == {digest("a"): (1, 2), digest("b"): (1,), digest("old"): ()}


def test_entries_tell_of_their_layers() -> None:
    """A read index tells how many layers it names and how many are gone, a blob which cache scopes name it."""
    taken = snapshot(index(1, "app"), index(2, "web"), index(3, "api"), blob(4, "a"), blob(5, "b"), blob(6, "old"))
    found = entries(taken, {1: content("a", "b", "c"), 2: content("a")})
    told = {id_: (one.index.count, one.index.size, one.holes, one.damage) for id_, one in found.items() if one.index}
    assert told == {1: (3, 3, 1, "1 of 3 layers gone"), 2: (1, 1, 0, "")}
    assert {id_: one.scopes for id_, one in found.items() if one.decoded.digest} == {
        4: ("app", "web"),
        5: ("app",),
        6: (),
    }


def test_groups() -> None:
    """Branches hold cache scopes with their generations, newest first; blobs stand beside them, biggest first."""
    taken = snapshot(
        index(1, number=1, size=2),
        index(2, number=2, created=1, size=3),
        blob(3, "a", size=10),
        blob(4, "b", size=20),
        cache(5, "Linux-npm-" + "a" * 64, DEV, size=100, version="v"),
        cache(6, "Linux-npm-" + "b" * 64, DEV, size=1, created=1, version="v"),
    )
    reading = CachesReading.of(taken, {2: content("a")})
    dev, main = group(reading.entries, reading.graph)
    assert (dev.branch.ref, dev.size, dev.count, dev.state) == (DEV, 101, 2, RefState.DELETED)
    assert [(one.name, one.family) for one in dev.scopes] == [("Linux-npm", Family.OTHER)]
    assert [entry.id for entry in dev.scopes[0].generations] == [6, 5]
    assert (main.size, main.count, [entry.id for entry in main.blobs]) == (35, 4, [4, 3])
    (app,) = main.scopes
    assert (app.name, app.size, app.blobs_size) == ("app", 5, 10)
    assert [entry.id for entry in app.generations] == [2, 1]


def test_usage_of_the_list_and_when_an_entry_goes() -> None:
    """The list adds up, and each entry says when it goes if nobody reads it."""
    taken = snapshot(cache(1, size=3), cache(2, "b", size=4, used=60), limits=Limits(5, 1))
    assert (taken.listed.size, taken.listed.count) == (7, 2)
    found = entries(taken)
    assert (found[1].expires_at, found[2].expires_at) == (at(0), at(86_460))
