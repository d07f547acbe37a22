"""`rebuild`: builds for real and prints what was reused."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import Checkout
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.journal import Journal
from documented import check_documented
from sources.journal_samples import BUILT


@pytest.fixture
def project(at_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of fresh steps, with a journal of the test's own."""
    assert at_engine.variables
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM busybox\nARG WORD=none\nRUN echo {uuid4().hex} $WORD\nRUN true\n")
    return folder


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """Return the JSON printed since the last call."""
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_report(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Steps go to stderr as they end, the report to stdout."""
    assert run(["rebuild", str(project)]) == 0
    first = capsys.readouterr()
    assert "0 % reused (0 of 2 steps)" in first.out
    assert "done" in first.err
    assert "[internal]" not in first.out
    assert run(["rebuild", str(project)]) == 0
    again = capsys.readouterr()
    assert "100 % reused (2 of 2 steps" in again.out
    assert again.err.count("\nreused ") == 2


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints one build with its steps and nothing else."""
    assert run(["rebuild", str(project), "--json"]) == 0
    found = document(capsys)
    fields = (
        "schema ref builder branch revision started_at completed_at status steps reused cacheable cached reuse duration"
    )
    assert list(found)[:14] == fields.split()
    check_documented(found, *(f"json-builds.md#{one}" for one in ("rebuild", "builds", "a-step", "a-cause")))
    steps = found["step_list"]
    assert isinstance(steps, list)
    assert len(steps) == found["steps"]
    (step,) = (step for step in steps if step["name"].endswith("RUN true"))
    assert (step["state"], step["line"], step["cached"], step["stage"]) == ("built", 4, False, None)


def test_last_build_is_repeated(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without options the last build is repeated; an option changes only itself, and --no-cache only this build."""
    assert run(["rebuild", str(project), "--build-arg", "WORD=given", "--json", "--", "--label", "a=b"]) == 0
    assert run(["rebuild", str(project), "--no-cache"]) == 0
    capsys.readouterr()
    assert run(["rebuild", str(project), "--json"]) == 0
    found = document(capsys)
    assert found["reuse"] == 1.0
    assert "given" in str(found["step_list"])


def test_an_empty_option_takes_back_what_was_built_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--target ""` builds the last stage again, on the builder of last time."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "Dockerfile").touch()
    journal = Journal(tmp_path / "data")
    last = BuildSpec(str(tmp_path), builder="b", target="early")
    journal.record(journal.begin(last, Checkout(str(tmp_path)), Instant(1)), (BUILT,))
    assert run(["rebuild", str(tmp_path), "--target", ""]) == 3
    asked = journal.spec(journal.builds()[0].ref)
    journal.close()
    assert asked == BuildSpec(str(tmp_path), builder="b")


def asked(project: Path) -> BuildSpec:
    """Return how the project's newest build was asked for."""
    journal = Journal(project.parent / "data")
    spec = journal.spec(journal.builds()[0].ref)
    journal.close()
    assert spec
    return spec


@pytest.mark.parametrize(
    "wrong",
    [
        ("--target", "nowhere"),
        ("--builder", "nowhere"),
        ("--cache-to", "type=nothing"),
        ("--build-arg", "BASE=nowhere.invalid/image"),
        ("--", "--no-such-flag"),
        ("--", "--file", "nowhere"),
    ],
)
def test_what_docker_refuses_is_not_repeated(project: Path, wrong: tuple[str, ...]) -> None:
    """A wrong word is gone next time, and what was built before it is built again."""
    (project / "Dockerfile").write_text(f"ARG BASE=busybox\nFROM $BASE\nARG A\nRUN echo {uuid4().hex} $A\n")
    assert run(["rebuild", str(project), "--build-arg", "A=1"]) == 0
    before = asked(project)
    assert run(["rebuild", str(project), *wrong]) != 0
    assert asked(project) != before
    assert run(["rebuild", str(project)]) == 0
    assert asked(project) == before


def test_a_failing_step_is_repeated(project: Path) -> None:
    """A build whose RUN failed is the one to build again once that is mended."""
    (project / "Dockerfile").write_text("FROM busybox AS early\nRUN exit 3\nFROM early\nRUN true\n")
    assert run(["rebuild", str(project), "--target", "early"]) == 1
    (project / "Dockerfile").write_text(f"FROM busybox AS early\nRUN echo {uuid4().hex}\nFROM early\nRUN exit 3\n")
    assert run(["rebuild", str(project)]) == 0
    assert asked(project).target == "early"


def test_the_environment_gives_an_argument_each_time(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--build-arg WORD` takes what the environment says now, and the journal keeps no value; `WORD=` takes it back."""
    taken, given = ("WORD", None), ("WORD", "given")
    for words, value, shown, kept in (
        (["--build-arg", "WORD"], "first", "first", (taken,)),
        ([], "second", "second", (taken,)),
        ([], None, "none", (taken,)),
        (["--build-arg", "WORD=given", "--build-arg", "OTHER=x"], "third", "given", (given, ("OTHER", "x"))),
        (["--build-arg", "WORD="], "fourth", "none", (("OTHER", "x"),)),
    ):
        monkeypatch.delenv("WORD", raising=False)
        if value:
            monkeypatch.setenv("WORD", value)
        assert run(["rebuild", str(project), *words, "--json"]) == 0
        echo = next(step["name"] for step in document(capsys)["step_list"] if "echo" in step["name"])  # type: ignore[attr-defined]
        assert echo.endswith(f" {shown}"), echo
        assert asked(project).build_args == kept


def test_the_environments_builder_comes_first(
    project: Path, container_builder: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """BUILDX_BUILDER beats the last builder once, a flag beats both, and a builder that is gone is told and left."""
    assert run(["rebuild", str(project), "--builder", "default"]) == 0
    monkeypatch.setenv("BUILDX_BUILDER", container_builder)
    capsys.readouterr()
    assert run(["rebuild", str(project), "--json"]) == 0
    assert document(capsys)["builder"] == container_builder
    assert asked(project).builder == "default"
    assert run(["rebuild", str(project), "--builder", "default", "--json"]) == 0
    assert document(capsys)["builder"] == "default"
    monkeypatch.delenv("BUILDX_BUILDER")
    journal = Journal(project.parent / "data")
    gone = BuildSpec(str(project), builder="gone")
    journal.record(journal.begin(gone, Checkout(str(project)), Instant(1)), (BUILT,))
    journal.close()
    assert run(["rebuild", str(project)]) == 0
    assert "The builder gone, which built last, is gone." in capsys.readouterr().err
    assert asked(project).builder == ""


@pytest.mark.parametrize("words", [("--file", "-"), ("--", "-f", "-")])
def test_stdin_is_read_once(project: Path, words: tuple[str, ...]) -> None:
    """A Dockerfile that is piped is built, and the next build is that of the folder again."""
    marks = [uuid4().hex, uuid4().hex]
    (project / "Dockerfile").write_text(f"FROM busybox\nRUN echo {marks[0]}\n")
    command = [sys.executable, "-c", "import sys; from dockcache_tui.cli.main import run; sys.exit(run(sys.argv[1:]))"]
    piped = f"FROM busybox\nRUN echo {marks[1]}\n"
    for more, inputs, seen in ((words, piped, 1), ((), "", 0)):
        done = subprocess.run(
            [*command, "rebuild", str(project), "--json", *more],
            input=inputs, capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        names = " ".join(step["name"] for step in json.loads(done.stdout)["step_list"])  # causes name the other one too
        assert [mark in names for mark in marks] == [seen == 0, seen == 1]


def test_failure(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failed build exits with 1 and tells the step, its last lines and the reason, literally."""
    (project / "Dockerfile").write_text("FROM busybox\nRUN printf 'last \\033[31mwords\\n'; exit 3\n")
    assert run(["rebuild", str(project)]) == 1
    said = capsys.readouterr()
    assert "failed" in said.out
    assert "last ␛[31mwords" in said.err
    assert "exit code: 3" in said.err
    assert "\x1b" not in said.err + said.out


def test_usage_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to build and a build argument without a name are usage errors."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    assert run(["rebuild", str(tmp_path)]) == 2
    assert "nothing to build" in capsys.readouterr().err
    assert run(["rebuild", str(tmp_path), "--build-arg", "=X"]) == 2
    (tmp_path / "Dockerfile").touch()
    assert run(["rebuild", str(tmp_path), "--build-arg", "=X"]) == 2
    assert "--build-arg =X" in capsys.readouterr().err


def test_unknown_builder(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A builder that is not there exits with 3, with docker's reason and what to do."""
    assert run(["rebuild", str(project), "--builder", "nowhere"]) == 3
    assert 'no builder "nowhere" found' in capsys.readouterr().err


def test_interrupt(project: Path) -> None:
    """Ctrl+c cancels the build, prints the report and exits with 130."""
    (project / "Dockerfile").write_text("FROM busybox\nRUN echo first\nRUN echo waiting; sleep 600\n")
    words = [sys.executable, "-c", "import sys; from dockcache_tui.cli.main import run; sys.exit(run(sys.argv[1:]))"]
    process = subprocess.Popen(
        [*words, "rebuild", str(project)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stderr
    for line in process.stderr:
        if "RUN echo first" in line:
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "canceled in" in out
