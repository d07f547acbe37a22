"""`archive diff` says what makes two archives differ."""

import json
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from documented import check_documented
from sources.archive_files_making import file, folder, link, oci, packed, tar

BASE = tar(folder("etc"), file("etc/passwd", b"root"))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep indexes in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def archives(tmp_path: Path, first: list[bytes], second: list[bytes], **config: object) -> tuple[str, str]:
    """Write two archives; `config` is of the second."""
    made = oci(tmp_path / "a", first), oci(tmp_path / "b", second, config=config)
    return str(made[0].path), str(made[1].path)


def test_layers_then_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal layers are marked, then each path that differs and in what."""
    first = tar(file("app", b"1", mtime=1), file("gone"), link("l", "a"))
    second = tar(file("app", b"2", mtime=2), file("new", mode=0o755), link("l", "b"))
    assert run(["archive", "diff", *archives(tmp_path, [BASE, first], [BASE, second])]) == 0
    out = capsys.readouterr().out.splitlines()
    said = "4 paths differ: content in 1, link in 1, time in 1, 1 added, 1 removed."
    assert out[0] == f"linux/amd64: {said}"
    assert [line[:8] for line in out[1:4]] == ["= layer ", "- layer ", "+ layer "]
    assert out[4:] == [
        "~ app: content 6b86b273ff34 (1 B) -> d4735e3a265e (1 B), time 1970-01-01T00:00:01Z -> 1970-01-01T00:00:02Z",
        "~ l: link a -> b",
        "+ new",
        "- gone",
    ]


def test_what_lies_below_symlinks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files are compared where they are unpacked, not where the tars name them; a lower layer's link is replaced."""
    merged = folder("usr"), folder("usr/bin"), link("bin", "usr/bin")
    first, second = tar(*merged, file("bin/tool", b"1")), tar(*merged, file("usr/bin/tool", b"1"))
    same = archives(tmp_path / "same", [first], [second])
    assert run(["archive", "diff", *same]) == 0
    assert "Their files are the same" in capsys.readouterr().out
    other = archives(tmp_path / "other", [first], [tar(*merged), tar(file("bin/tool", b"2"))])
    assert run(["archive", "diff", *other]) == 0
    told = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines() if "bin" in line]
    assert told == ["~ bin", "+ bin/tool", "- usr/bin/tool"]


def test_only_what_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--only` narrows to the kinds named, and everything is counted all the same."""
    first, second = tar(file("a", b"1"), file("b"), file("c")), tar(file("a", b"2"), file("b", mtime=5))
    given = archives(tmp_path, [first], [second])
    assert run(["archive", "diff", *given, "--only", "content", "--only", "removed"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("3 paths differ: content in 1, time in 1, 1 removed.")
    assert [line[:4] for line in out if line[0] in "~-" and "layer" not in line and "config" not in line] == [
        "~ a:",
        "- c",
    ]
    assert run(["archive", "diff", *given, "--only", "smell"]) == 2


def test_only_times_differ(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two builds of the same source differ in times, and what helps is said."""
    pair = archives(tmp_path, [tar(file("app", b"1", mtime=1))], [tar(file("app", b"1", mtime=2))])
    assert run(["archive", "diff", *pair]) == 0
    assert "Only times differ, of 1 path: SOURCE_DATE_EPOCH" in capsys.readouterr().out


def test_a_layer_packed_otherwise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same tar packed and plain is told by its diff_id; no path differs."""
    assert run(["archive", "diff", *archives(tmp_path, [BASE], [packed(BASE)])]) == 0
    assert "unpack to the same tars and are packed differently" in capsys.readouterr().out


def test_the_json_of_a_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Layers, config and files of each platform, with both sides of each path."""
    pair = archives(tmp_path, [BASE], [tar(folder("etc"), file("etc/passwd", b"you"))], config={"User": "me"})
    assert run(["archive", "diff", *pair, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["same"], document["faults"]) == (1, False, [])
    check_documented(document, "archives.md#archive-diff", "archives.md#archive-tree")
    (image,) = document["images"]
    assert image["config"] == ["config.User: nothing, then me"]
    assert image["counts"] == {"content": 1}
    assert [(one["path"], one["first"]["size"], one["second"]["size"]) for one in image["files"]] == [
        ("etc/passwd", 4, 3)
    ]
    assert [(one["first"], one["second"]) for one in image["layers"]] == [(True, False), (False, True)]


def test_an_archive_and_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing differs."""
    made = oci(tmp_path / "a", [BASE])
    assert run(["archive", "diff", str(made.path), str(made.path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["same"], document["images"][0]["verdict"]) == (True, "They are the same image.")


def test_platforms_of_one_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A platform that one archive has alone is told and not compared."""
    both = oci(tmp_path / "a", [BASE], [BASE], platforms=("linux/amd64", "linux/arm64"))
    one = oci(tmp_path / "b", [BASE])
    assert run(["archive", "diff", str(both.path), str(one.path)]) == 0
    assert "linux/arm64: Only the first has this platform." in capsys.readouterr().out


def test_what_could_not_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cut layer may look like a difference, so it is named and the exit code is 1."""
    assert run(["archive", "diff", *archives(tmp_path, [BASE], [BASE[:1_100]])]) == 1
    assert "cut" in capsys.readouterr().err
