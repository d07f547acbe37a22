"""`dockcache-tui artifacts` against the real local service: what is listed, downloaded and deleted."""

import csv
import io
import json
import os
import zipfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.cli.main import run
from documented import check_documented
from nobody import git
from service.serving import Job, Served, put_block, put_block_list

RECORD = "octo~app~ABC123.dockerbuild"
GZIP = b"\x1f\x8b" + os.urandom(1 << 20)


def zipped() -> bytes:
    """Return a zip as upload-artifact makes them."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("image.tar", os.urandom(100_000))
    return file.getvalue()


def upload(job: Job, name: str, content: bytes, **more: object) -> int:
    """Upload an artifact as the toolkit does; returns its id."""
    url = job.artifact("CreateArtifact", name=name, version=7, **more).json()["signed_upload_url"]
    assert put_block(url, "MQ==", content).status_code == 201
    assert put_block_list(url, ["MQ=="]).status_code == 201
    digest = f"sha256:{sha256(content).hexdigest()}"
    return int(job.artifact("FinalizeArtifact", name=name, size=len(content), hash=digest).json()["artifact_id"])


def document(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """Run a command with --json and return its document."""
    assert run(["artifacts", *words, "--json"]) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def ids(capsys: pytest.CaptureFixture[str], *words: str) -> list[int]:
    """Return the ids that are listed, by id."""
    return [item["id"] for item in document(capsys, "--sort", "id", *words)["items"]]


def test_the_list(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """Every artifact is listed with its branch, size, digest and end; filters and branches narrow it."""
    record, log = upload(job, RECORD, GZIP), upload(job.also("topic"), "log", zipped(), mime_type="application/zip")
    whole = document(capsys, "--sort", "id")
    check_documented(whole, "json-artifacts.md#artifacts")
    first = whole["items"][0]
    assert (first["id"], first["name"], first["branch"], first["size_in_bytes"], first["expired"]) == (
        record,
        RECORD,
        "refs/heads/main",
        len(GZIP),
        False,
    )
    assert (first["digest"], first["run"]) == (f"sha256:{sha256(GZIP).hexdigest()}", job.grant.run)
    assert first["created_at"] < first["expires_at"]
    assert whole["totals"]["count"] == 2
    assert whole["totals"]["size_in_bytes"] == sum(item["size_in_bytes"] for item in whole["items"])
    assert ids(capsys, "--branch", "topic") == [log]
    assert ids(capsys, "--filter", "is:record size>1MB") == [record]
    assert run(["artifacts", "--csv", "--sort", "-id"]) == 0
    assert [row["id"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == [str(log), str(record)]


def test_restorable(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --restorable what the default branch's runs made is listed too, of a git repository that has one."""
    both = [upload(one, "log", zipped(), mime_type="application/zip") for one in (job, job.also("topic"))]
    monkeypatch.chdir(tmp_path)
    assert ids(capsys, "--branch", "topic", "--restorable") == both[1:]
    for words in (("init", "-q", "--initial-branch=main"), ("commit", "-q", "--allow-empty", "-m", "one")):
        git(tmp_path, *words)
    assert ids(capsys, "--branch", "topic", "--restorable") == both


