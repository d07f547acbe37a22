"""Build records that the real `buildx history export` wrote, and cache exports of real builders."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.core.archives.archive import ArchiveError, ArchiveKind
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.protocols import Archives
from engine.archive_making import in_zip
from engine.archive_sources import CACHED
from engine.archive_truth import Plain
from engine.docker_words import docker

DRIVERS = ("docker_builder", "container_builder")


@dataclass(frozen=True)
class Project:
    """A project that no builder has seen, and a builder."""

    engine: Engine
    builder: str
    folder: Path

    def write(self) -> None:
        """Give it a word that never was."""
        (self.folder / "Dockerfile").write_text(CACHED)
        (self.folder / "word").write_text(uuid4().hex)

    def build(self, *words: str) -> str:
        """Build; returns the build's ref."""
        metadata = self.folder.parent / "metadata.json"
        options = ("--builder", self.builder, "--network", "none", "--metadata-file", str(metadata))
        docker(self.engine, "buildx", "build", *options, "--output", "type=cacheonly", *words, str(self.folder))
        ref: str = json.loads(metadata.read_text())["buildx.build.ref"]
        return ref.rpartition("/")[2]

    def export(self, *refs: str) -> Path:
        """Export records of builds."""
        path = self.folder.parent / f"{'-'.join(refs)}.dockerbuild"
        words = ("history", "export", "--builder", self.builder, "--finalize", "--output", str(path))
        docker(self.engine, "buildx", *words, *refs)
        return path


@pytest.fixture(params=DRIVERS)
def project(engine: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """A fresh project for each driver."""
    made = Project(engine, request.getfixturevalue(request.param), tmp_path / "project")
    made.folder.mkdir()
    made.write()
    return made


def test_a_record_in_a_zip(project: Project, archives: Archives, tmp_path: Path) -> None:
    """A record as an artifact brings it is the builds it is of, as is the record itself."""
    refs = [project.build(), project.build()]
    record, zipped = project.export(*refs), tmp_path / "artifact.zip"
    in_zip(record, zipped)
    for path, packing in ((record, "tar.gz"), (zipped, "tar.gz in zip")):
        read = archives.read(path)
        assert (read.kind, read.packing, read.faults) == (ArchiveKind.RECORD, packing, ())
        assert sorted(read.builds) == sorted(refs)
        assert all(blob.named for blob in read.blobs)
    assert archives.builds(zipped) == archives.builds(record)


def test_a_record_cut_anywhere(project: Project, archives: Archives, tmp_path: Path) -> None:
    """Cut at every 64 bytes, a record is refused or its fault named, and what is told of its build is true."""
    ref = project.build()
    whole = project.export(ref)
    content, sound = whole.read_bytes(), archives.read(whole)
    path = tmp_path / "cut.dockerbuild"
    for end in range(0, len(content), 64):
        path.write_bytes(content[:end])
        with suppress(ArchiveError):
            read = archives.read(path)
            assert read.faults or read.blobs == sound.blobs  # the last bytes are gzip's own
            assert set(read.builds) <= {ref, ""}
        with suppress(ArchiveError):
            assert {record.build.ref for record in archives.builds(path)} <= {ref, ""}


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_cache_export(mode: str, project: Project, archives: Archives, tmp_path: Path) -> None:
    """All blobs are shown; after a second export those of the first that no index leads to are told apart."""
    cache = tmp_path / "cache"
    seen: list[set[str]] = []
    for _ in range(2):
        project.write()
        project.build("--cache-to", f"type=local,dest={cache},mode={mode}")
        plain, read = Plain.of(cache), archives.read(cache)
        assert (read.kind, read.packing, read.faults) == (ArchiveKind.CACHE, "folder", ())
        shown = {blob.digest: (blob.size, blob.named) for blob in read.blobs}
        assert shown == {key: (len(content), key in plain.named()) for key, content in plain.blobs.items()}
        seen.append(plain.named())
    first, second = seen
    assert {blob.digest for blob in read.blobs if not blob.named} == first - second != set()
    assert (mode == "max") is bool(first & second)  # the base's layer
