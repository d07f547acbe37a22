"""`records` and `records prune` on real builders: equal to BuildKit's own account, to the byte."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.records.prune import KeepReason
from dockcache_tui.lab.engine import Engine
from documented import check_documented
from sources.real_builds import Project, Reading, buildctl_reading, engine_reading

Document = dict[str, Any]


@pytest.fixture
def records(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Document, str]]:
    """Run `records WORDS --json` on the tests' engine: its exit code, document and narration."""
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))

    def call(*words: str) -> tuple[int, Document, str]:
        code = run(["records", *words, "--json"])
        captured = capfd.readouterr()
        return code, json.loads(captured.out), captured.err

    return call


def comparable(document: Document, node: str, fields: set[str]) -> Reading:
    """Return a node's records with the fields that the other account has."""
    return {
        item["id"]: {name: value for name, value in item.items() if name in fields}
        for item in document["items"]
        if item["node"] == node
    }


@pytest.mark.parametrize(
    ("driver", "containers"),
    [
        ("docker_builder", None),
        ("container_builder", ["buildx_buildkit_{}0"]),
        ("remote_builder", ["{}0"]),
        ("two_node_builder", ["{}0", "{}1"]),
    ],
)
def test_records_equal_the_builders_own_account(
    request: pytest.FixtureRequest,
    engine: Engine,
    tmp_path: Path,
    records: Callable[..., tuple[int, Document, str]],
    driver: str,
    containers: list[str] | None,
) -> None:
    """Every field of every record of every node is what the engine's API, or BuildKit's client, tells."""
    name = request.getfixturevalue(driver)
    project = Project.make(engine, tmp_path)
    project.build(name)

    def account() -> dict[str, Reading]:
        if containers is None:
            return {name: engine_reading(engine)}
        return {
            place.format(name).removeprefix("buildx_buildkit_"): buildctl_reading(engine, place.format(name))
            for place in containers
        }

    # Other tests build on it too: a reading counts when the account is the same before and after it.
    for _ in range(10):
        before = account()
        code, document, _ = records("--builder", name)
        if before == account():
            break
    assert before == account()
    assert code == 0
    assert sum(map(len, before.values())) == len(document["items"])
    assert sum(project.mark in item["description"] for item in document["items"]) == 3
    for node, theirs in before.items():
        fields = {field for one in theirs.values() for field in one}
        assert comparable(document, node, fields) == theirs
    assert document["totals"]["size"] == sum(item["size"] for item in document["items"])
    assert {item["builder"] for item in document["items"]} == {name}


def test_prune_shows_its_plan_then_frees_it(
    engine: Engine, tmp_path: Path, remote_builder: str, records: Callable[..., tuple[int, Document, str]]
) -> None:
    """A dry run changes nothing and names ids and bytes; --yes frees exactly those, leaf first."""
    project = Project.make(engine, tmp_path)
    project.build(remote_builder)
    words = ("prune", "--builder", remote_builder, "--filter", f"desc:{project.mark}")
    code, planned, said = records(*words)
    check_documented(planned, "json.md#records-prune", "json.md#records")
    assert (code, planned["totals"]["count"], planned["totals"]["freed"]) == (0, 3, None)
    assert [item["action"] for item in planned["items"]] == ["prune"] * 3
    leaf, middle, base = planned["items"]
    assert (middle["id"] in leaf["parents"], base["id"] in middle["parents"]) == (True, True)
    assert "Nothing was changed" in said

    code, done, said = records(*words, "--yes")
    assert code == 0
    assert [(item["id"], item["freed"]) for item in done["items"]] == [
        (item["id"], item["size"]) for item in planned["items"]
    ]
    assert done["totals"]["freed"] == planned["totals"]["size"] > 0
    assert "Exactly as planned." in said
    _, after, _ = records("--builder", remote_builder, "--filter", f"desc:{project.mark}")
    assert after["items"] == []


def test_a_named_record_with_children_is_kept_with_the_reason(
    engine: Engine, tmp_path: Path, remote_builder: str, records: Callable[..., tuple[int, Document, str]]
) -> None:
    """Naming a parent only frees nothing, says why, and tells what its descendants would add."""
    project = Project.make(engine, tmp_path, copies=2)
    project.build(remote_builder)
    _, listed, _ = records("--builder", remote_builder, "--filter", f"desc:{project.mark}", "--sort", "created_at")
    parent, child = (item["id"] for item in listed["items"])
    code, done, said = records("prune", parent, "--builder", remote_builder)
    (item,) = done["items"]
    assert (code, item["action"], item["reason"]) == (0, "keep", KeepReason.HAS_CHILDREN)
    assert "With 1 record built on them" in said
    code, done, _ = records("prune", parent, child, "--builder", remote_builder, "--yes")
    assert (code, [item["id"] for item in done["items"]]) == (0, [child, parent])


def test_an_unknown_id_is_refused(
    remote_builder: str, records: Callable[..., tuple[int, Document, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    """An id that no node has is a usage error, and nothing is pruned."""
    assert records("--builder", remote_builder)[0] == 0
    assert run(["records", "prune", "never-was", "--yes", "--builder", remote_builder]) == 2
    assert "there is no record never-was" in capfd.readouterr().err


@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_a_branch_that_nothing_is_of(
    engine: Engine,
    tmp_path: Path,
    remote_builder: str,
    yes: tuple[str, ...],
    capfd: pytest.CaptureFixture[str],
    records: Callable[..., tuple[int, Document, str]],
) -> None:
    """Pruning by it is told as a mistake, with exit code 2, also in a dry run."""
    Project.make(engine, tmp_path).build(remote_builder)
    assert records("--builder", remote_builder)[1]["items"]
    assert run(["records", "prune", "--branch", "nosuch", "--builder", remote_builder, *yes]) == 2
    assert "no record is known to belong to nosuch" in capfd.readouterr().err


def test_a_branch_shows_only_its_own(
    engine: Engine, tmp_path: Path, remote_builder: str, records: Callable[..., tuple[int, Document, str]]
) -> None:
    """Records of builds that no journal knows are of no branch, and a branch filter leaves them out."""
    project = Project.make(engine, tmp_path)
    project.build(remote_builder)
    _, document, _ = records("--builder", remote_builder, "--branch", "dockcache-never-was")
    assert document["items"] == []
    _, document, _ = records("--builder", remote_builder, "--filter", f"desc:{project.mark} !is:known")
    assert len(document["items"]) == 3
