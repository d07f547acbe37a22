"""Images moved between archives and real engines of both stores."""

import gzip
import http.client
import json
import os
import re
import socket
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.archives.engine_image import EngineImage, Loaded
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources import engine_images
from dockcache_tui.sources.archives.local import LocalArchives
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.engine_images import EngineImages
from engine.archive_making import Maker, in_zip
from engine.archive_truth import Plain
from engine.docker_words import docker
from sources.layout_making import as_folder as write_folder
from sources.layout_making import flat

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

DOCKERFILE = "FROM scratch AS base\nCOPY base /base\nFROM base\nCOPY a /a\nENV X=1\nCOPY b /b\n"
Packing = Callable[[Path, Path], Path]
"""Packs an archive in some way into a folder."""
FRESH, KEPT = (True, False, None, False), (True, True, None, True)


class Oven:
    """Makes archives of an image that no engine ever had but for the base's layer, each kind once."""

    def __init__(self, engine: Engine, builder: str, folder: Path) -> None:
        """Build with a builder that keeps no images."""
        self._engine, self._builder, self._folder = engine, builder, folder
        self.tag = f"dockcache-moving-{uuid4().hex[:8]}:1"
        self._readied: list[Engine] = []
        (folder / "context").mkdir()
        (folder / "context" / "Dockerfile").write_text(DOCKERFILE)
        (folder / "context" / "base").write_bytes(os.urandom(100_000))

    @property
    def base(self) -> str:
        """Return the name of the image that the others are on."""
        return f"{self.tag}-base"

    def archive(self, kind: str = "docker", *words: str, batch: str = "1", name: str = "") -> Path:
        """Return the archive of a kind; another batch has other layers but the base's under the same name."""
        path = self._folder / re.sub(r"\W+", "-", "-".join((kind, *words, batch)))
        if not path.exists():
            for file in "ab":
                (self._folder / "context" / file).write_bytes(os.urandom(100_000))
            output = f"type={kind},name=docker.io/library/{name or self.tag},dest={path}"
            options = ("--builder", self._builder, "--network", "none", "--provenance", "false", "--output", output)
            docker(self._engine, "buildx", "build", *options, *words, str(self._folder / "context"))
        return path

    def made(self) -> list[list[str]]:
        """Return the layers of the images of one platform that were made."""
        return [diff_ids(path) for path in self._folder.glob("docker-*")]

    def ready(self, engine: Engine) -> None:
        """See to it that an engine has the base."""
        if not docker(engine, "image", "ls", "--quiet", self.base):
            path = self.archive("docker", "--target", "base", batch="0", name=self.base)
            docker(engine, "image", "load", "--input", str(path))
            self._readied.append(engine)

    def clear(self) -> None:
        """Take the base away from the engines that got it."""
        for engine in self._readied:
            docker(engine, "image", "rm", "--force", self.base)


@pytest.fixture(scope="module")
def oven(engine: Engine, container_builder: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oven]:
    """What makes archives for all tests of this module."""
    made = Oven(engine, container_builder, tmp_path_factory.mktemp("oven"))
    yield made
    made.clear()


@dataclass(frozen=True)
class Shelf:
    """An engine, and what makes archives of an image that it has not."""

    engine: Engine
    oven: Oven

    @property
    def images(self) -> EngineImages:
        """Return what is tested."""
        return EngineImages(Docker(self.engine.variables))

    @property
    def tag(self) -> str:
        """Return the image's name."""
        return self.oven.tag

    def layers(self) -> list[str]:
        """Return the layers of the image as the engine tells them."""
        (found,) = json.loads(docker(self.engine, "image", "inspect", self.tag))
        layers: list[str] = found["RootFS"]["Layers"]
        return layers

    def loaded(self, path: Path) -> tuple[Loaded, list[tuple[bool | None, ...]]]:
        """Load an archive, and return the outcome with what was there of each image."""
        outcome = self.images.load(path)
        return outcome, [one.there for one in outcome.images]

    def clear(self) -> None:
        """Take the image away, and what a name of it meant before."""
        ours = {image.id for image in self.images.all() if self.tag in image.names or self.oven_made(image)}
        if ours:
            docker(self.engine, "image", "rm", "--force", *ours)

    def oven_made(self, image: EngineImage) -> bool:
        """Tell whether a nameless image is one of ours: a name that moved left it behind."""
        return not image.names and list(image.diff_ids) in self.oven.made()


@pytest.fixture(params=[False, True], ids=["containerd", "graph"])
def shelf(request: pytest.FixtureRequest, maker: Maker, oven: Oven) -> Iterator[Shelf]:
    """A shelf for each store."""
    if not request.param:
        maker.needs_containerd()
    made = Shelf(maker.engine_of(graph=request.param), oven)
    oven.ready(made.engine)
    yield made
    made.clear()


