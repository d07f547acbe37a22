"""Archives made by real engines and builders, each made once and only when a test asks for it."""

import gzip
import io
import json
import os
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dockcache_tui.lab.engine import Engine
from engine.archive_sources import APP, CONTEXTS, PLATFORMS
from engine.archive_truth import Fact, Plain, container
from engine.docker_words import docker, uses_containerd

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Make = Callable[["Maker", Path], None]


@dataclass
class Maker:
    """Makes images under names of its own and archives of them; `remove` takes the images away."""

    engine: Engine
    graph: Callable[[], Engine]
    container: Callable[[], str]
    folder: Path
    _images: list[tuple[Engine, str]] = field(default_factory=list)
    _holds: dict[str, tuple[dict[str, Fact], int]] = field(default_factory=dict)

    def archive(self, name: str) -> Path:
        """Return the archive of that name, made on the first call."""
        path = self.folder / name
        if not path.exists():
            (IMAGES | BASES)[name](self, path)
        return path

    def engine_of(self, *, graph: bool) -> Engine:
        """Return the engine with either store."""
        return self.graph() if graph else self.engine

    def needs_containerd(self) -> None:
        """Skip the test where the first engine has the older store too."""
        if not uses_containerd(self.engine):
            pytest.skip("the engine that is there keeps images in the older store only")

    def tag(self, name: str) -> str:
        """Return the tag of an image of ours."""
        return f"dockcache-proof-{os.getpid()}-{name}"

    def image(self, name: str, *words: str, graph: bool = False) -> str:
        """Return the tag of the image of a context, built on the first call into either store."""
        engine, tag = self.engine_of(graph=graph), self.tag(name)
        if (engine, tag) not in self._images:
            self.build("default", name, "--tag", tag, *words, engine=engine)
            self._images.append((engine, tag))
        return tag

    def build(self, builder: str, context: str, *words: str, engine: Engine | None = None) -> None:
        """Build; without a network, which the second engine has not, but for what fetches modules."""
        network = () if context == "app" else ("--network", "none")
        options = ("--builder", builder, *network, "--progress", "plain", *words)
        docker(engine or self.engine, "buildx", "build", *options, str(self.context(context)))

    def context(self, name: str) -> Path:
        """Return the folder that an image is built from."""
        if name == "app":
            return APP
        folder = self.folder / f"{name}-context"
        if not folder.exists():
            folder.mkdir()
            text, files = CONTEXTS[name]
            (folder / "Dockerfile").write_text(text)
            for file, content in files.items():
                (folder / file).write_bytes(content)
        return folder

    def load(self, name: str, *, graph: bool = False) -> str:
        """Load an archive into an engine; returns the tag of the image that was in it."""
        engine = self.engine_of(graph=graph)
        said = docker(engine, "load", "--input", str(self.archive(name)))
        tag = said.split()[-1]
        if tag.startswith(self.tag("")) and (engine, tag) not in self._images:
            self._images.append((engine, tag))
        return tag

    def holds(self, name: str) -> tuple[dict[str, Fact], int]:
        """Return what a container of the image in an archive holds, and the bytes of its files, each counted once."""
        if name not in self._holds:
            graph = "graph" in name
            self._holds[name] = container(self.engine_of(graph=graph), self.load(name, graph=graph))
        return self._holds[name]

    def remove(self) -> None:
        """Take the images away; those in the other store go with it."""
        for engine, tag in self._images:
            if engine is self.engine:
                docker(engine, "rmi", "--force", tag)


def in_zip(inner: Path, path: Path) -> None:
    """Put an archive into a zip as an artifact is: a file under its own name, a folder's under theirs."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        for file in sorted(inner.rglob("*")) if inner.is_dir() else (inner,):
            if file.is_file():
                box.write(file, file.relative_to(inner if inner.is_dir() else inner.parent))


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
