"""Archives and containers read the plain way, whole and in memory, to compare our own reading with."""

import gzip
import io
import json
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from dockcache_tui.lab.engine import Engine
from engine.docker_words import docker

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENGINES_OWN = {
    *(".dockerenv", "dev", "dev/console", "dev/pts", "dev/shm", "proc", "sys", "etc"),
    *("etc/hostname", "etc/hosts", "etc/mtab", "etc/resolv.conf"),
}
"""What an engine puts into every container; nothing is said here about whether the image has it too."""
_NOTHING: dict[str, Any] = {"digest": "", "size": 0}
_KINDS = {
    **dict.fromkeys((tarfile.REGTYPE, tarfile.AREGTYPE), "file"),
    tarfile.DIRTYPE: "folder",
    tarfile.SYMTYPE: "symlink",
    tarfile.FIFOTYPE: "fifo",
    **dict.fromkeys((tarfile.CHRTYPE, tarfile.BLKTYPE), "device"),
}


@dataclass(frozen=True)
class Fact:
    """What a path of a container is; a hard link is the file it leads to."""

    kind: str
    mode: int
    uid: int
    gid: int
    size: int = 0
    link: str = ""
    digest: str = ""
    seconds: int | None = None
    """When it was last changed; None for a folder, which every new file in it changes."""


def digest(content: bytes) -> str:
    """Return a digest as archives write it."""
    return f"sha256:{sha256(content).hexdigest()}"


def unpacked(blob: bytes) -> bytes:
    """Return a layer's tar."""
    if blob.startswith(b"\x1f\x8b"):
        return gzip.decompress(blob)
    return zstd.decompress(blob) if blob.startswith(b"\x28\xb5\x2f\xfd") else blob


@dataclass(frozen=True)
class Plain:
    """An OCI layout's files by name."""

    files: Mapping[str, bytes]

    @classmethod
    def of(cls, path: Path) -> "Plain":
        """Read a folder, a tar, a packed tar, or either in a zip."""
        if path.is_dir():
            return cls({str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()})
        content = path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as box:
                inside = {name: box.read(name) for name in box.namelist()}
            if len(inside) > 1:
                return cls(inside)
            content = next(iter(inside.values()))
        with tarfile.open(fileobj=io.BytesIO(unpacked(content))) as tar:
            opened = ((one.name, tar.extractfile(one)) for one in tar if one.isfile())
            return cls({name: file.read() for name, file in opened if file})

    @property
    def blobs(self) -> dict[str, bytes]:
        """Return its blobs by the digest in their names."""
        named = (name.removeprefix("blobs/sha256/") for name in self.files if name.startswith("blobs/sha256/"))
        return {f"sha256:{name}": self.files[f"blobs/sha256/{name}"] for name in named}

    def manifests(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Yield the descriptor and the content of every manifest that the index leads to."""
        todo: list[dict[str, Any]] = json.loads(self.files["index.json"])["manifests"]
        while todo:
            descriptor = todo.pop(0)
            content = json.loads(self.blobs[descriptor["digest"]])
            if "manifests" in content:
                todo = content["manifests"] + todo
            else:
                yield descriptor, content

    def images(self) -> dict[str, dict[str, Any]]:
        """Return the manifests of images, attestations left out, by digest."""
        return {
            one["digest"]: manifest
            for one, manifest in self.manifests()
            if "vnd.docker.reference.digest" not in one.get("annotations", {})
        }

    def layers(self, manifest: dict[str, Any]) -> Iterator[tuple[str, int, str, str, bool]]:
        """Yield digest, size, diff id, what created it and whether it is empty, for each step of an image's history."""
        config = json.loads(self.blobs[manifest["config"]["digest"]])
        stored = zip(manifest["layers"], config["rootfs"]["diff_ids"], strict=True)
        for step in config["history"]:
            empty = step.get("empty_layer", False)
            blob, diff_id = (_NOTHING, "") if empty else next(stored)
            yield blob["digest"], blob["size"], diff_id, step.get("created_by", ""), empty
        assert next(stored, None) is None

    def named(self) -> set[str]:
        """Return the digests of the blobs that its index leads to."""
        found: set[str] = set()
        todo = json.loads(self.files["index.json"])["manifests"]
        while todo:
            descriptor = todo.pop()
            found.add(descriptor["digest"])
            if "manifest" in descriptor["mediaType"] or "index" in descriptor["mediaType"]:
                inside = json.loads(self.blobs[descriptor["digest"]])
                todo += [*inside.get("manifests", ()), *inside.get("layers", ())]
                todo += [inside["config"]] if "config" in inside else []
        return found & self.blobs.keys()


def stored(layers: Iterable[bytes]) -> int:
    """Return the bytes of all files that some layers' tars store."""
    total = 0
    for layer in layers:
        with tarfile.open(fileobj=io.BytesIO(unpacked(layer))) as tar:
            total += sum(member.size for member in tar if member.isfile())
    return total


def container(engine: Engine, image: str) -> tuple[dict[str, Fact], int]:
    """Return what a container of an image holds at its start, and the bytes of its files, each counted once."""
    name = docker(engine, "create", "--network", "none", image, "-").split()[-1]
    facts: dict[str, Fact] = {}
    total = 0
    try:
        command = ("docker", "export", name)
        with (
            subprocess.Popen(command, env=engine.variables, stdout=subprocess.PIPE) as process,
            tarfile.open(fileobj=process.stdout, mode="r|") as tar,
        ):
            for member in tar:
                total += member.size if member.isreg() else 0
                facts[member.name.rstrip("/")] = _fact(tar, member, facts)
    finally:
        docker(engine, "rm", "--force", name)
    return facts, total


def _fact(tar: tarfile.TarFile, member: tarfile.TarInfo, earlier: Mapping[str, Fact]) -> Fact:
    if member.islnk():
        return earlier[member.linkname]
    fact = Fact(_KINDS[member.type], stat.S_IMODE(member.mode), member.uid, member.gid)
    if member.isdir():
        return fact
    fact = replace(fact, seconds=int(member.mtime), link=member.linkname)
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        return fact
    return replace(fact, size=member.size, digest=f"sha256:{_hashed(content)}")


def _hashed(content: Any) -> str:
    hashed = sha256()
    while piece := content.read(1 << 20):
        hashed.update(piece)
    return hashed.hexdigest()
