"""The records that were seen on each node, and the tombstones of those that went, as the journal keeps them."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pytest

from core.record_making import at, build, record
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.losses import Told
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.record import BuilderSnapshot, NodeStatus, Record
from dockcache_tui.core.records.tombstone import Certainty, LossCause, LossKind, Sight
from dockcache_tui.sources.audit import AuditLog
from dockcache_tui.sources.journal import Journal, sights
from dockcache_tui.sources.seen_records import see

PLACE = ("builder", "node0")
CACHE = [record("a", used=1), record("b", "a", used=2, what=("regular", "RUN \0 x")), record("c", used=3)]
POLICY = (Rule(max_used=10, filters=("type==regular",)),)


def sight(second: float, records: list[Record], worker: str = "w") -> Sight:
    """Return a sight of a node."""
    return Sight(at(second), tuple(records), worker, POLICY)


def nothing(_: Sight) -> Told:
    """Tell nothing else of the time between two readings."""
    return Told()


def gone(journal: Journal, builder: str = "builder") -> dict[str, tuple[float, float]]:
    """Return when each that went was last seen and when it was gone, in seconds."""
    zero = at(0)
    found = journal.tombstones(builder)
    return {one.record.id: (one.seen_at.seconds_since(zero), one.gone_at.seconds_since(zero)) for one in found}


def written(folder: Path) -> int:
    """Return how many records are kept."""
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        return int(connection.execute("SELECT count(*) FROM seen").fetchone()[0])


def test_what_went_is_told_with_when(journal: Journal) -> None:
    """It was there in the last reading that was kept, by any process, and is gone since the next."""
    assert journal.see(PLACE, sight(0, CACHE), nothing) == ()
    assert journal.see(PLACE, sight(4, CACHE), nothing) == ()
    (found,) = journal.see(PLACE, sight(8, CACHE[1:]), nothing)
    assert found.record == CACHE[0]
    assert journal.tombstones("builder") == (found,)
    journal.see(PLACE, sight(12, CACHE[2:]), nothing)
    assert gone(journal) == {"a": (4, 8), "b": (8, 12)}
    assert journal.tombstones("another") == ()


def test_all_is_read_back(journal: Journal) -> None:
    """What is told of the time since is asked with the sight before, whole: records, worker, policy."""
    asked: list[Sight] = []

    def told(before: Sight) -> Told:
        asked.append(before)
        return Told(pruned=frozenset({"b"}))

    journal.see(PLACE, sight(0, CACHE), told)
    assert asked == []
    journal.see(PLACE, sight(4, [CACHE[0], CACHE[2]]), told)
    assert (asked[0].taken_at, asked[0].worker, asked[0].policy) == (at(0), "w", POLICY)
    assert set(asked[0].records) == set(CACHE)
    (found,) = journal.tombstones("builder")
    assert found.causes == (LossCause(LossKind.PRUNE, Certainty.CERTAIN, "dockcache-tui records prune"),)


def test_nodes_are_apart(journal: Journal) -> None:
    """The same id on another node, or on another builder's, is another record."""
    places = [PLACE, ("builder", "node1"), ("other", "node0")]
    for place in places:
        journal.see(place, sight(0, CACHE), nothing)
    journal.see(places[1], sight(4, []), nothing)
    assert {one.record.id for one in journal.tombstones("builder")} == {"a", "b", "c"}
    assert journal.see(PLACE, sight(4, CACHE), nothing) == ()


def test_what_comes_back_has_no_tombstone(journal: Journal) -> None:
    """A builder's name may lead to one daemon and later to another, and back."""
    journal.see(PLACE, sight(0, CACHE), nothing)
    found = journal.see(PLACE, sight(4, [], worker="v"), nothing)
    assert {one.causes[0].kind for one in found} == {LossKind.OTHER_ROOT}
    journal.see(PLACE, sight(8, CACHE), nothing)
    assert journal.tombstones("builder") == ()


def test_a_worker_that_is_told_too_early_is_not_believed(journal: Journal) -> None:
    """Where records stayed it is the worker of before; the next reading finds them gone with it."""
    journal.see(PLACE, sight(0, CACHE), nothing)
    assert journal.see(PLACE, sight(4, CACHE, worker="v"), nothing) == ()
    found = journal.see(PLACE, sight(8, [], worker="v"), nothing)
    assert {one.causes[0].kind for one in found} == {LossKind.OTHER_ROOT}


