"""`records gone`, and what `rebuild` says of a result that is gone: on a real builder, from one command to the next."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.buildkit import control_pb2 as pb
from documented import check_documented
from sources.control_server import ControlServer, fake_docker
from sources.real_builds import Project

_GONE = "Nothing that it depends on changed, but the builder no longer has its result"


@pytest.fixture
def asked(
    at_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Any]:
    """Run a command with --json: its document."""
    assert at_engine.variables
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))

    def call(*words: str) -> Any:
        assert run([*words, "--json"]) == 0
        return json.loads(capfd.readouterr().out)

    return call


def test_what_went_between_two_commands(
    engine: Engine, tmp_path: Path, remote_builder: str, asked: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    """A rebuild names our prune as what took the result; the list has it with when, and in words for people."""
    project = Project.make(engine, tmp_path, copies=2)
    on, build = ("--builder", remote_builder), ("rebuild", str(project.folder), "--builder", remote_builder)
    first = asked(*build)
    assert first["cached"] == 0
    leaf = asked("records", *on, "--filter", f"desc:{project.mark}-1")["items"][0]
    pruned = asked("records", "prune", *on, leaf["id"], "--yes")["items"]
    assert [one["outcome"] for one in pruned] == ["freed"]

    (missed,) = [one for one in asked(*build)["step_list"] if one["cacheable"] and not one["cached"]]
    assert (missed["cause"]["kind"], missed["cause"]["text"]) == ("evicted", f"{_GONE}: dockcache-tui pruned it.")
    (evidence,) = missed["cause"]["evidence"]
    assert (evidence["what"], evidence["name"]) == ("prune", "dockcache-tui records prune")
    assert first["started_at"] < evidence["old"] < evidence["new"]

    listed = asked("records", "gone", *on, "--filter", f"desc:{project.mark}")
    check_documented(listed, "json.md#records-gone", "json.md#records")
    (item,) = listed["items"]
    assert (item["id"], item["description"], item["size"]) == (leaf["id"], leaf["description"], leaf["size"])
    assert item["causes"] == [{"what": "prune", "name": "dockcache-tui records prune", "certainty": "certain"}]
    assert (evidence["old"], evidence["new"]) == (item["last_seen_at"], item["gone_at"])
    assert run(["records", "gone", *on, "--filter", f"desc:{project.mark}"]) == 0
    told = capfd.readouterr()
    assert "dockcache-tui pruned it" in told.out
    assert f"went from {remote_builder}" in told.err


def test_a_builder_that_is_down_is_told_with_what_it_lost_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is known is listed all the same, as JSON, CSV and a table, and the exit code says that not all is."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    address = tmp_path / "control.sock"
    for name, value in fake_docker(tmp_path, address).environment.items():
        monkeypatch.setenv(name, value)
    kept, lost = pb.UsageRecord(id=b"kept"), pb.UsageRecord(id=b"lost", description=b"[red]x")
    told = [pb.DiskUsageResponse(record=[kept, lost]).SerializeToString()]
    with ControlServer({"DiskUsage": lambda _request, _context: told[-1]}).listening(address):
        assert run(["records", "gone", "--json"]) == 0
        assert json.loads(capfd.readouterr().out)["items"] == []
        told.append(pb.DiskUsageResponse(record=[kept]).SerializeToString())
        assert run(["records", "gone", "--json"]) == 0
        (item,) = json.loads(capfd.readouterr().out)["items"]
    assert item["id"] == "lost"
    assert [(one["what"], one["certainty"]) for one in item["causes"]] == [
        ("gc", "unknown"),
        ("prune", "unknown"),
        ("restart", "unknown"),
    ]
    address.unlink(missing_ok=True)
    assert run(["records", "gone", "--csv"]) == 1
    assert capfd.readouterr().out.splitlines()[1].startswith("fake,fake,lost,")
    assert run(["records", "gone"]) == 1
    said = capfd.readouterr()
    assert "Docker is not running" in said.err
    assert "1 record, 0 B (0 bytes) went from fake" in said.err
    assert "[red]x" in said.out