def test_the_table_counts_down(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """How long GitHub keeps an artifact stands beside it, and what a name holds reaches no terminal."""
    upload(job, "\x1b]0;owned\x07", b"1", expires_at=(datetime.now(UTC) + timedelta(hours=50)).isoformat())
    assert run(["artifacts"]) == 0
    told = capsys.readouterr()
    assert " 2d " in told.out
    assert "␛]0;owned␇" in told.out
    assert "1 artifact, 1 B (1 byte)." in told.err


def test_a_download_is_what_was_uploaded(job: Job, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A zip gets the name of one, a raw file its own; stdout is the path, and nothing else is left behind."""
    content = zipped()
    upload(job, "images", content, mime_type="application/zip")
    number = upload(job, RECORD, GZIP)
    to = tmp_path / "new" / "folder"
    assert run(["artifacts", "download", "images", "--to", str(to)]) == 0
    assert capsys.readouterr().out == f"{to / 'images.zip'}\n"
    assert run(["artifacts", "download", str(number), "--to", str(to)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{to / RECORD}\n"
    assert sha256(GZIP).hexdigest() in told.err
    assert "100 %" in told.err
    assert (to / "images.zip").read_bytes() == content
    assert (to / RECORD).read_bytes() == GZIP
    assert sorted(path.name for path in to.iterdir()) == ["images.zip", RECORD]


def test_the_newest_of_a_name(job: Job, tmp_path: Path) -> None:
    """Of several runs' artifacts of one name the newest is downloaded, and a branch narrows."""
    for branch, content in (("main", b"old"), ("main", b"new"), ("topic", b"topic")):
        upload(job.also(branch), "log", content)
    assert run(["artifacts", "download", "log", "--branch", "main", "--to", str(tmp_path)]) == 0
    assert (tmp_path / "log").read_bytes() == b"new"


def test_nothing_is_written_over(job: Job, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A file that is there stays as it is, unless asked."""
    upload(job, "log", b"theirs")
    (tmp_path / "log").write_text("ours")
    words = ["artifacts", "download", "log", "--to", str(tmp_path)]
    assert run(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "log").read_text() == "ours"
    assert run([*words, "--replace"]) == 0
    assert (tmp_path / "log").read_bytes() == b"theirs"
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


@pytest.mark.parametrize("name", ["..", ".bashrc", "..\t", "x" * 255, "a\u202eb", "con/sole"])
def test_a_name_leads_nowhere_else(job: Job, tmp_path: Path, name: str) -> None:
    """Whatever an artifact is called, it lands in the folder under a name that is seen."""
    number = upload(job, name.replace("/", "\uff0f"), b"content")
    to = tmp_path / "to"
    assert run(["artifacts", "download", str(number), "--to", str(to)]) == 0
    (file,) = to.iterdir()
    assert file.read_bytes() == b"content"
    assert file.name.isprintable()
    assert not file.name.startswith(".")
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


@pytest.mark.parametrize(
    "fault",
    [
        "download:cut=300000:times=1",
        "download:cut=0:times=2",
        "download:503:times=2",
        "download:403:times=1",
        "download:429:retry-after=1:times=1",
        "rest:429:retry-after=1:times=2:after=1",
        "rest:502:times=1:after=1",
    ],
)
def test_a_download_gets_around_faults(
    fault: str, capsys: pytest.CaptureFixture[str], rest_alone: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What breaks off is gone on with, what asks to wait is waited for, and the file is whole."""
    served = Served(tmp_path / "service", "--fault", fault)
    try:
        job = served.job("main").enter(rest_alone)
        upload(job, RECORD, GZIP)
        assert run(["artifacts", "download", RECORD, "--to", str(tmp_path / "to")]) == 0, capsys.readouterr().err
    finally:
        served.stop()
    assert (tmp_path / "to" / RECORD).read_bytes() == GZIP


def test_what_arrived_is_kept_for_the_next_time(
    capsys: pytest.CaptureFixture[str], rest_alone: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When storage fails for good the error says so, and the next try has the rest of it."""
    rest_alone.setattr("dockcache_tui.sources.github.artifact_download._PAUSE", 0.01)
    served = Served(tmp_path / "a", "--fault", "download:cut=500000:times=1", "--fault", "download:500:times=5")
    try:
        job = served.job("main").enter(rest_alone)
        upload(job, RECORD, GZIP)
        words = ["artifacts", "download", RECORD, "--to", str(tmp_path / "to")]
        assert run(words) == 3
        assert "refuses the address that GitHub gave (500)" in capsys.readouterr().err
        (part,) = (tmp_path / "to").iterdir()
        assert (part.suffix, part.stat().st_size) == (".part", 500_000)
        assert part.read_bytes() == GZIP[:500_000]
        assert run(words) == 0
    finally:
        served.stop()
    assert (tmp_path / "to" / RECORD).read_bytes() == GZIP
    assert not part.exists()


def test_a_part_of_something_else_is_found_out(job: Job, tmp_path: Path) -> None:
    """What is in a part but does not belong there costs a second download, never a wrong file."""
    number = upload(job, RECORD, GZIP)
    part = tmp_path / f"{RECORD}.{number}.part"
    for wrong in (b"x" * 1000, GZIP + b"more", GZIP):
        part.write_bytes(wrong)
        assert run(["artifacts", "download", RECORD, "--to", str(tmp_path), "--replace"]) == 0
        assert (tmp_path / RECORD).read_bytes() == GZIP
        assert not part.exists()


def test_an_expired_one(capsys: pytest.CaptureFixture[str], rest_alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is listed as expired, and downloading it says why that can't be."""
    served = Served(tmp_path / "a")
    job = served.job("main")
    upload(job, "short", b"1", expires_at=(datetime.now(UTC) - timedelta(days=1)).isoformat())
    served.stop()
    again = Served(tmp_path / "a")
    try:
        again.job("main", repo=job.repo).enter(rest_alone)
        assert run(["artifacts"]) == 0
        assert " expired " in capsys.readouterr().out
        assert document(capsys, "--filter", "is:expired")["totals"]["expired"] == 1
        assert run(["artifacts", "download", "short", "--to", str(tmp_path / "to")]) == 3
        assert "Expired: " in capsys.readouterr().err
        assert list((tmp_path / "to").iterdir()) == []
    finally:
        again.stop()


def test_a_dry_run_changes_nothing_and_yes_deletes_exactly_that(
    job: Job, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What was previewed is what is gone afterwards, to the id, and the audit log has it."""
    records = [upload(job.also("main"), RECORD, b"12") for _ in range(2)]
    kept = upload(job, "log", b"1")
    words = ("delete", "--filter", "is:record")
    plan = document(capsys, *words)
    check_documented(plan, "json-artifacts.md#artifacts-delete", "json-artifacts.md#artifacts")
    assert [(item["id"], item["outcome"]) for item in plan["items"]] == [(number, None) for number in records[::-1]]
    assert plan["totals"] == {"count": 2, "size_in_bytes": 4, "deleted": None, "freed": None, "audited": None}
    assert ids(capsys) == [*records, kept]
    done = document(capsys, *words, "--yes")
    assert {item["outcome"] for item in done["items"]} == {"deleted"}
    assert done["totals"] == {"count": 2, "size_in_bytes": 4, "deleted": 2, "freed": 4, "audited": True}
    assert ids(capsys) == [kept]
    lines = [json.loads(line) for line in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    assert [(line["id"], line["what"]) for line in lines] == [
        (number, what) for number in records[::-1] for what in ("deleting", "deleted")
    ]
    assert lines[0]["artifact"] == RECORD


def test_deleting_by_id(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids must be among what the other options leave; nothing named, or an unknown id, is refused."""
    first, second = upload(job, "a", b"1"), upload(job.also("topic"), "b", b"2")
    assert run(["artifacts", "delete", "--yes"]) == 2
    assert run(["artifacts", "delete", str(first), "--branch", "topic", "--yes"]) == 2
    assert run(["artifacts", "download", "nothing"]) == 2
    capsys.readouterr()
    assert run(["artifacts", "delete", str(second), "--yes"]) == 0
    assert "Deleted 1 artifact, 1 B (1 byte)." in capsys.readouterr().err
    assert ids(capsys) == [first]


def test_a_read_only_token_deletes_nothing(
    job: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is told before anything is tried."""
    kept = upload(job, "a", b"1")
    monkeypatch.setenv("GITHUB_TOKEN", job.served.signer.rest_token(write=False))
    assert run(["artifacts", "delete", str(kept)]) == 0
    assert "may only read" in capsys.readouterr().err
    assert run(["artifacts", "delete", str(kept), "--yes"]) == 3
    assert "Nothing can be deleted" in capsys.readouterr().err
    assert ids(capsys) == [kept]
