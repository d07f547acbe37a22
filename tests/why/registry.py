"""A registry on loopback, and the images that the cases build on: busybox in variants, and frontends."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_USERS = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n"
_PATH = "PATH=/bin:/sbin:/usr/bin:/usr/sbin"
_TAKES_INPUTS = {"moby.buildkit.frontend.caps": "moby.buildkit.frontend.inputs,moby.buildkit.frontend.contexts"}
_SCANNER = """echo '{"predicateType": "https://spdx.dev/Document"}' > "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json\""""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """A gzipped tar archive and the digest of what is in it."""

    packed: bytes
    diff_id: str


def layer(tar: bytes) -> Layer:
    """Pack a tar archive as a layer."""
    return Layer(gzip.compress(tar, 1, mtime=0), _digest(tar))


def layer_of(files: Mapping[str, tuple[bytes, int]]) -> Layer:
    """Pack files, each with its content and mode."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
    return layer(packed.getvalue())


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry at host:port that takes what is pushed to it."""

    address: str

    def push_busybox(self, root: bytes) -> None:
        """Push every variant of busybox, each under its own tag; `root` is a busybox's whole file system as a tar."""
        v1 = (layer(root), layer_of({"etc/passwd": (_USERS, 0o644)}))
        plain = self._image("busybox", "v1", v1)
        self._image("busybox", "v2", (*v1, layer_of({"more": (b"more", 0o644)})))
        self._image("busybox", "relabel", v1, Labels={"other": "label"})
        self._image("busybox", "env", v1, Env=[_PATH, "NEWENV=1"])
        for tag, text in (("onb1", "one"), ("onb2", "two")):
            self._image("busybox", tag, v1, OnBuild=[f"RUN echo {text}"])
        self._image("busybox", "sbom", v1, Entrypoint=["sh", "-c", _SCANNER])
        arm = self._image("busybox", "arm64", v1, architecture="arm64")
        i386 = self._image("busybox", "386", v1, architecture="386")
        self._index("busybox", "index1", {"amd64": plain, "arm64": arm})
        self._index("busybox", "index2", {"amd64": plain, "arm64": arm}, annotations={"other": "annotation"})
        self._index("busybox", "multi", {"amd64": plain, "386": i386})
        self.tag("busybox", "latest", "v1")

    def push_frontend(self, tag: str, program: Path, **labels: str) -> str:
        """Push a Dockerfile frontend as docker/dockerfile:TAG; returns its digest."""
        files = layer_of({"bin/dockerfile-frontend": (program.read_bytes(), 0o755)})
        entry = ["/bin/dockerfile-frontend"]
        pushed = self._image(
            "dockerfile", tag, (files,), owner="docker", Entrypoint=entry, Labels=_TAKES_INPUTS | labels
        )
        return str(pushed["digest"])

    def tag(self, name: str, tag: str, variant: str) -> None:
        """Let library/NAME:TAG be a variant of busybox."""
        raw = requests.get(self._url("library/busybox", f"manifests/{variant}"), headers=_ANY, timeout=60)
        raw.raise_for_status()
        if name != "busybox":
            self._mount(name, raw.json())
        self._put(f"library/{name}", tag, raw.content, raw.headers["Content-Type"])

    def forget_layers(self, name: str, tag: str) -> None:
        """Delete every blob of a cache but its description; its index stays as it is."""
        index = requests.get(self._url(name, f"manifests/{tag}"), headers=_ANY, timeout=60).json()
        blobs = (*index.get("manifests", ()), *index.get("layers", ()))
        for digest in {one["digest"] for one in blobs if "cacheconfig" not in one["mediaType"]}:
            requests.delete(self._url(name, f"blobs/{digest}"), timeout=60).raise_for_status()

    def forget(self, name: str, tag: str) -> None:
        """Delete a manifest with its tag."""
        told = requests.head(self._url(name, f"manifests/{tag}"), headers=_ANY, timeout=60)
        digest = told.headers["Docker-Content-Digest"]
        requests.delete(self._url(name, f"manifests/{digest}"), timeout=60).raise_for_status()

    def diff_ids(self, reference: str, architecture: str) -> tuple[str, ...]:
        """Return the digests of what is in the layers of NAME[:TAG]@DIGEST, in an index those of an architecture."""
        name, digest = reference.removeprefix("docker.io/").split("@")
        name = name.partition(":")[0]
        document = requests.get(self._url(name, f"manifests/{digest}"), headers=_ANY, timeout=60).json()
        for one in document.get("manifests", ()):
            if one["platform"]["architecture"] == architecture:
                return self.diff_ids(f"{name}@{one['digest']}", architecture)
        config = requests.get(self._url(name, f"blobs/{document['config']['digest']}"), timeout=60).json()
        return tuple(config["rootfs"]["diff_ids"])

    def _image(
        self,
        name: str,
        tag: str,
        layers: tuple[Layer, ...],
        owner: str = "library",
        architecture: str = "amd64",
        **config: object,
    ) -> Document:
        repository = f"{owner}/{name}"
        document = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": [_PATH], "Cmd": ["sh"], **config},
            "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": self._blob(repository, json.dumps(document).encode(), _CONFIG),
            "layers": [self._blob(repository, one.packed, _LAYER) for one in layers],
        }
        return self._put(repository, tag, json.dumps(manifest).encode(), _MANIFEST)

    def _index(self, name: str, tag: str, images: Mapping[str, Document], **more: object) -> None:
        manifests = [
            {**image, "platform": {"os": "linux", "architecture": architecture}}
            for architecture, image in images.items()
        ]
        document = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests, **more}
        self._put(f"library/{name}", tag, json.dumps(document).encode(), _INDEX)

    def _blob(self, repository: str, content: bytes, kind: str) -> Document:
        digest = _digest(content)
        if not requests.head(self._url(repository, f"blobs/{digest}"), timeout=60).ok:
            begun = requests.post(self._url(repository, "blobs/uploads/"), timeout=60)
            place = requests.compat.urljoin(begun.url, begun.headers["Location"])
            requests.put(place, params={"digest": digest}, data=content, timeout=60).raise_for_status()
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    def _mount(self, name: str, manifest: Document) -> None:
        """Let library/NAME have busybox's blobs."""
        for one in (manifest["config"], *manifest["layers"]):
            words = {"mount": one["digest"], "from": "library/busybox"}
            url = self._url(f"library/{name}", "blobs/uploads/")
            requests.post(url, params=words, timeout=60).raise_for_status()

    def _put(self, repository: str, tag: str, content: bytes, kind: str) -> Document:
        url = self._url(repository, f"manifests/{tag}")
        requests.put(url, data=content, headers={"Content-Type": kind}, timeout=60).raise_for_status()
        return {"mediaType": kind, "digest": _digest(content), "size": len(content)}

    def _url(self, repository: str, rest: str) -> str:
        return f"http://{self.address}/v2/{repository}/{rest}"


_ANY = {"Accept": f"{_MANIFEST}, {_INDEX}"}


def _digest(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"
