"""What an archive holds, read the same whatever its layout and packing."""

import io
import json
import tarfile
from hashlib import sha512
from pathlib import Path

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveError, ArchiveKind
from dockcache_tui.core.archives.name import image_of
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.archives.blobs import open_blobs
from dockcache_tui.sources.archives.reading import read_archive, verify_archive
from sources.layout_making import (
    CONFIG,
    CREATED,
    LAYER,
    MANIFEST,
    PACKINGS,
    Files,
    Layout,
    config_of,
    digest_of,
    json_of,
    layer_tar,
    packed,
    path_of,
    sample,
    saved,
    tar_of,
    zipped,
)

ONE, TWO = layer_tar(a="one"), layer_tar(b="two")


def read(files: Files, folder: Path, packing: str = "tar") -> Archive:
    """Write an archive and read it."""
    path = folder / "archive"
    PACKINGS[packing](files, path)
    return read_archive(path)


@pytest.mark.parametrize(
    ("packing", "files"),
    [
        *((packing, sample()) for packing in PACKINGS),
        *((packing, saved(ONE, TWO)) for packing in PACKINGS if packing != "folder in zip, deeper"),
    ],
)
def test_every_packing_tells_the_same(packing: str, files: Files, tmp_path: Path) -> None:
    """Folder, tar, packed tar or zip around them: images, blobs and the missing of faults are the same."""
    plain = read(files, tmp_path)
    (tmp_path / "archive").unlink()
    other = read(files, tmp_path, packing)
    assert other.packing == packing.partition(",")[0]
    assert not other.faults
    assert other.images == plain.images
    assert set(other.blobs) == set(plain.blobs)


@pytest.mark.parametrize("packing", PACKINGS)
def test_every_blob_comes_out_as_it_went_in(packing: str, tmp_path: Path) -> None:
    """Each blob is read one by one in any order, and all in one pass, with the bytes of its digest."""
    PACKINGS[packing](sample(), tmp_path / "archive")
    with open_blobs(tmp_path / "archive") as blobs:
        digests = sorted(blobs.sizes)
        assert len(digests) == 12
        for digest in digests:
            with blobs.open(digest) as stream:
                data = stream.read()
            assert digest_of(data) == digest
            assert blobs.size(digest) == len(data)
        assert {digest: digest_of(stream.read()) for digest, stream in blobs.each(digests)} == dict(
            zip(digests, digests, strict=True)
        )
        # What was not read to its end does not spoil the next.
        assert {digest: stream.read(1) for digest, stream in blobs.each(digests)}.keys() == set(digests)
        with pytest.raises(ArchiveError, match="not in the archive"):
            blobs.open(digest_of(b""))


def test_an_oci_layout_tells_platforms_names_layers_and_revisions(tmp_path: Path) -> None:
    """Images come in the index's order, with what config, labels and provenance tell of each."""
    archive = read(sample(), tmp_path)
    amd64, arm64, attestation = archive.images
    assert archive.kind is ArchiveKind.OCI
    assert (amd64.platform, arm64.platform) == ("linux/amd64", "linux/arm64/v8")
    assert amd64.names == arm64.names == ("docker.io/library/app:1",)
    assert (amd64.revision, arm64.revision) == ("a" * 40, "b" * 40)
    assert dict(arm64.labels) == {"org.opencontainers.image.revision": "b" * 40}
    assert amd64.created_at == Instant.parse(CREATED)
    assert attestation.attestation_of == amd64.digest
    first, empty, second, _ = amd64.layers
    assert (first.digest, first.diff_id) == (digest_of(packed(ONE, "gz")), digest_of(ONE))
    assert (first.size, first.unpacked_size) == (len(packed(ONE, "gz")), None)
    assert (first.created_by, empty.created_by, second.created_by) == ("RUN make 0", "ENV STEP=0", "RUN make 1")
    assert empty.empty
    assert not empty.digest
    assert all(blob.named for blob in archive.blobs)
    assert archive.size == (tmp_path / "archive").stat().st_size


def test_an_old_docker_save_tells_the_same(tmp_path: Path) -> None:
    """Without an index the manifest names configs and layers; a layer's digest is that of its tar."""
    archive = read(saved(ONE, TWO, tags=("app:1", "app:latest")), tmp_path)
    (image,) = archive.images
    assert archive.kind is ArchiveKind.DOCKER
    assert (image.platform, image.names) == ("linux/amd64", ("app:1", "app:latest"))
    assert [layer.digest for layer in image.layers] == [digest_of(ONE), "", digest_of(TWO), ""]
    assert image.layers[0].unpacked_size == image.layers[0].size == len(ONE)
    assert {blob.digest for blob in archive.blobs} == {digest_of(ONE), digest_of(TWO), image.digest}


def test_a_docker_save_that_has_an_index_too_is_an_oci_layout(tmp_path: Path) -> None:
    """The containerd store writes manifest.json beside index.json; the index tells more."""
    files = sample() | {"manifest.json": b"[]"}
    assert read(files, tmp_path).kind is ArchiveKind.OCI
    assert read(files, tmp_path).images == read(sample(), tmp_path).images


