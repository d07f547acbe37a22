"""A cache in a folder is read as buildx would import it."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.core.archives.manifest import CACHE_CONFIG
from dockcache_tui.sources.cache_folder import read_cache_folder

NAME = "org.opencontainers.image.ref.name"


def put(folder: Path, content: bytes) -> str:
    """Write a blob, and return its digest."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    (blobs / sha256(content).hexdigest()).write_bytes(content)
    return f"sha256:{sha256(content).hexdigest()}"


def written(folder: Path, tag: str = "latest", *, as_image: bool = False) -> str:
    """Write a cache of one record with one layer, and return the layer's digest."""
    layer = put(folder, b"data")
    config: dict[str, Any] = {
        "layers": [{"blob": layer, "parent": -1}],
        "records": [{"digest": "sha256:a", "layers": [{"layer": 0}]}],
    }
    told = {"mediaType": CACHE_CONFIG, "digest": put(folder, json.dumps(config).encode())}
    manifest: Mapping[str, Any] = {"config": told} if as_image else {"manifests": [{"digest": layer}, told]}
    top = {"digest": put(folder, json.dumps(manifest).encode()), "annotations": {NAME: tag}}
    (folder / "index.json").write_text(json.dumps({"manifests": [top]}))
    return layer


@pytest.mark.parametrize("as_image", [False, True])
def test_records(tmp_path: Path, *, as_image: bool) -> None:
    """Its records are those of its configuration, in both forms that BuildKit writes; without its data it is lost."""
    layer = written(tmp_path, as_image=as_image)
    (one,) = read_cache_folder(tmp_path) or ()
    assert (one.record.digest, one.results, one.is_lost) == ("sha256:a", (frozenset({layer}),), False)
    (tmp_path / "blobs" / "sha256" / layer.removeprefix("sha256:")).unlink()
    (one,) = read_cache_folder(tmp_path) or ()
    assert one.is_lost


def test_no_cache(tmp_path: Path) -> None:
    """A folder that is not there, or has no cache of the usual name, is passed over."""
    assert read_cache_folder(tmp_path / "gone") is None
    written(tmp_path, tag="another")
    assert read_cache_folder(tmp_path) is None


@pytest.mark.parametrize(
    "index", ["{", "[]", json.dumps({"manifests": [{"digest": "sha256:../../x", "annotations": {NAME: "latest"}}]})]
)
def test_what_cant_be_read(index: str, tmp_path: Path) -> None:
    """What is broken, or leads out of the folder, is told as such."""
    (tmp_path / "index.json").write_text(index)
    with pytest.raises(ValueError, match=r"no digest|be read"):
        read_cache_folder(tmp_path)
