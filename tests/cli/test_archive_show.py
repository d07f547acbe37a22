"""`dockcache-tui archive show`: tables, JSON, CSV and exit codes."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from documented import check_documented
from sources.layout_making import Layout, as_folder, digest_of, layer_tar, packed, sample, tar_of, zipped

IMAGE = {
    "digest",
    "platform",
    "names",
    "labels",
    "created_at",
    "revision",
    "attestation_of",
    "missing",
    "artifact_type",
    "layers",
}
LAYER = {
    "digest", "size", "diff_id", "unpacked_size", "media_type", "created_by", "created_at", "empty", "missing",
}  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive with everything."""
    path = tmp_path / "image.tar"
    path.write_bytes(tar_of(sample()))
    return path


def test_the_table_tells_images_and_layers(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Platforms, names, revisions, layers with sizes and steps, and attestations."""
    assert run(["archive", "show", str(archive)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert f"{archive}: oci layout, tar" in out
    assert "linux/amd64" in out
    assert "docker.io/library/app:1" in out
    assert f"revision {'a' * 40}" in out
    assert "RUN make 0" in out
    assert "empty" in out
    assert "attestations of sha256:" in out


def test_the_document_has_the_stable_fields(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fields are as documented, and verifying fills in the unpacked sizes."""
    assert run(["archive", "show", "--json", "--verify", str(archive), str(archive)]) == 0
    document = json.loads(capsys.readouterr().out)
    item, same = document["items"]
    assert item == same
    assert document["schema"] == 1
    assert document["totals"] == {
        "count": 2, "size": 2 * archive.stat().st_size, "images": 4, "unnamed_size": 0, "faults": 0,
    }  # fmt: skip
    assert set(item) == {
        "path", "kind", "packing", "size", "modified_at", "images", "blobs", "builds", "branches", "faults",
    }  # fmt: skip
    check_documented(document, "archives.md#archive-show")
    amd64, arm64, attestation = item["images"]
    assert set(amd64) == IMAGE
    assert set(amd64["layers"][0]) == LAYER
    tar = layer_tar(a="one")
    assert amd64["layers"][0] | {"created_at": None} == {
        "digest": digest_of(packed(tar, "gz")),
        "size": len(packed(tar, "gz")),
        "diff_id": digest_of(tar),
        "unpacked_size": len(tar),
        "media_type": "application/vnd.oci.image.layer.v1.tar+gzip",
        "created_by": "RUN make 0",
        "created_at": None,
        "empty": False,
        "missing": False,
    }
    assert amd64["layers"][1]["digest"] is None
    assert arm64["labels"] == {"org.opencontainers.image.revision": "b" * 40}
    assert attestation["attestation_of"] == amd64["digest"]
    assert attestation["platform"] is None
    assert set(item["blobs"][0]) == {"digest", "size", "media_type", "named"}


def test_csv_has_a_line_for_each_layer(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each layer of each image is one line that tells whose it is."""
    assert run(["archive", "show", "--csv", str(archive)]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["platform"] for row in rows] == ["linux/amd64"] * 4 + ["linux/arm64/v8"] * 4 + [""]
    assert {row["archive"] for row in rows} == {str(archive)}


def test_a_fault_is_told_and_the_rest_is_shown(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A cut archive prints what is left, names the fault with its offset on stderr, and ends with 1."""
    os.truncate(archive, 9000)
    assert run(["archive", "show", "--json", str(archive)]) == 1
    out, err = capsys.readouterr()
    (item,) = json.loads(out)["items"]
    assert [(fault["reason"], fault["offset"]) for fault in item["faults"]] == [
        ("the tar is cut inside a header", 9000),
        ("is not in the archive", None),
    ]
    assert "at byte 9,000: the tar is cut" in err
    assert [image["platform"] for image in item["images"]] == ["linux/amd64"]


def test_one_that_is_no_archive_does_not_hide_the_others(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file that can't be read is told; the others are shown, and the command ends with 1."""
    other = archive.with_name("notes.tar")
    other.write_text("words")
    assert run(["archive", "show", "--json", str(other), str(archive), str(archive.with_name("gone"))]) == 1
    out, err = capsys.readouterr()
    assert len(json.loads(out)["items"]) == 1
    assert "notes.tar: it is text, not an image archive" in err
    assert "gone is not there" in err
    assert "Traceback" not in err


def test_a_changed_layer_fails_only_when_it_is_verified(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --verify no layer is read; with it the digest is named and the command ends with 1."""
    stored = packed(layer_tar(a="one"), "gz")
    data = bytearray(archive.read_bytes())
    at = data.index(stored) + len(stored) - 6
    data[at] ^= 0xFF
    archive.write_bytes(data)
    assert run(["archive", "show", str(archive)]) == 0
    capsys.readouterr()
    assert run(["archive", "show", "--verify", str(archive)]) == 1
    assert f"{digest_of(stored)}: at byte" in capsys.readouterr().err


def test_hostile_words_are_shown_literally(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes in steps, names and members reach no terminal, in no form of output."""
    layout = Layout()
    step = {"history": [{"created_by": "RUN \x1b]0;owned\x07 [red]\u202e"}]}
    image = layout.image(layer_tar(a="one"), config=step, annotations={"io.containerd.image.name": "\x1b[2J\nevil"})
    (tmp_path / "x.tar").write_bytes(tar_of(layout.end(image) | {"../\x1b[31m": b"x"}))
    for words, step_shown in (([], True), (["--json"], False), (["--csv"], True)):
        assert run(["archive", "show", *words, str(tmp_path / "x.tar")]) == 1
        out, err = capsys.readouterr()
        assert not {"\x1b", "\x07", "\u202e"} & set(out + err)
        assert "leads outside" in err
        assert ("RUN ␛]0;owned␇ [red]\\u202e" in out) is step_shown


def test_what_nothing_leads_to_and_what_is_missing_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Left blobs are named with their size, platforms that were left out are told."""
    layout = Layout()
    left = layout.blob(b"x" * 5000)
    gone = {"digest": digest_of(b"gone"), "size": 1, "platform": {"os": "linux", "architecture": "s390x"}}
    as_folder(layout.end(layout.index(layout.image(layer_tar(a="one")), gone)), tmp_path)
    assert run(["archive", "show", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "1 blob that nothing leads to:" in out
    assert left["digest"] in out
    assert "5.0 kB" in out
    assert "linux/s390x" in out
    assert "not in the archive" in out


def test_a_build_record_names_its_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table and the document tell the ref."""
    layout = Layout()
    config = layout.document({"Ref": "abc"}, "application/vnd.buildkit.historyrecord.v0")
    record = layout.document({"config": config, "layers": []}, "")
    (tmp_path / "x.dockerbuild").write_bytes(packed(tar_of(layout.end(record)), "gz"))
    assert run(["archive", "show", str(tmp_path / "x.dockerbuild")]) == 0
    assert "build abc" in capsys.readouterr().out
    assert run(["archive", "show", "--json", str(tmp_path / "x.dockerbuild")]) == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["builds"] == ["abc"]


def test_one_of_several_in_a_zip_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names them and tells how to name one."""
    path = tmp_path / "artifact.zip"
    path.write_bytes(zipped({"a.tar": tar_of(sample()), "b.tar": tar_of(sample())}))
    assert run(["archive", "show", str(path)]) == 1
    err = capsys.readouterr().err
    assert "several archives: a.tar, b.tar" in err
    assert "ZIP/ARCHIVE" in err
    assert run(["archive", "show", f"{path}/b.tar"]) == 0


def test_json_and_csv_exclude_each_other(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asking for both is wrong usage, and so is no file."""
    assert run(["archive", "show", "--json", "--csv", str(archive)]) == 2
    assert run(["archive", "show"]) == 2
    assert capsys.readouterr().out == ""


def test_nothing_is_written(archive: Path) -> None:
    """Reading and verifying leaves the folder as it was."""
    before = {path: path.stat().st_mtime_ns for path in archive.parent.rglob("*")}
    assert run(["archive", "show", "--verify", str(archive)]) == 0
    assert {path: path.stat().st_mtime_ns for path in archive.parent.rglob("*")} == before
