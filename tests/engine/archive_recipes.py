"""How each archive of the tests is made by real engines."""

import gzip
import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

from engine.archive_making import Maker
from engine.archive_sources import PLATFORMS
from engine.archive_truth import Plain
from engine.docker_words import docker

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Make = Callable[[Maker, Path], None]


def _built(driver: str, output: str, context: str = "layers", *words: str) -> Make:
    """Return what writes an archive with a builder's own exporter."""

    def make(maker: Maker, path: Path) -> None:
        if driver == "docker":
            maker.needs_containerd()
        builder = "default" if driver == "docker" else maker.container()
        maker.build(builder, context, "--output", f"{output},name={maker.tag(path.name)},dest={path}", *words)

    return make


def _saved(*contexts: str, graph: bool = False, words: tuple[str, ...] = ()) -> Make:
    """Return what writes an archive with `docker save`."""

    def make(maker: Maker, path: Path) -> None:
        if words:
            maker.needs_containerd()
        images = [maker.image(name, *words, graph=graph) for name in contexts]
        docker(maker.engine_of(graph=graph), "save", "--output", str(path), *images)

    return make


def _packed(inner: str, pack: Callable[[bytes], bytes]) -> Make:
    """Return what packs another archive."""

    def make(maker: Maker, path: Path) -> None:
        path.write_bytes(pack(maker.archive(inner).read_bytes()))

    return make


_OCI = "type=oci,force-compression=true,compression="
_THREE = ("--platform", ",".join(PLATFORMS))


def _moved(inner: str) -> Make:
    """Return what writes an archive of an image that was loaded into the other store."""

    def make(maker: Maker, path: Path) -> None:
        docker(maker.graph(), "save", "--output", str(path), maker.load(inner, graph=True))

    return make


def _old(inner: str) -> Make:
    """Return what lays an image of the older store out as engines before 25 do: a folder a layer, and no index."""

    def make(maker: Maker, path: Path) -> None:
        plain = Plain.of(maker.archive(inner))
        (saved,) = json.loads(plain.files["manifest.json"])
        files = {f"{name.rpartition('/')[2]}/layer.tar": plain.files[name] for name in saved["Layers"]}
        config = f"{saved['Config'].rpartition('/')[2]}.json"
        manifest = [{"Config": config, "RepoTags": saved["RepoTags"], "Layers": list(files)}]
        files |= {config: plain.files[saved["Config"]], "manifest.json": json.dumps(manifest).encode()}
        with tarfile.open(path, "w") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))

    return make


BASES: dict[str, Make] = {
    "golang": _saved("golang"),
    "app": _saved("app"),
    "app-graph": _moved("app"),
    "old-graph": _old("save-graph"),
}
"""A base image of thousands of files, the sample program, and a layout that our engines read but do not write."""
IMAGES: dict[str, Make] = {
    "save": _saved("layers"),
    "save-graph": _saved("layers", graph=True),
    "save-gz": _packed("save", gzip.compress),
    "save-graph-zst": _packed("save-graph", zstd.compress),
    "save-two": _saved("layers", "small"),
    "save-multi": _saved("multi", words=_THREE),
    "docker-docker": _built("docker", "type=docker"),
    "docker-oci": _built("docker", "type=oci"),
    "container-docker": _built("container", "type=docker"),
    "container-gzip": _built("container", f"{_OCI}gzip"),
    "container-zstd": _built("container", f"{_OCI}zstd"),
    "container-plain": _built("container", f"{_OCI}uncompressed"),
    "container-estargz": _built("container", f"{_OCI}estargz"),
    "container-folder": _built("container", "type=oci,tar=false"),
    "container-attested": _built("container", "type=oci", "layers", "--provenance=mode=max"),
    "container-multi": _built("container", "type=oci", "multi", *_THREE),
    "container-multi-folder": _built("container", "type=oci,tar=false", "multi", *_THREE),
    "small-save": _saved("small"),
    "small-save-graph": _saved("small", graph=True),
    "small-zstd": _built("container", f"{_OCI}zstd", "small"),
}
"""Archives of images, by who wrote them and how."""
MULTI_IMAGES = tuple(name for name in IMAGES if "-multi" in name)
