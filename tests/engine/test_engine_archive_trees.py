"""The files of archives against those of real containers of the same images."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.archives.archive import Fault
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, LayerChange, TreeEntry
from dockcache_tui.sources.protocols import Archives
from engine.archive_making import Maker
from engine.archive_recipes import MULTI_IMAGES
from engine.archive_sources import WASTED
from engine.archive_truth import ENGINES_OWN, Fact, Plain, digest, stored

LAYERED = ("save", "save-graph", "save-gz", "save-graph-zst", "docker-docker", "docker-oci", "container-docker")
COMPRESSED = ("container-gzip", "container-zstd", "container-plain", "container-estargz")


@pytest.fixture
def seen(maker: Maker, archives: Archives) -> "Seen":
    """An archive by name, as our reading sees it."""
    return Seen(maker, archives)


@pytest.mark.parametrize("name", [*LAYERED, *COMPRESSED])
def test_layers_that_delete_and_overwrite(name: str, seen: "Seen") -> None:
    """The tree is the container's: paths, kinds, modes, owners, sizes, times, links and contents, from any exporter."""
    assert seen.differences(name) == {}
    assert seen.faults(name) == ()


@pytest.mark.parametrize("name", ["golang", "app", "app-graph", "old-graph"])
def test_other_images_of_real_engines(name: str, seen: "Seen") -> None:
    """A base of thousands of files, the sample program in either store, and an old layout are what containers have."""
    assert seen.differences(name) == {}
    assert seen.faults(name) == ()
    assert len(seen.tree(name)) > (5000 if name == "golang" else 0)


@pytest.mark.parametrize("name", [*LAYERED, *COMPRESSED, "golang"])
def test_wasted_bytes(name: str, seen: "Seen", maker: Maker) -> None:
    """What is wasted is what the layers store and a container does not have."""
    path, image = seen.only(name)
    plain = Plain.of(path)
    _, held = maker.holds(name)
    kept = stored(plain.blobs[layer["digest"]] for layer in plain.images()[image]["layers"])
    wasted = sum(entry.wasted for entry in seen.children(name))
    assert wasted == kept - held
    assert wasted == WASTED or name == "golang"
    assert sum(entry.size for entry in seen.children(name)) == held


@pytest.mark.parametrize("name", ["save", "save-graph"])
def test_what_a_layer_did(name: str, seen: "Seen") -> None:
    """The second of three layers adds, changes and removes, told by single whiteouts or by an opaque folder."""
    layer = seen.layers(name)[2]
    assert seen.changes(name, "data", layer) == {
        **dict.fromkeys(("gone", "first"), LayerChange.REMOVED),
        **dict.fromkeys(("over", "turns", "dir", "folds", "to-folder"), LayerChange.CHANGED),
    }
    within = {"x": LayerChange.REMOVED, "y": LayerChange.REMOVED, "w": LayerChange.ADDED}
    assert seen.changes(name, "data/dir", layer) == within
    assert seen.changes(name, "data/turns", layer) == {"inside": LayerChange.ADDED}


@pytest.mark.parametrize("name", ["save", "save-graph-zst", "container-zstd"])
def test_contents(name: str, seen: "Seen", archives: Archives, tmp_path: Path) -> None:
    """A file's first bytes are those of the layer that wrote it last, and all of it is saved where told."""
    where = seen.only(name)
    assert archives.content(*where, "data/over", limit=10) == b"new\nnew\nne"
    assert archives.content(*where, "data/second", limit=1000) == b"first\n" * 116 + b"firs"
    saved = archives.save(*where, "data/hard", tmp_path)
    assert saved == tmp_path / "hard"
    assert saved.read_bytes() == b"hard\n" * 400
    found = archives.search(*where, "inside")
    assert [one.entry.path for one in found] == ["data/turns/inside"]


def test_search_among_thousands(seen: "Seen", maker: Maker, archives: Archives) -> None:
    """All paths of a container that hold a text, in whatever case, are found, up to the limit."""
    where, (theirs, _) = seen.only("golang"), maker.holds("golang")
    real = {path for path in theirs.keys() - ENGINES_OWN if "reader" in path.lower()}
    assert len(real) > 5
    assert {one.entry.path for one in archives.search(*where, "Reader")} == real
    assert len(archives.search(*where, "reader", limit=3)) == 3


