"""`dockcache-tui archive builds`: what is told of recorded builds, and exit codes."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from documented import check_documented
from sources.record_making import STEP, Bundle, framed, message

DOCKERFILE = "FROM x\nRUN x \x1b[31m\n"
PROVENANCE = {
    "buildDefinition": {"internalParameters": {"buildConfig": {"digestMapping": {STEP.decode(): "step0"}}}},
    "runDetails": {
        "metadata": {
            "buildkit_metadata": {
                "source": {
                    "locations": {"step0": {"locations": [{"ranges": [{"start": {"line": 2}}]}]}},
                    "infos": [{"filename": "Dockerfile", "data": b64encode(DOCKERFILE.encode()).decode()}],
                }
            }
        }
    },
}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """A build record with a Dockerfile and output that would act on a terminal."""
    bundle = Bundle()
    said = {
        "digest": bundle.put(PROVENANCE),
        "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"},
    }
    bundle.record(framed(message(b"said \x1b]0;x\x07\n")), Result={"Attestations": [said]})
    return bundle.write(tmp_path)


def test_the_report(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step stands with its line and what became of it; with --logs what it said follows, literally."""
    assert run(["archive", "builds", str(record)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("ref1\n")
    assert "built  2.0s     2  [1/1] RUN x" in out
    assert "succeeded in 7.0s: 0 % reused (0 of 1 step)" in out
    assert run(["archive", "builds", str(record), "--logs"]) == 0
    assert "  said ␛]0;x␇\n" in capsys.readouterr().out


def test_the_dockerfile(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The Dockerfile is printed literally."""
    assert run(["archive", "builds", str(record), "--dockerfile"]) == 0
    assert capsys.readouterr().out == "FROM x\nRUN x ␛[31m\n"


def test_the_document(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fields are those of a build, and those of the record besides."""
    assert run(["archive", "builds", str(record), "--json", "--logs"]) == 0
    document = json.loads(capsys.readouterr().out)
    check_documented(
        document,
        "archives.md#archive-builds",
        "json-builds.md#rebuild",
        "json-builds.md#builds",
        "json-builds.md#a-step",
    )
    assert document["totals"] == {"count": 1, "faults": 0}
    (build,) = document["items"]
    assert (build["ref"], build["status"], build["cacheable"], build["branch"]) == ("ref1", "succeeded", 1, None)
    assert build["files"] == [{"name": "Dockerfile", "text": DOCKERFILE}]
    assert (build["imports"], build["warnings"], build["faults"]) == ([], [], [])
    (step,) = build["step_list"]
    assert (step["line"], step["log"]) == (2, ["said \x1b]0;x\x07"])


def test_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What could be read is shown, stderr names the fault, and the exit code is 1; no record at all is 1 too."""
    bundle = Bundle()
    bundle.record(framed(message())[:-1])
    assert run(["archive", "builds", str(bundle.write(tmp_path))]) == 1
    told = capsys.readouterr()
    assert told.out.startswith("ref1\n")
    assert "at byte 0: the log is cut" in told.err
    (tmp_path / "text").write_text("no archive")
    assert run(["archive", "builds", str(tmp_path / "text")]) == 1
    told = capsys.readouterr()
    assert (told.out, "not an image archive" in told.err) == ("", True)
