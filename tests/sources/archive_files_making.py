"""Makes image archives of layers whose members a test names."""

import gzip
import io
import json
import tarfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

PLATFORM = "linux/amd64"


class Made(NamedTuple):
    """An archive, its image's digest and those of its layers."""

    path: Path
    image: str
    layers: tuple[str, ...]


def tar(*members: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return a layer's tar of members, each with its content or without one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for one in members:
            info, content = one if isinstance(one, tuple) else (one, b"")
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def file(name: str, content: bytes = b"", **more: int) -> tuple[tarfile.TarInfo, bytes]:
    """Return a file and its content."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    for field, value in more.items():
        setattr(info, field, value)
    return info, content


def folder(name: str, mode: int = 0o755) -> tarfile.TarInfo:
    """Return a folder."""
    return special(name, tarfile.DIRTYPE, mode=mode)


def link(name: str, target: str, *, hard: bool = False) -> tarfile.TarInfo:
    """Return a symlink or a hard link."""
    return special(name, tarfile.LNKTYPE if hard else tarfile.SYMTYPE, target)


def special(name: str, kind: bytes, target: str = "", **more: int) -> tarfile.TarInfo:
    """Return a member without content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    for field, value in more.items():
        setattr(info, field, value)
    return info


def packed(data: bytes) -> bytes:
    """Return data as gzip writes it, the same each time."""
    return gzip.compress(data, mtime=0)


def oci(
    path: Path,
    *images: Sequence[bytes],
    config: dict[str, object] | None = None,
    platforms: Sequence[str] = (PLATFORM,),
) -> Made:
    """Write an OCI layout as a folder, one image of stored layers a platform; tells the first image."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> tuple[str, int]:
        digest = sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return f"sha256:{digest}", len(data)

    manifests = []
    for layers, platform in zip(images, platforms, strict=True):
        stored = [put(layer) for layer in layers]
        system, _, architecture = platform.partition("/")
        diff_ids = [f"sha256:{sha256(unpacked(layer)).hexdigest()}" for layer in layers]
        told = {"os": system, "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        config_digest, config_size = put(json.dumps(told | (config or {})).encode())
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config_digest,
                "size": config_size,
            },
            "layers": [
                {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": size}
                for digest, size in stored
            ],
        }
        digest, size = put(json.dumps(manifest).encode())
        manifests.append(
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest,
                "size": size,
                "platform": {"os": system, "architecture": architecture},
            }
        )
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    return Made(path, str(manifests[0]["digest"]), tuple(f"sha256:{sha256(layer).hexdigest()}" for layer in images[0]))


def unpacked(layer: bytes) -> bytes:
    """Return what a layer unpacks to, as far as it does."""
    try:
        return gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else layer
    except (EOFError, OSError):
        return b""


def as_tar(made: Made, mode: str = "w") -> Made:
    """Pack a layout's folder into one file beside it."""
    path = made.path.with_name(f"{made.path.name}.tar")
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # the mode decides the packing
        archive.add(made.path, ".")
    return made._replace(path=path)


def saved(path: Path, layer: bytes) -> Made:
    """Write the folder of a `docker save` of old with one layer, packed or not."""
    diff_id = f"sha256:{sha256(unpacked(layer)).hexdigest()}"
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}})
    name = sha256(config.encode()).hexdigest()
    folder = path / ("a" * 64)
    folder.mkdir(parents=True)
    (folder / "layer.tar").write_bytes(layer)
    (path / f"{name}.json").write_text(config)
    manifest = [{"Config": f"{name}.json", "RepoTags": ["a:1"], "Layers": [f"{'a' * 64}/layer.tar"]}]
    (path / "manifest.json").write_text(json.dumps(manifest))
    return Made(path, f"sha256:{name}", (diff_id,))
