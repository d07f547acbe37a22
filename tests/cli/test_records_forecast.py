"""`records forecast`: how it is printed, and on a real builder that what it foretells is what goes."""

import json
import subprocess
from pathlib import Path

import pytest

from core.record_making import IN_USE, at, record
from dockcache_tui.cli.main import run
from dockcache_tui.cli.records_forecast import Foreseen, print_forecast
from dockcache_tui.core.records.outlook import outlooks
from dockcache_tui.core.records.policy import Rule
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.core.records.record import BuilderSnapshot, NodeStatus
from dockcache_tui.lab.engine import Engine
from documented import check_documented
from sources.real_builds import Project

LIMITS = (Rule(keep_duration=100, max_used=5, min_free=7), Rule(all=True, max_used=20))
RECORDS = (
    record("old", size=10, used=1, what=("regular", "\x1b[31mRUN old")),
    record("new", size=10, used=990),
    record("held", size=3, used=1, flags=IN_USE),
    record("other", size=10, used=990, node="node1"),
)
READING = Reading.of(
    BuilderSnapshot(
        "b", "remote", (NodeStatus("node0", policy=LIMITS), NodeStatus("node1", policy=())), RECORDS, at(1000)
    ),
    (),
)


def test_people_read_what_goes_in_order_and_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Each node has its own order and rules; what stays is last and says why; nothing acts on the terminal."""
    print_forecast(Foreseen(READING, outlooks(READING.snapshot), prune=False), as_json=False)
    shown = capsys.readouterr()
    rows = [line.split(maxsplit=6) for line in shown.out.splitlines()]
    assert rows[0] == ["ORDER", "ID", "NODE", "SIZE", "BY", "GOES", "WHAT"]
    assert [row[1] for row in rows[1:]] == ["old", "new", "held", "other"]
    assert "at the next collection" in shown.out.splitlines()[1]
    assert "once not used until 2023-11-14T22:31:30Z, or once the cache has grown by 7 B (rule 2)" in shown.out
    assert "never: it is in use" in shown.out.splitlines()[3]
    assert "never: no rule takes it" in shown.out.splitlines()[4]
    assert "\x1b" not in shown.out
    assert (
        "node0: rule 2 takes anything, also what is internal or shared while the cache holds 20 B or more" in shown.err
    )
    assert "The next collection takes 1 record, 10 B (10 bytes). This is exact until the next build." in shown.err
    assert "node1: Garbage collection is off" in shown.err


def test_of_a_prune_only_what_it_takes_now_goes(capsys: pytest.CaptureFixture[str]) -> None:
    """What would need age or growth stays; what only a short disk takes says so, in JSON as in the table."""
    rules = (Rule(max_used=15, min_free=5_000_000_000),)
    print_forecast(Foreseen(READING, outlooks(READING.snapshot, rules), prune=True), as_json=True)
    document = json.loads(capsys.readouterr().out)
    check_documented(document, "json.md#records-forecast", "json.md#records")
    told = {one["id"]: (one["order"], one["goes_when"], one["stays"]) for one in document["items"]}
    short = "once less than 5.0 GB of the disk is free"
    assert told == {
        "old": (1, "at once", None),
        "new": (2, short, None),
        "held": (None, None, "stays"),
        "other": (1, short, None),
    }
    assert document["totals"] == {"count": 1, "size": 10, "faults": []}
    rules = (Rule(max_used=15),)
    print_forecast(Foreseen(READING, outlooks(READING.snapshot, rules), prune=True), as_json=False)
    shown = capsys.readouterr()
    assert [line.split()[1] for line in shown.out.splitlines()[1:] if "at once" in line] == ["old"]
    assert "The prune takes 1 record, 10 B (10 bytes)." in shown.err
    print_forecast(Foreseen(READING, outlooks(READING.snapshot, (Rule(max_used=99),)), prune=True), as_json=False)
    assert "The prune takes nothing." in capsys.readouterr().err


def test_a_prune_takes_what_was_foretold(
    at_engine: Engine, remote_builder: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a limit and a filter, exactly the records that were told go, in that order; nothing goes before that."""
    project = Project.make(at_engine, tmp_path)
    project.build(remote_builder)

    def forecast(*words: str) -> list[dict[str, object]]:
        assert run(["records", "forecast", "--builder", remote_builder, *words, "--json"]) == 0
        document = json.loads(capfd.readouterr().out)
        check_documented(document, "json.md#records-forecast", "json.md#records")
        return list(document["items"])

    found = forecast()
    assert all(one["goes_by"] or one["stays"] for one in found)
    private = sum(int(str(one["size"])) for one in found if not one["shared"])
    largest = max(int(str(one["size"])) for one in found if project.mark in str(one["description"]))
    # the leaf is the largest; without it exactly the limit is left, so that one more goes
    limit = f"--max-used-space={private - largest}"
    filters = f"--filter=description~={project.mark}"
    taken = [one["id"] for one in forecast("--all", filters, limit) if one["goes_when"] == "at once"]
    assert len(taken) == 2
    command = ["docker", "buildx", "prune", "--force", "--all", "--builder", remote_builder, filters, limit]
    done = subprocess.run(command, env=at_engine.variables, check=True, capture_output=True, text=True, timeout=120)
    assert [line.split()[0].rstrip("*") for line in done.stdout.splitlines()[1:3]] == taken
    assert {one["id"] for one in found} - {one["id"] for one in forecast()} == set(taken)
