"""The audit log: whole lines, and no delete is stopped by it."""

import json
import resource
from pathlib import Path

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
