"""Archives that real engines and builders wrote, read without them: images, layers, blobs."""

import json
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.archives.archive import ArchiveKind
from dockcache_tui.sources.archives.reading import verify_archive
from dockcache_tui.sources.protocols import Archives
from engine.archive_making import Maker, in_zip
from engine.archive_recipes import IMAGES, MULTI_IMAGES
from engine.archive_sources import PLATFORMS, REVISION
from engine.archive_truth import Plain, digest, unpacked
from engine.docker_words import docker

WITH_V1 = {name for name in IMAGES if "save-graph" in name}
"""The archives of engines without containerd's store, which write more than an index leads to."""
PACKINGS = {"save-gz": "tar.gz", "save-graph-zst": "tar.zst", "container-folder": "folder"}


@pytest.mark.parametrize("name", IMAGES)
def test_every_layer_is_as_it_was_written(name: str, maker: Maker) -> None:
    """Each image's layers are those of its manifest and config, in order, and their bytes have the digests shown."""
    path = maker.archive(name)
    plain = Plain.of(path)
    read = verify_archive(path)
    assert read.faults == ()
    assert (read.kind, read.packing) == (ArchiveKind.OCI, "folder" if path.is_dir() else PACKINGS.get(name, "tar"))
    images = {image.digest: image for image in read.images if not image.attestation_of}
    written = plain.images()
    assert images.keys() == written.keys()
    for key, manifest in written.items():
        shown = [(one.digest, one.size, one.diff_id, one.created_by, one.empty) for one in images[key].layers]
        assert shown == list(plain.layers(manifest))
        for layer in images[key].layers:
            assert not layer.missing
            if not layer.empty:
                content = plain.blobs[layer.digest]
                assert (digest(content), digest(unpacked(content))) == (layer.digest, layer.diff_id)
                assert layer.unpacked_size == len(unpacked(content))


@pytest.mark.parametrize("name", IMAGES)
def test_every_blob_is_named(name: str, maker: Maker, archives: Archives) -> None:
    """All blobs are there, each with its size; an index leads to each, or it is Docker's JSON of a layer."""
    path = maker.archive(name)
    plain = Plain.of(path)
    shown = {blob.digest: (blob.size, blob.named) for blob in archives.read(path).blobs}
    assert shown == {key: (len(content), True) for key, content in plain.blobs.items()}
    assert (plain.blobs.keys() > plain.named()) == (name in WITH_V1)


@pytest.mark.parametrize("name", ["save", "save-graph"])
def test_created_by_is_the_engines_own_word(name: str, maker: Maker, archives: Archives) -> None:
    """`docker history` and `docker image inspect` say the same of the image that was saved."""
    graph = name == "save-graph"
    engine, tag = maker.engine_of(graph=graph), maker.image("layers", graph=graph)
    read = archives.read(maker.archive(name))
    (image,) = (one for one in read.images if not one.attestation_of)
    history = docker(engine, "history", "--no-trunc", "--format", "{{json .CreatedBy}}", tag)
    assert [layer.created_by for layer in reversed(image.layers)] == [json.loads(line) for line in history.splitlines()]
    (inspected,) = json.loads(docker(engine, "image", "inspect", tag))
    assert [layer.diff_id for layer in image.layers if not layer.empty] == inspected["RootFS"]["Layers"]
    assert dict(image.labels) == inspected["Config"]["Labels"]
    assert image.platform == f"{inspected['Os']}/{inspected['Architecture']}"
    assert image.revision == REVISION
    assert any(tag in one for one in image.names)
    assert str(image.created_at).startswith(inspected["Created"][:19])


def test_the_layout_of_older_engines(maker: Maker, archives: Archives) -> None:
    """Without an index the same image is read from manifest.json; its digest is its config's."""
    (image,) = archives.read(maker.archive("save-graph")).images
    read = verify_archive(maker.archive("old-graph"))
    (old,) = read.images
    assert (read.kind, read.packing, read.faults) == (ArchiveKind.DOCKER, "tar", ())
    told = [(one.digest, one.size, one.diff_id, one.created_by, one.empty) for one in old.layers]
    assert told == [(one.digest, one.size, one.diff_id, one.created_by, one.empty) for one in image.layers]
    assert (old.platform, old.labels, old.revision) == (image.platform, image.labels, image.revision)
    engine, tag = maker.engine_of(graph=True), maker.image("layers", graph=True)
    assert docker(engine, "image", "inspect", "--format", "{{.Id}}", tag).strip() == old.digest
    assert all(blob.named for blob in read.blobs)


@pytest.mark.parametrize("name", MULTI_IMAGES)
def test_platforms_behind_one_index(name: str, maker: Maker, archives: Archives) -> None:
    """Every platform is an image with its own layer and the shared one, and attestations name what they are about."""
    read = archives.read(maker.archive(name))
    images = {image.platform: image for image in read.images if not image.attestation_of}
    assert tuple(images) == PLATFORMS
    assert len({image.layers[-1].digest for image in images.values()}) == 1
    assert len({image.layers[-2].digest for image in images.values()}) == len(PLATFORMS)
    attestations = [image.attestation_of for image in read.images if image.attestation_of]
    assert sorted(attestations) == sorted(image.digest for image in images.values())


@pytest.mark.parametrize("name", ["save", "save-graph", "save-gz", "container-folder", "container-multi"])
def test_an_archive_inside_a_zip(name: str, maker: Maker, archives: Archives, tmp_path: Path) -> None:
    """A zip around an archive changes its packing only."""
    inner = maker.archive(name)
    path = tmp_path / "artifact.zip"
    in_zip(inner, path)
    direct, inside = archives.read(inner), archives.read(path)
    assert inside.faults == ()
    assert inside.images == direct.images
    assert {blob.digest for blob in inside.blobs} == {blob.digest for blob in direct.blobs}
    assert (inside.kind, inside.packing) == (direct.kind, f"{direct.packing} in zip")
    assert inside.size == path.stat().st_size


def test_archives_are_found_by_content(maker: Maker, archives: Archives) -> None:
    """Whatever they are called, all are found in their folder, and the folders they were built from are not."""
    names = ("save", "save-graph", "save-gz", "save-graph-zst", "container-zstd", "container-folder")
    made = {maker.archive(name) for name in names}
    found = set(archives.find(maker.folder))
    assert made <= found
    assert not any(path.name.endswith("-context") for path in found)


@pytest.mark.parametrize("name", ["save", "save-graph-zst", "container-multi-folder"])
def test_show_prints_the_same(name: str, maker: Maker, archives: Archives, capsys: pytest.CaptureFixture[str]) -> None:
    """`archive show --verify --json` lists the images that were read."""
    path = maker.archive(name)
    assert run(["archive", "show", str(path), "--verify", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    (item,) = shown["items"]
    read = archives.read(path)
    assert [image["digest"] for image in item["images"]] == [image.digest for image in read.images]
    layers = [[layer["digest"] or "" for layer in image["layers"]] for image in item["images"]]
    assert layers == [[layer.digest for layer in image.layers] for image in read.images]
