"""`records forecast` on a real builder: what it foretells is what goes."""

import json
import subprocess
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.lab.engine import Engine
from documented import check_documented
from sources.real_builds import Project


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
