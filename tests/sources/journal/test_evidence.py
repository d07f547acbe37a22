"""The evidence of builds in the journal: whole or none, and within its budget."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.explain.sample_builds import Builder
from disks import Disk
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.rules import possible_rules
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.journal import evidence as evidence_module
from dockcache_tui.sources.journal.schema import MIGRATIONS
from sources.journal_samples import CHECKOUT, SPEC, evidence, sent

PLACE = ("b", "n", "context:p")


def begun(journal: Journal, known: Evidence, copies: dict[tuple[str, str, str], tuple[SentFile, ...] | None]) -> str:
    """Begin a build and keep its evidence; return its ref."""
    ref = journal.begin(SPEC, CHECKOUT, Instant(5))
    journal.keep_evidence(ref, known, copies)
    return ref


def size_of(folder: Path) -> int:
    """Return the bytes of the journal once everything is in its main file."""
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "journal.sqlite3").stat().st_size


def rows(folder: Path) -> list[int]:
    """Return how many rows each table of evidence has."""
    tables = ("evidence", "evidence_trees", "copies", "trees", "tree_chunks", "chunks")
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as connection:
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]  # noqa: S608


def test_it_comes_back_as_it_was_kept(journal: Journal) -> None:
    """All that is known of a build is read back, by our ref and by BuildKit's; of another build nothing is known."""
    known = evidence(sent(200), sent(3), ())
    ref = begun(journal, known, {PLACE: sent(5)})
    journal.name(ref, ("r1",), "b", "n")
    assert journal.evidence(ref) == journal.evidence("r1") == known
    assert journal.copy(PLACE) == sent(5)
    assert journal.evidence(journal.begin(SPEC, CHECKOUT, Instant(5))) is None
    assert journal.evidence("unknown") is None
    assert journal.copy(("b", "n", "other")) is None
    other = evidence(sent(7))
    journal.keep_evidence(ref, other, {PLACE: None})
    assert (journal.evidence(ref), journal.copy(PLACE)) == (other, None)


FILES = st.builds(
    SentFile,
    st.binary(min_size=1, max_size=8),
    st.integers(0, 0o177777),
    st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}"),
    st.integers(0, 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.binary(max_size=4),
    st.binary(max_size=4),
    st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)),
    st.lists(st.tuples(st.binary(max_size=3), st.binary(max_size=3)), max_size=2).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.lists(FILES, max_size=5).map(tuple), max_size=3))
def test_any_files_come_back(journal: Journal, contexts: list[tuple[SentFile, ...]]) -> None:
    """Whatever the files are, they are read back in their order."""
    known = evidence(*contexts)
    assert journal.evidence(begun(journal, known, {})) == known


def test_equal_files_are_kept_once(journal: Journal, tmp_path: Path) -> None:
    """A build that changed one of 5,000 files adds little, one that changed none a document alone."""
    trees = [sent(5_000, edited) for edited in range(-1, 20)]
    refs = [begun(journal, evidence(trees[0]), {PLACE: trees[0]})]
    whole, before = size_of(tmp_path / "data"), rows(tmp_path / "data")
    begun(journal, evidence(trees[0]), {PLACE: trees[0]})
    assert rows(tmp_path / "data") == [2, 4, *before[2:]]
    refs += [begun(journal, evidence(tree), {PLACE: tree}) for tree in trees[1:]]
    assert size_of(tmp_path / "data") - whole < 20 * 20_000
    assert [journal.evidence(ref) for ref in refs] == [evidence(tree) for tree in trees]


