"""`archive tree` prints the files of images and layers."""

import csv
import json
import re
import tarfile
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from documented import check_documented
from sources.archive_files_making import Made, file, folder, link, oci, packed, special, tar

BASE = tar(
    folder("etc"), file("etc/old", b"12345", mtime=5), file("etc/\x1b[31mred"), file("bin/sh", b"elf", mode=0o755)
)
TOP = tar(file("etc/.wh.old"), file("app", b"go"))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep indexes in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """An archive with two layers."""
    return oci(tmp_path / "image", [packed(BASE), TOP])


def test_the_tree_people_read(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """A line a path with what became of it; nothing from the archive is acted upon; sums go to stderr."""
    assert run(["archive", "tree", str(made.path)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "MODE        OWNER          SIZE    WASTED    PATH",
        "-rw-r--r--  0:0             2 B            + app",
        "drwxr-xr-x  0:0             3 B            + bin/",
        "-rwxr-xr-x  0:0             3 B            + bin/sh",
        "drwxr-xr-x  0:0             0 B       5 B  + etc/",
        "-rw-r--r--  0:0             0 B            + etc/␛[31mred",
        "-rw-r--r--  0:0             0 B       5 B  - etc/old",
    ]
    assert err.splitlines()[-1] == "6 paths in the whole image, 5 B, 5 B wasted."


def test_the_json_of_a_layer(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """With --layer only what that layer did, and the folders on the way."""
    assert run(["archive", "tree", str(made.path), "--layer", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    check_documented(document, "archives.md#archive-tree")
    assert (document["schema"], document["totals"]) == (1, {"paths": 6, "size": 5, "wasted": 5})
    assert [(one["path"], one["change"]) for one in document["items"]] == [
        ("app", "added"),
        ("etc", "same"),
        ("etc/old", "removed"),
    ]
    assert document["items"][2] == {
        "path": "etc/old",
        "kind": "file",
        "change": "removed",
        "size": 0,
        "wasted": 5,
        "mode": "-rw-r--r--",
        "uid": 0,
        "gid": 0,
        "modified_at": "1970-01-01T00:00:05Z",
        "link": None,
        "digest": "sha256:5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5",
        "device": None,
        "xattrs": {},
        "layer": made.layers[1],
    }


def test_a_layer_by_the_beginning_of_its_digest(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """As `archive show` prints it, or only the hex digits."""
    digits = made.layers[1].removeprefix("sha256:")
    for wanted in (made.layers[1][:19], digits[:8]):
        assert run(["archive", "tree", str(made.path), "--layer", wanted, "--filter", "APP"]) == 0
        assert capsys.readouterr().out.splitlines()[1:] == ["-rw-r--r--  0:0             2 B            + app"]


def test_csv_and_filter(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """The columns of the JSON, only for paths that hold the text."""
    assert run(["archive", "tree", str(made.path), "--filter", "etc/", "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["path"] for row in rows] == ["etc/␛[31mred", "etc/old"]
    assert rows[1]["wasted"] == "5"


def test_nothing_found_is_an_empty_document(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty list of items is JSON too."""
    assert run(["archive", "tree", str(made.path), "--filter", "nowhere", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []


def test_of_several_images_one_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a platform the error lists them."""
    images = [tar(file("amd"))], [tar(file("arm"))]
    made = oci(tmp_path / "image", *images, platforms=("linux/amd64", "linux/arm64"))
    assert run(["archive", "tree", str(made.path)]) == 2
    err = capsys.readouterr().err
    assert "it holds 2 images" in err
    assert "linux/arm64" in err
    assert run(["archive", "tree", str(made.path), "--image", "linux/arm64", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("arm,file,added")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--image", "linux/s390x"], "it holds no image linux/s390x"),
        (["--layer", "ffff0"], "no layers begin with ffff0"),
        (["--json", "--csv"], "can't be used together"),
    ],
)
def test_what_is_not_there_is_a_wrong_word(
    made: Made, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """Exit code 2, with a reason."""
    assert run(["archive", "tree", str(made.path), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_fault_is_told_and_the_rest_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A layer cut in the middle of a file: what came before is printed, the exit code is 1."""
    whole = tar(file("first", b"1"), file("second", b"2" * 5_000))
    made = oci(tmp_path / "image", [whole[:3_000]])
    assert run(["archive", "tree", str(made.path)]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[1].endswith("+ first")
    assert "second: " in err
    assert made.layers[0] in err


def test_what_is_no_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line with the reason, exit code 1."""
    (tmp_path / "note.txt").write_text("hello")
    assert run(["archive", "tree", str(tmp_path / "note.txt")]) == 1
    assert "it is text" in capsys.readouterr().err


def test_attributes_and_devices_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A block device is `b` with its numbers, and a file's capabilities stand behind it, in text, JSON and CSV."""
    info, content = file("ping")
    info.pax_headers = {"SCHILY.xattr.user.note": "raw"}
    made = oci(
        tmp_path / "attributes", [tar((info, content), special("disk", tarfile.BLKTYPE, devmajor=8, devminor=1))]
    )
    assert run(["archive", "tree", str(made.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (disk,) = (line for line in lines if line.endswith("disk"))
    assert re.match(r"brw-r--r-- .* 8:1 ", disk)
    assert [line[:10] for line in lines if line.endswith(" ping [user.note=raw]")] == ["-rw-r--r--"]
    assert run(["archive", "tree", str(made.path), "--json"]) == 0
    items = {one["path"]: (one["device"], one["xattrs"]) for one in json.loads(capsys.readouterr().out)["items"]}
    assert items == {"ping": (None, {"user.note": "raw"}), "disk": ("b 8:1", {})}
    assert run(["archive", "tree", str(made.path), "--csv"]) == 0
    assert '{""user.note"": ""raw""}' in capsys.readouterr().out


def test_what_a_process_finds_at_a_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a path it is that and what is below, through symlinks of any layer; as a layer left it with --layer."""
    base = tar(folder("usr"), folder("usr/bin"), file("usr/bin/a"), link("bin", "usr/bin"), link("loop", "loop"))
    made = oci(tmp_path / "image", [base, tar(link("sbin", "/bin"), file("usr/bin/b")), tar(file("usr/bin/.wh.a"))])

    def found(*words: str) -> list[str] | int:
        if code := run(["archive", "tree", str(made.path), *words, "--json"]):
            return code
        return [one["path"] for one in json.loads(capsys.readouterr().out)["items"]]

    below = ["usr/bin", "usr/bin/a", "usr/bin/b"]
    assert found("/bin") == found("sbin/") == found("./sbin/../bin") == below
    assert found("sbin/a") == ["usr/bin/a"]
    assert found("bin", "--layer", "2") == ["usr/bin", "usr/bin/b"]
    assert found("/", "--filter", "sbin") == ["sbin"]
    assert found("loop") == 1
    assert "loop is symlinks without end" in capsys.readouterr().err
    assert found("sbin", "--layer", "1") == 1
    assert "sbin is not in the image" in capsys.readouterr().err