def test_only_what_changed_is_written(journal: Journal) -> None:
    """Of 2,000 records that did not change no row is written again, and it takes less than the first time."""
    many = [record(f"{number:025}", used=number, what=("regular", f"RUN make {number}")) for number in range(2_000)]
    begun = perf_counter()
    journal.see(PLACE, sight(0, many), nothing)
    first = perf_counter() - begun
    changes: list[str] = []
    journal._store._connection.set_trace_callback(changes.append)  # noqa: SLF001 - what reaches SQLite is the point
    times = []
    for second in range(1, 6):
        begun = perf_counter()
        journal.see(PLACE, sight(second, many), nothing)
        times.append(perf_counter() - begun)
    assert not [one for one in changes if "INTO seen" in one or "DELETE" in one]
    changes.clear()
    journal.see(PLACE, sight(9, [replace(many[0], usage_count=7), *many[1:]]), nothing)
    assert len([one for one in changes if "INTO seen" in one]) == 1
    assert min(times) < first


def test_it_is_bounded(journal: Journal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of too many records those of the node read longest ago go, of too many tombstones the oldest."""
    monkeypatch.setattr(sights, "MAX_RECORDS", 5)
    monkeypatch.setattr(sights, "MAX_TOMBSTONES", 2)
    journal.see(("old", "n"), sight(0, CACHE), nothing)
    journal.see(PLACE, sight(1, CACHE), nothing)
    assert written(tmp_path / "data") == 3
    assert journal.see(("old", "n"), sight(2, []), nothing) == ()
    for second in (4, 5, 6):
        journal.see(PLACE, sight(second, CACHE[second - 3 :]), nothing)
    assert gone(journal) == {"b": (4, 5), "c": (5, 6)}


def test_a_node_with_too_many_records_is_not_followed(journal: Journal, tmp_path: Path) -> None:
    """Nothing of it is kept, and nothing is said to have gone."""
    journal.see(PLACE, sight(0, CACHE), nothing)
    crowd = [record(str(number)) for number in range(sights.MAX_RECORDS + 1)]
    assert journal.see(PLACE, sight(4, crowd), nothing) == ()
    assert written(tmp_path / "data") == 0
    assert journal.see(PLACE, sight(8, CACHE), nothing) == ()


def test_two_processes_keep_one_story(journal: Journal, tmp_path: Path) -> None:
    """A sight that another process kept meanwhile is not overwritten by one that was compared with an older."""
    journal.see(PLACE, sight(0, CACHE), nothing)

    def told(_: Sight) -> Told:
        with closing(Journal(tmp_path / "data")) as other:
            other.see(PLACE, sight(5, CACHE), nothing)
        return Told()

    journal.see(PLACE, sight(4, CACHE[1:]), told)
    assert journal.tombstones("builder") == ()
    journal.see(PLACE, sight(8, CACHE[1:]), nothing)
    assert gone(journal) == {"a": (5, 8)}


def test_a_journal_that_can_not_be_written_is_not_in_the_way(tmp_path: Path) -> None:
    """A reading is good also where nothing can be kept, and after the journal was closed."""
    (tmp_path / "data").write_text("a file")
    reading = BuilderSnapshot("builder", "", (NodeStatus("node0"),), tuple(CACHE), at(0))
    with closing(Journal(tmp_path / "data")) as journal:
        see(journal, reading, ())
        see(journal, replace(reading, records=(), taken_at=at(4)), ())
        assert gone(journal).keys() == {"a", "b", "c"}
    see(journal, reading, ())


def test_a_reading_is_kept_with_what_else_is_known(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our prunes are in the audit log, ends of builds in what is known of them; a node that failed is left out."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    audit = AuditLog({"builder": "builder"})
    both = (NodeStatus("node0", policy=POLICY), NodeStatus("node1"))
    everywhere = (*CACHE, *(replace(one, node="node1") for one in CACHE))
    now = Instant.now()  # the audit log has the system's clock
    reading = BuilderSnapshot("builder", "", both, everywhere, now)
    see(journal, reading, ())
    audit.write([{"node": "node0", "id": "a"}], "pruning")
    audit.write([{"node": "node0", "id": "a", "freed": 1}], "freed")
    audit.write([{"node": "node1", "id": "b"}], "unknown")
    down = (both[0], NodeStatus("node1", error="down"))
    later = replace(now, ns=now.ns + 10**9)
    see(journal, replace(reading, nodes=down, records=tuple(CACHE[1:]), taken_at=later), (build("r", 0, 1),))
    (found,) = journal.tombstones("builder")
    assert (found.record.id, found.causes[0].certainty) == ("a", Certainty.CERTAIN)
    see(journal, replace(reading, records=(*CACHE[1:], replace(CACHE[0], node="node1")), taken_at=later), ())
    causes = {one.record.id: one.causes for one in journal.tombstones("builder") if one.record.node == "node1"}
    assert LossCause(LossKind.PRUNE, Certainty.FITS, "dockcache-tui records prune") in causes["b"]
    assert all(one.name != "dockcache-tui records prune" for one in causes["c"])
