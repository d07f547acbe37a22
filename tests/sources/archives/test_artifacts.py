"""OCI artifacts that are no images: each is named with its type and its blobs, and nothing of it is taken for files."""

import json
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.archives.archive import ArchiveKind
from dockcache_tui.sources.archives.reading import verify_archive
from sources.layout_making import CONFIG, MANIFEST, Files, Layout, as_folder, flat, layer_tar, packed

HELM = "application/vnd.cncf.helm.config.v1+json"
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
COSIGN = "application/vnd.dev.cosign.simplesigning.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SBOM = "application/spdx+json"
WASM = "application/vnd.wasm.config.v0+json"
UNKNOWN = "application/vnd.unknown.config.v1+json"
MODULE = b"\0asm\1\0\0\0"

ARTIFACTS: dict[str, tuple[str, str, str, bytes, str]] = {
    "helm chart": (HELM, CHART, "", packed(layer_tar(chart="x"), "gz"), HELM),
    "cosign signature": (CONFIG, COSIGN, "", b"{}", COSIGN),
    "ORAS, typed": (EMPTY, SBOM, "application/vnd.example.sbom", b"{}", "application/vnd.example.sbom"),
    "ORAS, of old": (UNKNOWN, "text/plain", "", b"words", UNKNOWN),
    "ORAS, untyped": (EMPTY, "text/plain", "", b"words", "text/plain"),
    "wasm module": (WASM, "application/wasm", "", MODULE, WASM),
    "wasm with an image's config": (CONFIG, "application/wasm", "", MODULE, "application/wasm"),
}
"""The types of config and blob, the artifact's own type, its bytes, and the type that it goes by."""


def layout_of(config: str, blob: str, own: str, data: bytes) -> Files:
    """Return a layout with one artifact."""
    layout = Layout()
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": layout.blob(b"{}", config)}
    if own:
        manifest["artifactType"] = own
    return layout.end(layout.document({**manifest, "layers": [layout.blob(data, blob)]}, MANIFEST))


@pytest.mark.parametrize("of", [lambda files: files, flat])
@pytest.mark.parametrize("kind", ARTIFACTS)
def test_an_artifact_is_named_with_its_type_and_blobs(
    kind: str, of: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Charts, signatures, modules and whatever ORAS pushes are no images without files, and no fault."""
    config, blob, own, data, type_ = ARTIFACTS[kind]
    as_folder(of(layout_of(config, blob, own, data)), tmp_path)
    archive = verify_archive(tmp_path)
    (artifact,) = archive.images
    assert archive.kind is ArchiveKind.ARTIFACT
    assert archive.faults == ()
    assert all(one.named for one in archive.blobs)
    assert (artifact.artifact, artifact.has_files) == (type_, False)
    assert [(one.media_type, one.size, one.missing) for one in artifact.layers] == [(blob, len(data), False)]

    assert run(["archive", "show", str(tmp_path)]) == 0
    assert f"artifact {type_}" in capsys.readouterr().out
    assert run(["archive", "show", "--json", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["items"][0]["images"][0]["artifact_type"] == type_
    assert document["totals"]["images"] == 0
    assert run(["archive", "tree", str(tmp_path)]) == 1
    assert f"no image with files, but {type_}" in capsys.readouterr().err


def test_a_manifest_of_blobs_is_an_artifact(tmp_path: Path) -> None:
    """Before OCI 1.1 was ready artifacts had a manifest of their own, with blobs and no config."""
    layout = Layout()
    blobs = [layout.blob(b"words", "text/plain")]
    type_ = "application/vnd.oci.artifact.manifest.v1+json"
    manifest = {"mediaType": type_, "artifactType": "application/vnd.example", "blobs": blobs}
    as_folder(layout.end(layout.document(manifest, type_)), tmp_path)
    archive = verify_archive(tmp_path)
    (artifact,) = archive.images
    assert (artifact.artifact, len(artifact.layers), archive.faults) == ("application/vnd.example", 1, ())


def test_an_image_beside_its_signature_is_an_image(tmp_path: Path) -> None:
    """A layout with both is an OCI layout, and its one image needs no naming."""
    layout = Layout()
    signature = {"config": layout.blob(b"{}", CONFIG), "layers": [layout.blob(b"{}", COSIGN)]}
    image = layout.image(layer_tar(a="one"), pack="zst")
    as_folder(layout.end(image, layout.document(signature, MANIFEST)), tmp_path)
    archive = verify_archive(tmp_path)
    assert archive.kind is ArchiveKind.OCI
    assert [one.artifact for one in archive.images] == ["", COSIGN]
    assert run(["archive", "cat", str(tmp_path), "a"]) == 0


@pytest.mark.parametrize("layer", ["", "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"])
def test_an_image_with_odd_layers_is_an_image(layer: str, tmp_path: Path) -> None:
    """Layers without a type, encrypted ones, and a type of its own beside them make no artifact of an image."""
    as_folder(layout_of(CONFIG, layer, "application/vnd.example", layer_tar(a="one")), tmp_path)
    assert verify_archive(tmp_path).images[0].has_files


def test_an_artifact_that_lost_a_blob_tells_it(tmp_path: Path) -> None:
    """A blob that is not there is a fault, an empty config that was left out is none."""
    files = layout_of(EMPTY, SBOM, "", b"words")
    lost = [name for name, data in files.items() if data in (b"words", b"{}")]
    digests = [f"sha256:{name.rpartition('/')[2]}" for name in lost if files[name] == b"words"]
    as_folder({name: data for name, data in files.items() if name not in lost}, tmp_path)
    archive = verify_archive(tmp_path)
    assert [(fault.digest, fault.reason) for fault in archive.faults] == [(digests[0], "is not in the archive")]
    assert archive.images[0].layers[0].missing
