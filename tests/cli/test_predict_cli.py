"""`predict`: what a build would reuse, told without building."""

import json
from pathlib import Path

import pytest

from cli.test_rebuild_cli import document, project
from dockcache_tui.cli.main import run
from documented import check_documented

__all__ = ["project"]


def predicted(found: dict[str, object]) -> dict[str, str]:
    """Return what is predicted of each instruction that counts."""
    steps = found["step_list"]
    assert isinstance(steps, list)
    return {step["name"].partition("] ")[2]: step["prediction"] for step in steps if step["prediction"]}


def test_an_edit(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is told before the first build and after an edit is what the builds then do."""
    for change, expected in (("", "mm"), ("RUN echo more\n", "hhm")):
        with (project / "Dockerfile").open("a") as dockerfile:
            dockerfile.write(change)
        assert run(["predict", str(project), "--json"]) == 0
        told = document(capsys)
        assert "".join(one[0] for one in predicted(told).values()) == expected
        assert run(["rebuild", str(project), "--json"]) == 0
        steps = document(capsys)["step_list"]
        assert isinstance(steps, list)
        assert ["hit" if one["cached"] else "miss" for one in steps if one["cacheable"]] == [*predicted(told).values()]
    check_documented(
        told,
        "json-builds.md#predict",
        *(f"json-builds.md#{one}" for one in ("rebuild", "builds", "a-step", "a-cause")),
    )


def test_words(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People read what is reused, what runs and why, and what it took last time; another argument changes it."""
    assert run(["rebuild", str(project)]) == 0
    capsys.readouterr()
    assert run(["predict", str(project), "--build-arg", "WORD=other"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["IT", "LAST", "TOOK", "LINE", "STEP"]
    assert "The build argument WORD changed from none to other." in lines[1]
    assert [line.split()[0] for line in lines[1:3]] == ["runs", "runs"]
    assert "2 steps: 2 would run" in lines[-1]
    assert run(["predict", str(project)]) == 0
    assert "2 steps: 2 reused" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--", "--no-such-flag"], 2, "--no-such-flag"),
        (["--target", "nowhere"], 3, "nowhere"),
        (["--builder", "nowhere"], 3, "nowhere"),
    ],
)
def test_what_cant_be_predicted(
    project: Path, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can't be asked for is told with its reason, and nothing is printed."""
    assert run(["predict", str(project), *words]) == code
    told = capsys.readouterr()
    assert (told.out, said in told.err) == ("", True)


def test_bake_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A bake file is refused for now, before anything is asked."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    bake = tmp_path / "docker-bake.json"
    bake.write_text(json.dumps({"target": {"default": {}}}))
    assert run(["predict", str(bake)]) == 2
    assert "bake files can't be predicted yet" in capsys.readouterr().err