def diff_ids(path: Path) -> list[str]:
    """Return the digests of an archive's one image's layers."""
    (image,) = (one for one in LocalArchives().read(path).images if not one.attestation_of and not one.missing)
    return [layer.diff_id for layer in image.layers if not layer.empty]


def test_loading_tells_what_was_there(shelf: Shelf) -> None:
    """The base's layer is there before, then all are; the image is the archive's, and its name is told."""
    path = shelf.oven.archive()
    told: list[tuple[int, int]] = []
    outcome = shelf.images.load(path, lambda *state: told.append(state))
    assert [one.there for one in outcome.images] == [FRESH]
    assert (outcome.names, outcome.moved, outcome.new, outcome.kept) == ((shelf.tag,), (), 2, 1)
    assert told == sorted(told)
    assert told[-1] == (path.stat().st_size,) * 2
    assert shelf.layers() == diff_ids(path)
    outcome, there = shelf.loaded(path)
    assert (there, outcome.moved, outcome.new, outcome.kept) == ([KEPT], (), 0, 3)


def test_a_name_that_moves_is_told(shelf: Shelf) -> None:
    """When the archive's name means another image of the engine, that is told."""
    shelf.loaded(shelf.oven.archive())
    outcome, there = shelf.loaded(shelf.oven.archive(batch="2"))
    assert (outcome.moved, there) == ((shelf.tag,), [FRESH])


def as_folder(path: Path, to: Path) -> Path:
    """Unpack."""
    with tarfile.open(path) as tar:
        tar.extractall(to / "folder", filter="data")
    for file in (to / "folder").rglob("*"):
        os.utime(file)  # a zip can't tell of 1970
    return to / "folder"


def packed(pack: Callable[[bytes], bytes]) -> Packing:
    """Return what packs an archive."""

    def make(path: Path, to: Path) -> Path:
        (to / "packed").write_bytes(pack(path.read_bytes()))
        return to / "packed"

    return make


def zipped(inner: Packing) -> Packing:
    """Return what puts an archive into an artifact's zip."""

    def make(path: Path, to: Path) -> Path:
        in_zip(inner(path, to), to / "artifact.zip")
        return to / "artifact.zip"

    return make


def plain(path: Path, to: Path) -> Path:  # noqa: ARG001
    """Leave it as it is."""
    return path


PACKINGS: dict[str, tuple[str, Packing]] = {
    "docker tar.zst": ("docker", packed(zstd.compress)),
    "docker folder": ("docker", as_folder),
    "oci tar": ("oci", plain),
    "oci tar.gz": ("oci", packed(gzip.compress)),
    "oci zip of tar.gz": ("oci", zipped(packed(gzip.compress))),
    "oci zip of folder": ("oci", zipped(as_folder)),
}


@pytest.mark.parametrize(
    ("shelf", "packing"),
    # The containerd store is given most of them as they are.
    [
        *((False, packing) for packing in ("docker tar.zst", "docker folder", "oci zip of tar.gz")),
        *((True, one) for one in PACKINGS),
    ],
    indirect=["shelf"],
)
def test_every_packing_is_loaded(shelf: Shelf, packing: str, tmp_path: Path) -> None:
    """Tars, packed ones, folders and artifacts' zips of both layouts become the image with its layers and name."""
    kind, pack = PACKINGS[packing]
    path = pack(shelf.oven.archive(kind), tmp_path)
    outcome, there = shelf.loaded(path)
    assert (outcome.names, there) == ((shelf.tag,), [FRESH])
    assert shelf.layers() == diff_ids(path)


def skopeo(path: Path, to: Path) -> Path:
    """Lay an image out as skopeo's `dir:`."""
    write_folder(flat(dict(Plain.of(path).files)), to / "dir")
    return to / "dir"