def test_the_oldest_goes_first(tmp_path: Path) -> None:
    """Within its budget the newest evidence is kept, and nothing is left of what went but the builds."""
    budget = 300_000
    with closing(Journal(tmp_path, budget)) as journal:
        refs = []
        for number in range(12):
            files = tuple(SentFile(b"%d/%d" % (number, one), 0o100644, digest(number, one)) for one in range(1_000))
            refs.append(begun(journal, evidence(files), {}))
        kept = [journal.evidence(ref) is not None for ref in refs]
        assert len(journal.builds()) == 12
    assert kept == sorted(kept)
    assert 3 < sum(kept) < 12
    total = "SELECT (SELECT sum(size) FROM chunks) + (SELECT sum(length(document)) FROM evidence)"
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as connection:
        assert budget / 2 < connection.execute(total).fetchone()[0] <= budget
        unused = "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT chunk FROM tree_chunks)"
        assert connection.execute(unused).fetchone() == (0,)
    assert rows(tmp_path)[0] == rows(tmp_path)[3] == sum(kept)


def digest(*numbers: int) -> str:
    """Return a digest that is like no other."""
    return f"sha256:{Random(repr(numbers)).randbytes(32).hex()}"  # noqa: S311 - the same each time


def test_no_room_at_all(tmp_path: Path) -> None:
    """With a budget of nothing no evidence and no copy is kept, and builds are."""
    with closing(Journal(tmp_path, 0)) as journal:
        ref = begun(journal, evidence(sent(10)), {PLACE: sent(10)})
        assert (journal.evidence(ref), journal.copy(PLACE), len(journal.builds())) == (None, None, 1)
    assert rows(tmp_path) == [0] * 6


