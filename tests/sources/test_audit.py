"""The audit log: whole lines, and no delete is stopped by it."""

import json
import resource
from pathlib import Path

import pytest

from dockcache_tui.core.instant import Instant
from dockcache_tui.sources import audit
from dockcache_tui.sources.audit import AuditLog


def test_a_full_disk_is_told_and_cuts_no_later_line(tmp_path: Path) -> None:
    """What finds no room is told as missing, and what is written once there is room is a line of its own."""
    log = AuditLog({"builder": "b"}, tmp_path)
    assert log.write([{"id": "first"}], "pruning") == ""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.path.stat().st_size + 9, hard))
    try:
        assert "can't be written: File too large" in log.write([{"id": "lost"}], "pruning")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert log.write([{"id": "second"}, {"id": "third"}], "freed") == ""
    whole = [json.loads(line) for line in log.path.read_text().splitlines() if line.endswith("}")]
    assert [(line["builder"], line["id"], line["what"]) for line in whole] == [
        ("b", "first", "pruning"),
        ("b", "second", "freed"),
        ("b", "third", "freed"),
    ]


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    """Where no folder can be made the reason names the file, and nothing is raised."""
    (tmp_path / "data").write_text("a file")
    assert "audit.jsonl can't be written: " in AuditLog({}, tmp_path / "data").write([{"id": 1}], "deleting")


def test_nothing_writes_nothing(tmp_path: Path) -> None:
    """Without a thing to tell of, no file is made."""
    log = AuditLog({}, tmp_path)
    assert log.write([], "freed") == ""
    assert not log.path.exists()


def test_our_prunes_are_read_back(tmp_path: Path) -> None:
    """What was freed since a moment, and what may have been; of this builder and node, torn lines left out."""
    log = AuditLog({"builder": "b"}, tmp_path)
    log.write([{"node": "n", "id": "old"}], "freed")
    since = Instant.now()
    log.write([{"node": "n", "id": "gone"}, {"node": "n", "id": "other"}, {"node": "m", "id": "there"}], "freed")
    AuditLog({"builder": "c"}, tmp_path).write([{"node": "n", "id": "elsewhere"}], "freed")
    with log.path.open("a") as file:
        file.write('{"torn\n[]\n')
    log.write([{"node": "n", "id": "asked"}, {"node": "n", "id": "gone"}], "unknown")
    log.write([{"node": "n", "id": "kept"}], "stayed")
    assert log.prunes("n", since) == (frozenset({"gone", "other"}), frozenset({"asked"}))
    assert AuditLog({"builder": "b"}, tmp_path / "none").prunes("n", since) == (frozenset(), frozenset())


def test_no_more_than_its_end_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device in its place has no end, and a file of years has a long beginning."""
    monkeypatch.setattr(audit, "_MAX_READ", 1000)
    log = AuditLog({"builder": "b"}, tmp_path)
    log.write(({"node": "n", "id": f"r{number}"} for number in range(100)), "freed")
    freed, _ = log.prunes("n", Instant(0))
    assert 0 < len(freed) < 20
    assert "r99" in freed
    endless = tmp_path / "endless"
    endless.mkdir()
    (endless / "audit.jsonl").symlink_to("/dev/full")
    assert AuditLog({"builder": "b"}, endless).prunes("n", Instant(0)) == (frozenset(), frozenset())