@pytest.mark.parametrize("name", MULTI_IMAGES)
def test_each_platform_has_files_of_its_own(name: str, maker: Maker, archives: Archives) -> None:
    """The file that was built for a platform is in that platform's tree."""
    path = maker.archive(name)
    images = {one.platform: one.digest for one in archives.read(path).images if not one.attestation_of}
    words = {platform: archives.content(path, image, "word", limit=100) for platform, image in images.items()}
    assert words == {"linux/amd64": b"amd64", "linux/arm64": b"arm64", "linux/arm/v7": b"arm"}
    assert {archives.content(path, image, "same", limit=100) for image in images.values()} == {b"same"}


def test_tree_prints_what_a_container_holds(
    seen: "Seen",
    maker: Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`archive tree --json` lists the container's files with their digests, and the bytes wasted in all."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path, _ = seen.only("save-graph-zst")
    assert run(["archive", "tree", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    theirs, held = maker.holds("save-graph-zst")
    files = {
        one["path"]: one["digest"] for one in told["items"] if one["kind"] == "file" and one["change"] != "removed"
    }
    for name in ("data/hard", "data/second"):  # the first of a file's names, and what is left of another's
        files.setdefault(name, theirs[name].digest)
    real = {path: fact.digest for path, fact in theirs.items() if fact.kind == "file" and path not in ENGINES_OWN}
    assert files == real
    assert (told["totals"]["size"], told["totals"]["wasted"]) == (held, WASTED)


class Seen:
    """Archives as our reading sees them."""

    def __init__(self, maker: Maker, archives: Archives) -> None:
        """Read what is made."""
        self._maker = maker
        self._archives = archives

    def only(self, name: str) -> tuple[Path, str]:
        """Return an archive and the digest of the only image in it."""
        path = self._maker.archive(name)
        (image,) = (one for one in self._archives.read(path).images if not one.attestation_of)
        return path, image.digest

    def faults(self, name: str) -> tuple[Fault, ...]:
        """Return what reading the files found wrong."""
        return self._archives.contents(*self.only(name)).faults

    def children(self, name: str, folder: str = "", layer: str = "") -> tuple[TreeEntry, ...]:
        """Return what is in a folder."""
        return self._archives.children(*self.only(name), folder, layer=layer)

    def layers(self, name: str) -> list[str]:
        """Return the digests of its layers that have files."""
        path, image = self.only(name)
        (found,) = (one for one in self._archives.read(path).images if one.digest == image)
        return [layer.digest for layer in found.layers if not layer.empty]

    def changes(self, name: str, folder: str, layer: str) -> dict[str, LayerChange]:
        """Return what a layer did to what is in a folder, but for what it left the same."""
        below = self.children(name, folder, layer)
        paths = ((one.entry.path.rpartition("/")[2], one.change) for one in below)
        return {path: change for path, change in paths if change is not LayerChange.SAME}

    def tree(self, name: str) -> dict[str, Fact]:
        """Return what a container would see."""
        path, image = self.only(name)
        entries = [one.entry for one in self._walk(path, image, "") if one.change is not LayerChange.REMOVED]
        return {entry.path: self._fact(path, image, entry) for entry in entries}

    def differences(self, name: str) -> dict[str, tuple[Fact | None, Fact | None]]:
        """Return our fact and the container's where they are not equal; what an engine adds is not the image's."""
        ours, (theirs, _) = self.tree(name), self._maker.holds(name)
        paths = (ours.keys() | theirs.keys()) - ENGINES_OWN
        pairs = {path: (ours.get(path), theirs.get(path)) for path in sorted(paths)}
        return {path: (mine, real) for path, (mine, real) in pairs.items() if mine != real}

    def _walk(self, path: Path, image: str, folder: str) -> Iterator[TreeEntry]:
        for child in self._archives.children(path, image, folder):
            yield child
            if child.children:
                yield from self._walk(path, image, child.entry.path)

    def _fact(self, path: Path, image: str, entry: FileEntry) -> Fact:
        kind, size, link, content = entry.kind.value, entry.size, entry.link, entry.digest
        if entry.kind is FileKind.HARDLINK:
            whole = self._archives.content(path, image, entry.path, limit=1 << 20)
            kind, size, link, content = "file", len(whole), "", digest(whole)
        changed = entry.modified_at if entry.kind is not FileKind.FOLDER else None
        seconds = changed.ns // 10**9 if changed else None
        mode = 0o777 if entry.kind is FileKind.SYMLINK else entry.mode  # Linux keeps no other, whatever a header says
        return Fact(kind, mode, entry.uid, entry.gid, size, link, content, seconds)