def test_copies_are_bounded(journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of builders' copies those taken last are remembered, and nothing is left of the others."""
    monkeypatch.setattr(evidence_module, "MAX_COPIES", 3)
    places = [("b", "n", f"context:{number}") for number in range(5)]
    for number, place in enumerate(places):
        begun(journal, evidence(), {place: sent(number)})
    assert [journal.copy(place) is not None for place in places] == [False, False, True, True, True]
    assert rows(tmp_path / "data")[2:4] == [3, 3]


@pytest.mark.parametrize(("text", "expected"), [("", 200_000_000), ("5MB", 5_000_000), ("0", 0), ("1KiB", 1024)])
def test_budget(text: str, expected: int) -> None:
    """DOCKCACHE_EVIDENCE says how much room there is; a word that is no size is refused."""
    assert evidence_module.budget({"DOCKCACHE_EVIDENCE": text}) == expected
    with pytest.raises(UsageError, match="not a size: many"):
        evidence_module.budget({"DOCKCACHE_EVIDENCE": "many"})


def test_an_old_journal(tmp_path: Path) -> None:
    """A journal from before is read on: its builds are told, evidence of them was not kept, and of new ones is."""
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3", isolation_level=None)) as connection:
        connection.executescript(f"{';'.join(MIGRATIONS[:6])}; PRAGMA user_version = 6")
        connection.executescript(
            "INSERT INTO contexts VALUES (1, '/p'); INSERT INTO chunks VALUES (1, x'00', x'00');"
            "INSERT INTO context_chunks VALUES (1, 0, 1); INSERT INTO stamps VALUES ('/p', x'00');"
            "INSERT INTO builds(id, ref, owner, builder, folder, target, revision, dirty, spec, started_ns, status,"
            " context) VALUES (1, 'r', 'o', '', '/p', '', '', 0, '{}', 5, 'succeeded', 1)"
        )
    with closing(Journal(tmp_path)) as journal:
        assert [build.ref for build in journal.builds()] == ["r"]
        assert journal.evidence("r") is None
        ref = begun(journal, evidence(sent(3)), {})
        assert journal.evidence(ref) == evidence(sent(3))
        assert journal.notice == ""


def test_a_full_disk(small_disk: Disk) -> None:
    """On a full disk no evidence is kept and that is said, while what was kept stays whole and the build is told."""
    with closing(Journal(small_disk.folder / "data")) as journal:
        known = evidence(sent(100))
        before = begun(journal, known, {})
        ref = journal.begin(SPEC, CHECKOUT, Instant(6))
        small_disk.fill()
        many = tuple(SentFile(b"%d" % one, 0o100644, digest(one)) for one in range(5_000))
        with pytest.raises(SourceError, match="can't be used"):
            journal.keep_evidence(ref, evidence(many), {})
        assert (journal.evidence(before), journal.evidence(ref)) == (known, None)
        assert len(journal.builds()) == 2


def test_a_home_that_can_only_be_read(tmp_path: Path) -> None:
    """Where the journal is in memory no evidence is kept, and one notice says so."""
    (tmp_path / "file").touch()
    with closing(Journal(tmp_path / "file" / "data")) as journal:
        assert journal.evidence(begun(journal, evidence(sent(3)), {PLACE: sent(3)})) is None
        assert journal.copy(PLACE) is None
        assert journal.notice.count("Builds are not kept") == 1


WRITER = """
import sys
from pathlib import Path
from sources.journal_samples import CHECKOUT, SPEC, evidence, sent
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.journal import Journal
journal = Journal(Path(sys.argv[1]), 100_000)
for number in range(1_000):
    ref = journal.begin(SPEC, CHECKOUT, Instant(5))
    tree = sent(500 + number, number)
    print("begins", ref, number, flush=True)
    journal.keep_evidence(ref, evidence(tree, ref=ref), {("b", "n", "c"): tree})
    print("kept", ref, number, flush=True)
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """However often the writer is killed, the journal opens, and each build has its whole evidence or none."""
    random = Random(0)  # noqa: S311 - the same each time
    for _ in range(6):
        kill_a_writer(tmp_path, random)


@pytest.mark.matrix
def test_killed_at_many_moments(tmp_path: Path) -> None:
    """The same, two hundred times."""
    random = Random(1)  # noqa: S311 - the same each time
    for _ in range(200):
        kill_a_writer(tmp_path, random)


def kill_a_writer(folder: Path, random: Random) -> None:
    """Kill a process that keeps evidence, some time after some build, and look at what is there."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = (sys.executable, "-c", WRITER, str(folder))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(random.randint(1, 12))]
        try:
            process.wait(random.random() * 0.05)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
    told = [line.split() for line in lines]
    with closing(Journal(folder, 100_000)) as journal:
        found = {ref: journal.evidence(ref) for _, ref, _ in told}
        assert journal.notice == ""
        journal.copy(("b", "n", "c"))
    last_kept = max((int(number) for word, _, number in told if word == "kept"), default=-1)
    for _, ref, number in told:
        whole = evidence(sent(500 + int(number), int(number)), ref=ref)
        assert found[ref] in ((whole,) if int(number) == last_kept else (whole, None))


def test_without_files(journal: Journal) -> None:
    """The operations alone come with what was worked out of the files: enough to tell which build is near."""
    traced = Builder().build("FROM busybox\nCOPY a /a\n", {"a": "1"})
    ref = begun(journal, traced.evidence, {})
    (whole,), (few,) = (one.graphs for one in (journal.evidence(ref), journal.evidence(ref, files=False)) if one)
    rules = traced.evidence.rules[0]
    assert (whole.contexts[0].files, few.contexts) == (traced.evidence.graphs[0].contexts[0].files, ())
    assert KeyedGraph(few, rules).all_keys == KeyedGraph(traced.evidence.graphs[0], rules).all_keys


def test_what_was_worked_out_under_other_rules(journal: Journal) -> None:
    """It does not count: the digests of what a wildcard takes differ from version to version."""
    traced = Builder().build("FROM busybox\nCOPY a* /a\n", {"a1": "1", "a2": "2"})
    ref = begun(journal, traced.evidence, {})
    kept = journal.evidence(ref)
    assert kept
    for rules in (*traced.evidence.rules, *possible_rules("v0.25.0", ())):
        keys = [KeyedGraph(one.under(rules)[0], rules).all_keys for one in (kept, traced.evidence)]
        assert keys[0] == keys[1]
    assert kept.graphs[0].contents