def test_a_layer_that_two_images_share_by_a_link_is_found(tmp_path: Path) -> None:
    """`docker save` wrote a shared layer once and symlinks to it."""
    files = saved(ONE, ONE)
    first, second = (name for name in files if name.endswith("/layer.tar"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            if name == second:
                info.type, info.linkname = tarfile.SYMTYPE, f"../{first}"
            else:
                info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (tmp_path / "archive").write_bytes(out.getvalue())
    (image,) = read_archive(tmp_path / "archive").images
    assert [layer.digest for layer in image.layers if not layer.empty] == [digest_of(ONE)] * 2
    assert not any(layer.missing for layer in image.layers)


@pytest.mark.parametrize("hexed", [True, False])
def test_packed_layers_of_a_docker_archive_are_found(hexed: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Others write packed layers under names that are their digests or are not; both can be opened."""
    stored = packed(ONE, "gz")
    files = saved(ONE)
    layer = f"{digest_of(stored)[7:]}.tar.gz" if hexed else "the-layer"
    (entry,) = json.loads(files["manifest.json"])
    files = {entry["Config"]: files[entry["Config"]], layer: stored}
    files["manifest.json"] = json_of([entry | {"Layers": [layer]}])
    (image,) = read(files, tmp_path).images
    assert image.layers[0].digest == digest_of(stored if hexed else ONE)
    assert image.layers[0].media_type.endswith(".gzip")
    assert (image.layers[0].size, image.layers[0].unpacked_size) == (len(stored), None)
    with open_blobs(tmp_path / "archive") as blobs, blobs.open(image.layers[0].digest) as stream:
        assert stream.read() == stored


@pytest.mark.parametrize("as_index", [True, False])
def test_a_local_build_cache_tells_its_layers_and_what_nothing_names(as_index: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """A cache export is an index or a manifest with a cache config; what an older export left is not named."""
    layout = Layout()
    old = layout.blob(b"of an older export")
    said = {"containerd.io/uncompressed": digest_of(ONE), "buildkit/createdat": CREATED}
    layer = layout.blob(packed(ONE, "gz"), f"{LAYER}+gzip", annotations=said)
    other = layout.blob(TWO, LAYER)
    config = layout.document(
        {"layers": [{"blob": layer["digest"], "parent": -1}, {"blob": other["digest"]}], "records": []},
        "application/vnd.buildkit.cacheconfig.v0",
    )
    if as_index:
        cache = layout.index(layer, other, config)
    else:
        cache = layout.document(
            {"config": config, "layers": [layer, other]}, "application/vnd.oci.image.manifest.v1+json"
        )
    annotated = cache | {"annotations": {"org.opencontainers.image.ref.name": "latest"}}
    archive = read(layout.end(annotated), tmp_path, "folder")
    (image,) = archive.images
    assert archive.kind is ArchiveKind.CACHE
    assert not archive.faults
    assert image.names == ("latest",)
    assert [(one.digest, one.diff_id) for one in image.layers] == [
        (layer["digest"], digest_of(ONE)),
        (other["digest"], ""),
    ]
    assert image.layers[0].created_at == Instant.parse(CREATED)
    assert [blob.digest for blob in archive.blobs if not blob.named] == [old["digest"]]


def test_an_image_beside_a_cache_tells_what_made_its_layers(tmp_path: Path) -> None:
    """A cache keeps no words of a build; an image with the same layers has them."""
    layout = Layout()
    image = layout.image(ONE)
    config = layout.document(
        {"layers": [{"blob": digest_of(ONE), "parent": -1}]}, "application/vnd.buildkit.cacheconfig.v0"
    )
    cache = layout.document({"config": config, "layers": []}, "application/vnd.oci.image.manifest.v1+json")
    archive = read(layout.end(image, cache), tmp_path)
    assert archive.kind is ArchiveKind.OCI
    assert [one.created_by for one in archive.images[1].layers] == ["RUN make 0"]


def test_a_build_record_is_recognised(tmp_path: Path) -> None:
    """A .dockerbuild is a record by its config, and names its build."""
    layout = Layout()
    config = layout.document({"Ref": "abc"}, "application/vnd.buildkit.historyrecord.v0")
    record = layout.document(
        {"config": config, "layers": [layout.blob(b"logs", "application/vnd.buildkit.status.v0")]}, ""
    )
    archive = read(layout.end(record), tmp_path, "tar.gz")
    assert (archive.kind, archive.builds, archive.images) == (ArchiveKind.RECORD, ("abc",), ())
    assert not archive.faults


def test_other_platforms_may_be_left_out(tmp_path: Path) -> None:
    """`docker save` keeps an index whole and leaves out the platforms that were not pulled: no fault, but told."""
    layout = Layout()
    here = layout.image(ONE)
    gone = {"digest": digest_of(b"gone"), "size": 4, "platform": {"os": "linux", "architecture": "s390x"}}
    archive = read(layout.end(layout.index(here, gone)), tmp_path)
    assert not archive.faults
    assert [(image.platform, image.missing) for image in archive.images] == [
        ("linux/amd64", False),
        ("linux/s390x", True),
    ]


def test_a_manifest_that_is_led_to_twice_has_both_names(tmp_path: Path) -> None:
    """Two tags of one image are one image with two names."""
    layout = Layout()
    image = layout.image(ONE)
    named = [image | {"annotations": {"io.containerd.image.name": name}} for name in ("app:1", "app:2")]
    (found,) = read(layout.end(*named), tmp_path).images
    assert found.names == ("app:1", "app:2")


def test_an_image_is_found_by_the_digest_of_an_index_or_config(tmp_path: Path) -> None:
    """Each index that leads to it is a digest of it, however often it is led to, and so is its config's."""
    layout = Layout()
    manifest, other = layout.image(ONE), layout.image(TWO)
    inner = layout.index(manifest)
    outer = layout.index(inner, other)
    named = {"annotations": {"io.containerd.image.name": "docker.io/library/app:1"}}
    files = layout.end(inner | named, outer)
    archive = read(files, tmp_path)
    one = archive.images[0]
    config = json.loads(files[path_of(manifest["digest"])])["config"]["digest"]
    assert one.also == (config, inner["digest"], outer["digest"])
    for wanted in (inner["digest"], f"app@{inner['digest']}", f"app:1@{inner['digest']}", config):
        assert image_of(archive, wanted) == one
    with pytest.raises(UsageError, match="several images are"):
        image_of(archive, outer["digest"])


def test_one_of_several_archives_in_a_zip_is_asked_for_by_its_name(tmp_path: Path) -> None:
    """An artifact with several archives names them, and each can be read."""
    path = tmp_path / "artifact.zip"
    path.write_bytes(zipped({"a.tar": tar_of(saved(ONE)), "deep/b.tar": tar_of(sample())}))
    with pytest.raises(ArchiveError, match=r"several archives: a\.tar, deep/b\.tar"):
        read_archive(path)
    assert read_archive(path / "a.tar").kind is ArchiveKind.DOCKER
    assert read_archive(path / "deep/b.tar").kind is ArchiveKind.OCI
    with pytest.raises(ArchiveError):
        read_archive(path / "c.tar")


def test_names_with_a_dot_and_a_folder_around_are_found(tmp_path: Path) -> None:
    """`tar -C layout .` and `tar layout` write other names for the same layout."""
    plain = read(sample(), tmp_path)
    for prefix in ("./", "layout/"):
        assert read({prefix + name: data for name, data in sample().items()}, tmp_path).images == plain.images


def test_a_layout_deep_in_a_file_system_makes_no_archive_of_it(tmp_path: Path) -> None:
    """What `docker export` writes of a container that builds images is a file system, not one of its images."""
    with pytest.raises(ArchiveError, match=r"a tar of var/lib/x/.*, not an image archive"):
        read({f"var/lib/x/{name}": data for name, data in sample().items()}, tmp_path)


def test_documents_that_come_last_or_first_are_read_alike(tmp_path: Path) -> None:
    """The order of members tells nothing."""
    files = sample()
    backward = dict(reversed(files.items()))
    assert read(backward, tmp_path, "tar.gz").images == read(files, tmp_path).images


def test_digests_may_be_of_another_algorithm(tmp_path: Path) -> None:
    """Blobs by SHA-512 are found, read and verified as others are."""
    layout = Layout()
    config = layout.document(config_of(ONE, TWO), CONFIG)
    layers = [layout.blob(ONE, LAYER), layout.blob(packed(TWO, "gz"), f"{LAYER}+gzip")]
    named = [sha512(data).hexdigest() for data in (ONE, packed(TWO, "gz"))]
    for layer, name in zip(layers, named, strict=True):
        layout.files[f"blobs/sha512/{name}"] = layout.files.pop(path_of(layer["digest"]))
        layer["digest"] = f"sha512:{name}"
    read(layout.end(layout.document({"config": config, "layers": layers}, MANIFEST)), tmp_path, "folder")
    archive = verify_archive(tmp_path / "archive")
    assert not archive.faults
    sizes = [layer.unpacked_size for layer in archive.images[0].layers if not layer.empty]
    assert sizes == [len(ONE), len(TWO)]


def test_sizes_that_were_said_wrong_are_told(tmp_path: Path) -> None:
    """A layer of another size than its manifest says is a fault with its digest."""
    layout = Layout()
    layer = layout.blob(ONE, LAYER) | {"size": 1}
    manifest = layout.document({"layers": [layer]}, "application/vnd.oci.image.manifest.v1+json")
    archive = read(layout.end(layout.index(manifest)), tmp_path)
    assert [(fault.digest, "not 1 as was said" in fault.reason) for fault in archive.faults] == [(digest_of(ONE), True)]
