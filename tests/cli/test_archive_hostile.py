"""The hostile corpus by the command: what is sound is printed, a fault has a place, nothing is written, the code is 1.

What happens inside is in `sources/archives/test_hostile.py` and `test_files_hostile.py` beside it.
"""

import json
import os
import re
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.sources.archives import unpacking
from sources.archive_files_making import file, link, special, tar
from sources.layout_making import LAYER, MANIFEST, Files, Layout, digest_of, json_of, packed, path_of, tar_of, zipped

SOUND = file("sound", b"content")
GB = 1 << 30


def around(*members: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return an archive of one image, whose tar has these members behind its own."""
    layout = Layout()
    return _ended(tar_of(layout.end(layout.image(tar(SOUND))))) + tar(*members)


def within(layer: bytes, pack: str = "") -> bytes:
    """Return an archive of one image of a sound layer and this one over it."""
    layout = Layout()
    return tar_of(layout.end(layout.image(tar(SOUND), layer, pack=pack)))


def _ended(data: bytes) -> bytes:
    end = len(data.rstrip(b"\0"))
    return data[: end + -end % 512]


def _with(change: Callable[[Files], None]) -> bytes:
    layout = Layout()
    files = layout.end(layout.image(tar(SOUND)))
    change(files)
    return tar_of(files)


def _pax(name: str, **headers: str) -> tuple[tarfile.TarInfo, bytes]:
    info, content = file(name, b"x")
    info.pax_headers = headers
    return info, content


def _raw(kind: bytes, body: bytes, says: int | None = None) -> bytes:
    """Return a header of a type with a body, whatever size it says."""
    info = tarfile.TarInfo("raw")
    info.type, info.size = kind, len(body) if says is None else says
    return info.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512)


def _negative() -> bytes:
    """Return a member whose size is a negative number in base 256."""
    block = bytearray(special("negative", tarfile.REGTYPE).tobuf())
    block[124:136] = b"\xff" * 12
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def _huge() -> tuple[tarfile.TarInfo, bytes]:
    info, content = file("huge", b"x")
    info.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(1 << 60), "GNU.sparse.name": "huge"}
    return info, content


def _cyclic(files: Files) -> None:
    digest = digest_of(b"any")
    files[path_of(digest)] = json_of({"manifests": [{"digest": digest, "size": 1}]})
    index = json.loads(files["index.json"])
    files["index.json"] = json_of({"manifests": [*index["manifests"], {"digest": digest, "size": 1}]})


def _other_digest(files: Files) -> None:
    name = path_of(digest_of(tar(SOUND)))
    files[name] = files[name].replace(b"content", b"another")


def _wrong_size(files: Files) -> None:
    lying = Layout()
    layer = {"mediaType": LAYER, "digest": digest_of(tar(SOUND)), "size": 7}
    manifest = lying.document({"layers": [layer]}, MANIFEST)
    files |= lying.files
    files["index.json"] = json_of({"manifests": [*json.loads(files["index.json"])["manifests"], manifest]})


def _large_manifest(files: Files) -> None:
    (manifest,) = json.loads(files["index.json"])["manifests"]
    large = {"digest": digest_of(b"large"), "size": 9 << 20, "mediaType": MANIFEST}
    files[path_of(digest_of(b"large"))] = b"{" + b" " * (9 << 20) + b"}"
    files["index.json"] = json_of({"manifests": [manifest, large]})


def _cut(pack: str) -> bytes:
    """Return an archive that ends inside its last blob, a layer."""
    layout = Layout()
    large = tar(file("large", os.urandom(400_000)))
    files = layout.end(layout.image(tar(SOUND), large))
    files[path_of(digest_of(large))] = files.pop(path_of(digest_of(large)))
    return packed(tar_of(files), pack)[:-100_000]


NOTHING_SOUND = {"a tar packed twice", "an archive in an archive's zip", "cut in the first header"}
CORPUS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a name that climbs, around": (lambda: around(file("../../up", b"x")), r"\.\./\.\./up.* at byte \d"),
    "a name that climbs, within": (lambda: within(tar(file("../../up", b"x"))), r"\.\./\.\./up"),
    "an absolute name, around": (lambda: around(file("/etc/passwd", b"x")), r"/etc/passwd.* at byte \d"),
    "an absolute name, within": (lambda: within(tar(file("/etc/passwd", b"x"))), "/etc/passwd"),
    "a symlink out, around": (lambda: around(link("out", "../../etc/passwd")), r"out.* at byte \d"),
    "a symlink out, within": (lambda: within(tar(link("out", "../../etc/passwd"))), "out"),
    "a hard link out, around": (lambda: around(link("out", "../up", hard=True)), r"out.* at byte \d"),
    "a hard link out, within": (lambda: within(tar(link("out", "../up", hard=True))), "out"),
    "a file behind a file": (lambda: within(tar(file("d"), file("d/passwd", b"x"))), "d/passwd"),
    "a device, around": (lambda: around(special("dev", tarfile.CHRTYPE)), r"dev.* at byte \d"),
    "a pipe, around": (lambda: around(special("pipe", tarfile.FIFOTYPE)), r"pipe.* at byte \d"),
    "a name that is there twice, around": (lambda: around(file("oci-layout", b"{}")), r"oci-layout.* at byte \d"),
    "a name that is there twice, within": (lambda: within(tar(file("a", b"1"), file("a", b"2"))), r"a\b"),
    "a size that lies, around": (lambda: _ended(around()) + _raw(b"0", b"x", 5000), r"raw.* at byte \d"),
    "a size that lies, within": (lambda: within(tar(SOUND)[:1024] + _raw(b"0", b"x", 5000)), "raw"),
    "a blob's size that lies": (lambda: _with(_wrong_size), "sha256:"),
    "a negative size, around": (lambda: _ended(around()) + _negative(), r"at byte \d"),
    "a negative size, within": (lambda: within(_negative()), r"at byte \d"),
    "a sparse member, around": (lambda: around(_huge()), r"huge.* at byte \d"),
    "a sparse file of an exabyte, within": (lambda: within(tar(_huge())), "huge"),
    "a PAX name that climbs": (lambda: within(tar(_pax("a", path="../../up"))), r"\.\./up"),
    "a PAX size that lies": (lambda: within(tar(_pax("a", size=str(1 << 50)))), "a"),
    "a PAX header of 2 MB": (lambda: within(_raw(b"x", b" " * (2 << 20))), r"at byte \d"),
    "a PAX header that is none": (lambda: within(_raw(b"x", b"9999 a=b\n")), r"at byte \d"),
    "extension headers without end": (lambda: within(_raw(b"x", b"8 a=bcd\n") * 50), r"at byte \d"),
    "a GNU name that climbs": (lambda: within(_raw(b"L", b"../../up\0") + tar(file("a", b"x"))), r"\.\./up"),
    "a GNU name of 1 GB": (lambda: within(_raw(b"L", b"x", GB)), r"at byte \d"),
    "a tar packed twice": (lambda: packed(packed(around(), "gz"), "gz"), "gzip data of something that is not a tar"),
    "a layer packed twice": (lambda: within(packed(tar(SOUND), "gz"), "gz"), "packed twice"),
    "an archive in an archive's zip": (lambda: zipped({"a.zip": zipped({"b.tar": around()})}), "a.zip is a zip"),
    "a manifest beyond all bounds": (lambda: _with(_large_manifest), "sha256:"),
    "a layer of another digest": (lambda: _with(_other_digest), "sha256:"),
    "an index that leads to itself": (lambda: _with(_cyclic), "sha256:"),
    "cut in the first header": (lambda: around()[:300], "a tar cut inside its first header"),
    "cut in a header": (lambda: _ended(around()) + bytes(b"x" * 300), r"at byte \d"),
    "cut in a layer": (lambda: _cut(""), r"at byte \d"),
    "cut in gzip": (lambda: _cut("gz"), r"at byte \d"),
    "cut in zstd": (lambda: _cut("zst"), r"at byte \d"),
    "a bomb around": (lambda: packed(around(file("zeros", bytes(20 << 20))), "gz"), "as a bomb would"),
    "a bomb within": (lambda: within(tar(file("zeros", bytes(20 << 20))), "gz"), "as a bomb would"),
}


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to stand in, with the index beside it; afterwards only the archive is in the folder, and no part."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield here
    assert [one.name for one in here.iterdir()] == ["archive"]
    assert {one.name for one in tmp_path.iterdir()} - {"cache"} == {"here"}
    assert all(one.suffix == ".sqlite3" for one in (tmp_path / "cache").rglob("*.*"))


@pytest.mark.parametrize("name", CORPUS)
def test_the_hostile_corpus(
    name: str, alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Verified or listed, each ends with 1 and one that has an image shows its sound part."""
    monkeypatch.setattr(unpacking, "FREE", 1 << 20)
    make, place = CORPUS[name]
    (alone / "archive").write_bytes(make())
    told = ""
    shown: list[str] = []
    for words in (["show", "--verify"], ["tree"]):
        code = run(["archive", *words, "archive", "--json"])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        document = json.loads(said.out) if said.out else {"items": []}
        shown += [one["path"] for one in document["items"]]
        told += said.err * (code == 1)
    assert re.search(place, told), told
    assert ({"archive", "sound"} <= set(shown)) is (name not in NOTHING_SOUND)
