"""Makes image archives file by file, in every layout and packing, sound or hostile."""

import bz2
import gzip
import io
import json
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from dockcache_tui.sources.archives import unpacking

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Files = dict[str, bytes]

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd.compress,
}

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
PROVENANCE = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
CREATED = "2026-01-02T03:04:05.123456789Z"


def digest_of(data: bytes) -> str:
    """Return the digest of bytes."""
    return f"sha256:{sha256(data).hexdigest()}"


def json_of(value: Any) -> bytes:
    """Return a document's bytes."""
    return json.dumps(value).encode()


def layer_tar(**files: str) -> bytes:
    """Return a layer's tar."""
    return tar_of({name: text.encode() for name, text in files.items()})


def tar_of(files: Mapping[str, bytes]) -> bytes:
    """Return a tar of files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Layout:
    """An OCI layout: blobs are added, and what leads to them; `files` are its files in the order of a tar."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.files: Files = {}

    def blob(self, data: bytes, media_type: str = "", **more: Any) -> dict[str, Any]:
        """Add a blob and return its descriptor."""
        digest = digest_of(data)
        self.files[path_of(digest)] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def document(self, value: Any, media_type: str, **more: Any) -> dict[str, Any]:
        """Add a document and return its descriptor."""
        return self.blob(json_of(value), media_type, **more)

    def image(
        self, *tars: bytes, pack: str = "", config: Mapping[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """Add an image of layers and return its manifest's descriptor."""
        said = config_of(*tars, **(config or {}))
        layers = [
            self.blob(packed(tar, pack), LAYER + (f"+{unpacking.PACKINGS[pack]}" if pack else "")) for tar in tars
        ]
        return self.document(
            {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.document(said, CONFIG), "layers": layers},
            MANIFEST,
            **more,
        )

    def index(self, *manifests: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Add an index and return its descriptor."""
        return self.document({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, INDEX, **more)

    def provenance(self, of: str, revision: str) -> dict[str, Any]:
        """Add an attestation of where an image comes from, and return its manifest's descriptor."""
        metadata = {"buildkit_metadata": {"vcs": {"revision": revision}}}
        statement = {"predicate": {"runDetails": {"metadata": metadata}}}
        layer = self.document(statement, "application/vnd.in-toto+json", annotations=PROVENANCE)
        annotations = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": of,
        }
        manifest = {"config": self.document({}, CONFIG), "layers": [layer]}
        return self.document(manifest, MANIFEST, annotations=annotations, platform={"os": "unknown"})

    def end(self, *manifests: Mapping[str, Any]) -> Files:
        """Add index.json and oci-layout, and return the files."""
        self.files["index.json"] = json_of({"schemaVersion": 2, "manifests": manifests})
        self.files["oci-layout"] = json_of({"imageLayoutVersion": "1.0.0"})
        return self.files


def path_of(digest: str) -> str:
    """Return where a layout has a blob."""
    return f"blobs/{digest.replace(':', '/')}"


def config_of(*tars: bytes, **more: Any) -> dict[str, Any]:
    """Return a config whose history has an empty step after each layer."""
    history: list[dict[str, Any]] = []
    for number, _ in enumerate(tars):
        history.append({"created": CREATED, "created_by": f"RUN make {number}"})
        history.append({"created": CREATED, "created_by": f"ENV STEP={number}", "empty_layer": True})
    return {
        "os": "linux",
        "architecture": "amd64",
        "created": CREATED,
        "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar in tars]},
        "history": history,
        **more,
    }


def saved(*tars: bytes, tags: tuple[str, ...] = ("app:1",), **config: Any) -> Files:
    """Return the files of `docker save` before the containerd store, in its order: manifest.json near the end."""
    files: Files = {}
    layers = []
    for number, tar in enumerate(tars):
        folder = sha256(f"{number}".encode()).hexdigest()
        files |= {f"{folder}/VERSION": b"1.0", f"{folder}/json": b"{}", f"{folder}/layer.tar": tar}
        layers.append(f"{folder}/layer.tar")
    said = json_of(config_of(*tars, **config))
    name = f"{sha256(said).hexdigest()}.json"
    files[name] = said
    files["manifest.json"] = json_of([{"Config": name, "RepoTags": tags, "Layers": layers}])
    files["repositories"] = b"{}"
    return files


def flat(files: Files) -> Files:
    """Return a layout as skopeo's `dir:` has it: blobs by their bare digests, manifests of an index by theirs.

    The format is that of the containers/image library: version 1.1 of its directory transport.
    """
    (top,) = json.loads(files["index.json"])["manifests"]
    manifest = files[path_of(top["digest"])]
    below = {one["digest"] for one in json.loads(manifest).get("manifests", ())}
    found = {"manifest.json": manifest, "version": b"Directory Transport Version: 1.1\n"}
    for name, data in files.items():
        hexed, digest = name.rpartition("/")[2], digest_of(data)
        if name.startswith("blobs/") and digest != top["digest"]:
            found[f"{hexed}.manifest.json" if digest in below else hexed] = data
    return found


def sample() -> Files:
    """Return a small layout with everything: two platforms, an attestation, a tag, packed layers."""
    layout = Layout()
    labels = {"config": {"Labels": {"org.opencontainers.image.revision": "b" * 40}}}
    tars = layer_tar(a="one"), layer_tar(b="two")
    amd64 = layout.image(*tars, pack="gz", platform={"os": "linux", "architecture": "amd64"})
    arm64 = layout.image(
        *tars,
        pack="zst",
        config={"architecture": "arm64", "variant": "v8", **labels},
        platform={"os": "linux", "architecture": "arm64"},
    )
    names = {"io.containerd.image.name": "docker.io/library/app:1", "org.opencontainers.image.ref.name": "1"}
    index = layout.index(amd64, arm64, layout.provenance(amd64["digest"], "a" * 40), annotations=names)
    return layout.end(index)


def packed(data: bytes, packing: str) -> bytes:
    """Return data packed as it is asked for, or as it is."""
    return PACKERS[packing](data) if packing else data


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


class _OneWay(io.RawIOBase):
    """Bytes that are only ever added to, as a program that streams its output has them."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.data += data
        return len(data)


def streamed(files: Mapping[str, bytes]) -> bytes:
    """Return a zip whose sizes stand behind the bytes, as artifacts are uploaded."""
    out = _OneWay()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            with archive.open(name, "w") as file:
                file.write(data)
    return bytes(out.data)


def as_folder(files: Mapping[str, bytes], path: Path) -> None:
    """Write files into a folder."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)


def _as(*wraps: Callable[[bytes], bytes]) -> Callable[[Mapping[str, bytes], Path], None]:
    def write(files: Mapping[str, bytes], path: Path) -> None:
        data = tar_of(files)
        for wrap in wraps:
            data = wrap(data)
        path.write_bytes(data)

    return write


def _in(name: str, method: int) -> Callable[[bytes], bytes]:
    return lambda data: zipped({name: data, "notes.txt": b"of the job"}, method)


def _zip_of(folder: str) -> Callable[[Mapping[str, bytes], Path], None]:
    def write(files: Mapping[str, bytes], path: Path) -> None:
        path.write_bytes(zipped({folder + name: data for name, data in files.items()}))

    return write


PACKINGS: dict[str, Callable[[Mapping[str, bytes], Path], None]] = {
    "folder": as_folder,
    "tar": _as(),
    **{f"tar.{packing}": _as(packer) for packing, packer in PACKERS.items()},
    "tar in zip": _as(_in("image.tar", zipfile.ZIP_STORED)),
    "tar in zip, deflated": _as(_in("image.tar", zipfile.ZIP_DEFLATED)),
    "tar in zip, streamed": _as(lambda data: streamed({"image.tar": data})),
    "tar.gz in zip": _as(PACKERS["gz"], _in("x", zipfile.ZIP_DEFLATED)),
    "tar.xz in zip": _as(PACKERS["xz"], _in("x", zipfile.ZIP_STORED)),
    "folder in zip": _zip_of(""),
    "folder in zip, deeper": _zip_of("out/layout/"),
}
"""Writes files as an archive, by the packing that is told of it (before a comma)."""
