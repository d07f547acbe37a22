"""`records prune --yes` on a real builder when something fails on the way: an account and an exit code always."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.audit_points import before
from dockcache_tui.cli import records, waiting
from dockcache_tui.cli.main import run
from dockcache_tui.cli.output import narrate
from dockcache_tui.core.records.prune import PrunePlan, plan_of
from dockcache_tui.lab.engine import Engine, Remote
from dockcache_tui.sources.docker_cli import Docker
from sources.real_builds import Project

COPIES = 45
"""Records of a project: two whole requests and a part of a third."""
BATCH = 20

Prune = Callable[..., tuple[int, list[Any], Any, str]]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of these runs."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def project(at_engine: Engine, killable_builder: Remote, tmp_path: Path) -> Project:
    """A project whose many records are on a killable builder."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Project.make(at_engine, folder, COPIES)
    made.build(killable_builder.name)
    return made


@pytest.fixture
def prune(project: Project, killable_builder: Remote, capfd: pytest.CaptureFixture[str]) -> Prune:
    """Prune the project's records: exit code, items, totals and narration."""

    def call(*words: str) -> tuple[int, list[Any], Any, str]:
        ours = ("--builder", killable_builder.name, "--filter", f"desc:{project.mark}", "--json")
        code = run(["records", *words, *ours])
        told = capfd.readouterr()
        document = json.loads(told.out)
        return code, document["items"], document["totals"], told.err

    return call


def outcomes(items: list[Any]) -> list[str]:
    """Return what became of each record, in order."""
    return [item["outcome"] for item in items]


def audited(data: Path) -> list[tuple[str, str]]:
    """Return the id and the word of each line of the audit log."""
    lines = map(json.loads, (data / "audit.jsonl").read_text().splitlines())
    return [(line["id"], line["what"]) for line in lines]


def test_a_daemon_that_dies_half_way(
    prune: Prune, killable_builder: Remote, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was freed, what is unknown and what was not tried is told and audited truly, and the exit code is 1."""
    before(monkeypatch, "pruning", 2, killable_builder.kill)
    code, items, totals, said = prune("prune", "--yes")
    assert code == 1
    assert outcomes(items) == ["freed"] * BATCH + ["unknown"] * BATCH + ["not tried"] * (COPIES - 2 * BATCH)
    assert (totals["pruned"], totals["freed"], totals["audited"]) == (BATCH, sum(one["freed"] for one in items), True)
    assert f"Freed {BATCH} records" in said
    assert said.count("no answer came: it may be gone") == BATCH
    assert said.count(": not tried") == COPIES - 2 * BATCH
    last = dict(audited(data))
    assert [last[item["id"]] for item in items] == outcomes(items)

    killable_builder.start()
    _, left, _, _ = prune()
    assert {one["id"] for one in left} == {item["id"] for item in items if item["outcome"] != "freed"}


def test_a_daemon_that_is_back_settles_what_was_unknown(
    prune: Prune, killable_builder: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the builder can be read again, what no answer told of is seen to be there still."""
    before(monkeypatch, "pruning", 2, killable_builder.kill)
    before(monkeypatch, "unknown", 1, killable_builder.start)
    code, items, _, _ = prune("prune", "--yes")
    assert code == 1
    assert set(outcomes(items)[:BATCH]) == {"freed"}
    assert set(outcomes(items)[BATCH : 2 * BATCH]) == {"stayed"}


def test_a_daemon_that_is_gone_before_the_first_request(
    prune: Prune, killable_builder: Remote, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing could be tried: exit code 3, and every record is told as not tried."""

    def planned(*words: Any, shared: bool) -> PrunePlan:
        killable_builder.kill()
        return plan_of(*words, shared=shared)

    monkeypatch.setattr(records, "plan_of", planned)
    code, items, totals, said = prune("prune", "--yes")
    assert (code, outcomes(items), totals["pruned"]) == (3, ["not tried"] * COPIES, 0)
    assert "Freed 0 records" in said
    assert [what for _, what in audited(data)] == ["not tried"] * COPIES


@pytest.mark.parametrize("trouble", ["full", "folder"])
def test_an_audit_log_that_can_not_be_written(prune: Prune, data: Path, trouble: str) -> None:
    """A full disk or a folder in its place stops no prune: all is freed, that is said, the exit code is 1."""
    data.mkdir()
    if trouble == "full":
        (data / "audit.jsonl").symlink_to("/dev/full")
    else:
        (data / "audit.jsonl").mkdir()
    code, items, totals, said = prune("prune", "--yes")
    assert (code, outcomes(items), totals["audited"]) == (1, ["freed"] * COPIES, False)
    assert "Exactly as planned." in said
    assert "Not all that was done is in the audit log" in said
    assert {"full": "No space left on device", "folder": "Is a directory"}[trouble] in said


def test_an_interrupt_ends_with_the_request_under_way(
    prune: Prune, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C leaves what was not asked for yet; the account is whole, and the exit code is 130."""

    def interrupt() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    before(monkeypatch, "pruning", 1, interrupt)
    code, items, totals, said = prune("prune", "--yes")
    assert (code, totals["pruned"]) == (130, BATCH)
    assert outcomes(items) == ["freed"] * BATCH + ["not tried"] * (COPIES - BATCH)
    assert "Interrupted: the request under way has 2 seconds to end" in said
    assert dict(audited(data)) == {item["id"]: item["outcome"] for item in items}
    assert len(prune()[1]) == COPIES - BATCH


def test_an_interrupt_ends_the_wait_for_a_frozen_daemon(
    prune: Prune, killable_builder: Remote, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A daemon that stands still is told as a wait; Ctrl+C gives the account, and leaves no thread behind."""
    docker, told = Docker(killable_builder.engine.variables), threading.Event()

    def tell(text: str) -> None:
        narrate(text)
        told.set()

    def interrupt() -> None:
        told.wait(60)
        time.sleep(3)  # the request is on its way by then
        os.kill(os.getpid(), signal.SIGINT)

    def freeze() -> None:
        docker.run("kill", "--signal=STOP", *killable_builder.nodes)
        threading.Thread(target=interrupt).start()

    monkeypatch.setattr(waiting, "narrate", tell)
    before(monkeypatch, "pruning", 2, freeze)
    try:
        code, items, totals, said = prune("prune", "--yes")
    finally:
        docker.run("kill", "--signal=CONT", *killable_builder.nodes)
    assert (code, totals["pruned"]) == (130, BATCH)
    assert outcomes(items) == ["freed"] * BATCH + ["unknown"] * BATCH + ["not tried"] * (COPIES - 2 * BATCH)
    assert f"Waiting for {killable_builder.name} to free {COPIES} records" in said
    assert dict(audited(data)) == {item["id"]: item["outcome"] for item in items}
    left = [thread for thread in threading.enumerate() if thread.name in {"prune", "nodes"}]
    for thread in left:
        thread.join(60)
    assert not [thread for thread in left if thread.is_alive()]


def test_a_stdout_that_can_not_be_written(
    project: Project, killable_builder: Remote, capfd: pytest.CaptureFixture[str]
) -> None:
    """With a full disk under stdout the account is on stderr, and the exit code is 1."""
    words = ("records", "prune", "--builder", killable_builder.name, "--filter", f"desc:{project.mark}", "--yes")
    with Path("/dev/full").open("w") as full, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", full)
        code = run(words)
    told = capfd.readouterr().err
    assert code == 1
    assert "stdout can't be written: No space left on device" in told
    assert f"Freed {COPIES} records" in told
