"""Archives made by real engines and builders, each made once and only when a test asks for it."""

import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dockcache_tui.lab.engine import Engine
from engine.archive_sources import APP, CONTEXTS
from engine.archive_truth import Fact, container
from engine.docker_words import docker, uses_containerd


@dataclass
class Maker:
    """Makes images under names of its own and archives of them; `remove` takes the images away."""

    engine: Engine
    graph: Callable[[], Engine]
    container: Callable[[], str]
    folder: Path
    recipes: Mapping[str, Callable[["Maker", Path], None]]
    _images: list[tuple[Engine, str]] = field(default_factory=list)
    _holds: dict[str, tuple[dict[str, Fact], int]] = field(default_factory=dict)

    def archive(self, name: str) -> Path:
        """Return the archive of that name, made on the first call."""
        path = self.folder / name
        if not path.exists():
            self.recipes[name](self, path)
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