def podman(path: Path, to: Path) -> Path:
    """Lay an image out as podman's docker-dir: with Docker's media types."""
    files = flat(dict(Plain.of(path).files))
    manifest = json.loads(files["manifest.json"])
    manifest["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
    manifest["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
    for layer in manifest["layers"]:
        layer["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    write_folder({**files, "manifest.json": json.dumps(manifest).encode()}, to / "docker-dir")
    return to / "docker-dir"


FLAT: dict[str, tuple[str, tuple[str, ...], Packing]] = {
    "skopeo": ("oci", (), skopeo),
    "podman": ("oci", (), podman),
    "zip of skopeo": ("oci", (), zipped(skopeo)),
    "skopeo, zstd": ("oci,compression=zstd,force-compression=true", (), skopeo),
    "skopeo, plain": ("oci,compression=uncompressed,force-compression=true", (), skopeo),
    "skopeo, two platforms": ("oci", ("--platform", "linux/arm64,linux/amd64"), skopeo),
}


@pytest.mark.parametrize(
    "packing", [pytest.param(one, marks=[pytest.mark.matrix] * (one not in {"skopeo", "podman"})) for one in FLAT]
)
def test_a_flat_image_is_loaded(shelf: Shelf, packing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What skopeo and podman keep in a folder becomes the image, told by its digest since a folder keeps no name."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kind, words, pack = FLAT[packing]
    path = pack(shelf.oven.archive(kind, *words), tmp_path)
    outcome, there = shelf.loaded(path)
    (name,) = outcome.names
    try:
        (found,) = json.loads(docker(shelf.engine, "image", "inspect", name))
        (own,) = (one.image for one in outcome.images)
        assert there == [FRESH]
        assert found["RootFS"]["Layers"] == [layer.diff_id for layer in own.layers if not layer.empty]
        assert f"{found['Os']}/{found['Architecture']}" == own.platform
        container = docker(shelf.engine, "create", "--network", "none", name, "/a").strip()
        docker(shelf.engine, "cp", f"{container}:/a", str(tmp_path / "a"))
        docker(shelf.engine, "rm", container)
        with closing(LocalArchives()) as archives:
            assert (tmp_path / "a").read_bytes() == archives.content(path, own.digest, "a", limit=1 << 20)
    finally:
        docker(shelf.engine, "image", "rm", "--force", name)


def test_of_several_platforms_the_engines_own(shelf: Shelf) -> None:
    """An engine that keeps one platform gets its own from an OCI layout of several."""
    path = shelf.oven.archive("oci", "--platform", "linux/arm64,linux/amd64")
    own = f"linux/{'arm64' if os.uname().machine == 'aarch64' else 'amd64'}"
    (image,) = (one for one in LocalArchives().read(path).images if one.platform == own)
    outcome, _ = shelf.loaded(path)
    assert outcome.names == (shelf.tag,)
    assert image in [one.image for one in outcome.images]
    assert shelf.layers() == [layer.diff_id for layer in image.layers if not layer.empty]


def test_several_images_of_one_layout(shelf: Shelf, tmp_path: Path) -> None:
    """Each image of an OCI layout is loaded under its own name."""
    manifests = []
    names = [shelf.tag, f"{shelf.tag}-second"]
    for batch, name in enumerate(names, 1):
        folder = as_folder(shelf.oven.archive("oci", batch=str(batch)), tmp_path)
        (manifest,) = json.loads((folder / "index.json").read_text())["manifests"]
        manifests.append(manifest | {"annotations": {"io.containerd.image.name": f"docker.io/library/{name}"}})
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    try:
        outcome, there = shelf.loaded(folder)
        assert (set(outcome.names), there) == (set(names), [FRESH, FRESH])
    finally:
        docker(shelf.engine, "image", "rm", "--force", names[1])


def loading(engine: Engine, path: Path) -> list[str]:
    """Load over the engine's API, and return the beginnings of the layers that it says it loads."""
    connection = http.client.HTTPConnection("localhost", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(engine.variables.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))
    connection.request("POST", "/images/load?quiet=0", path.read_bytes(), {"Content-Type": "application/x-tar"})
    said = [json.loads(line) for line in connection.getresponse().read().splitlines()]
    connection.close()
    return list(dict.fromkeys(one["id"] for one in said if one.get("status") == "Loading layer"))


@pytest.mark.parametrize("shelf", [True], ids=["graph"], indirect=True)  # containerd's store does not tell
def test_what_the_older_store_loads_is_what_was_not_there(shelf: Shelf) -> None:
    """The layers that the engine itself says it loads are those that we would have called new."""
    path = shelf.oven.archive()
    base, *fresh = diff_ids(path)
    assert [one.removeprefix("sha256:")[:12] for one in fresh] == loading(shelf.engine, path)
    _, there = shelf.loaded(path)
    assert there == [KEPT]
    assert loading(shelf.engine, path) == []
    assert base not in fresh


def test_saving(shelf: Shelf, tmp_path: Path) -> None:
    """A saved image is a whole archive with the same layers; nothing is written over unasked, or left beside it."""
    first = shelf.oven.archive()
    shelf.loaded(first)
    to = tmp_path / "out" / "image.tar"
    told: list[tuple[int, int]] = []
    assert shelf.images.save(shelf.tag, to, lambda *state: told.append(state)) == to
    read = LocalArchives().read(to)
    assert (read.faults, diff_ids(to)) == ((), diff_ids(first))
    assert told[-1][0] == to.stat().st_size
    with pytest.raises(UsageError, match="there already"):
        shelf.images.save(shelf.oven.base, to)
    assert diff_ids(to) == diff_ids(first)
    shelf.images.save(shelf.oven.base, to, replace=True)
    assert diff_ids(to) == diff_ids(first)[:1]
    assert list(to.parent.iterdir()) == [to]


class EnoughError(Exception):
    """What a test ends a transfer with."""


def enough(_: int, __: int) -> None:
    """End the transfer."""
    raise EnoughError


def test_what_ends_early_leaves_nothing(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transfer that is ended from outside, or an image that is not there, leaves no file and no image."""
    path = shelf.oven.archive()
    monkeypatch.setattr(engine_images, "_PIECE", 4096)  # it ends long before the engine has all
    with pytest.raises(EnoughError):
        shelf.images.load(path, enough)
    assert all(shelf.tag not in one.names for one in shelf.images.all())
    out = tmp_path / "out"
    with pytest.raises(EnoughError):
        shelf.images.save(shelf.oven.base, out / "image.tar", enough)
    for name in ("no/such:image", "-o", "--help"):
        with pytest.raises(SourceError):
            shelf.images.save(name, out / "image.tar")
    assert not out.exists() or list(out.iterdir()) == []


@pytest.mark.parametrize("damage", ["a layer is missing", "cut"])
def test_a_damaged_archive_is_refused(shelf: Shelf, damage: str, tmp_path: Path) -> None:
    """One that lacks a layer, or is cut, loads nothing, and the error says what is missing."""
    path = shelf.oven.archive()
    if damage == "cut":
        content = path.read_bytes()
        path = tmp_path / "cut.tar"
        path.write_bytes(content[: len(content) - 120_000])
    else:
        path = as_folder(path, tmp_path)
        (path / json.loads((path / "manifest.json").read_text())[0]["Layers"][-1]).unlink()
    with pytest.raises(ArchiveError, match=r"not in the archive|cut"):
        shelf.images.load(path)
    assert all(shelf.tag not in one.names for one in shelf.images.all())


def test_what_is_no_image(shelf: Shelf, tmp_path: Path) -> None:
    """A build's cache is no image, and says so before anything is sent."""
    cache = tmp_path / "cache"
    shelf.oven.archive("docker", "--cache-to", f"type=local,dest={cache},mode=max", batch=tmp_path.name)
    with pytest.raises(UsageError, match="build cache and holds no image"):
        shelf.images.load(cache)


def test_the_list_is_the_engines(shelf: Shelf) -> None:
    """Every image of the engine is there once, with its names and layers."""
    shelf.loaded(shelf.oven.archive())
    docker(shelf.engine, "tag", shelf.tag, f"{shelf.tag}-again")
    try:
        (found,) = (one for one in shelf.images.all() if shelf.tag in one.names)
        assert set(found.names) == {shelf.tag, f"{shelf.tag}-again"}
        assert list(found.diff_ids) == shelf.layers()
    finally:
        docker(shelf.engine, "image", "rm", f"{shelf.tag}-again")


def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    """Without an engine each says that docker is not running, and leaves nothing."""
    images = EngineImages(Docker({**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}))
    with pytest.raises(SourceError, match="connect"):
        images.all()
    with pytest.raises(SourceError):
        images.save("image", tmp_path / "image.tar")
    assert list(tmp_path.iterdir()) == []


def test_the_commands(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`archive load` tells each layer and each name, `archive save` prints the file and refuses to write over one."""
    for name, value in shelf.engine.environment.items():
        monkeypatch.setenv(name, value)
    path = str(shelf.oven.archive())
    assert run(["archive", "load", path, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert tuple(item["there"] for item in document["items"]) == FRESH
    assert document["totals"] == {"names": [shelf.tag], "moved": [], "new": 2, "kept": 1}
    assert run(["archive", "load", path]) == 0
    told = capsys.readouterr()
    assert told.out.count("there already") == 3
    assert "0 new layers, 3 there already." in told.err
    to = tmp_path / "saved.tar"
    assert run(["archive", "save", shelf.tag, str(to)]) == 0
    assert capsys.readouterr().out == f"{to}\n"
    assert diff_ids(to) == diff_ids(Path(path))
    assert run(["archive", "save", shelf.tag, str(to)]) == 2
    assert run(["archive", "save", "no/such:image", str(tmp_path / "other.tar")]) == 3
    assert "No such image" in capsys.readouterr().err
    assert not (tmp_path / "other.tar").exists()
