"""What makes two archives of real builds differ."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.archives.diff import ArchiveDiff
from dockcache_tui.sources.protocols import Archives
from engine.archive_making import Maker
from engine.docker_words import docker

DOCKERFILE = "FROM scratch\nLABEL version={version}\nCOPY . /src/\n"


@pytest.fixture
def build(maker: Maker, tmp_path: Path) -> Callable[..., Path]:
    """Build the files given into an archive; their time is the number's."""

    def call(number: int, version: str, files: dict[str, tuple[bytes, int]]) -> Path:
        context = tmp_path / str(number)
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE.format(version=version))
        (context / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
        for name, (content, mode) in files.items():
            path = context / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            path.chmod(mode)
            os.utime(path, (number * 1000, number * 1000))
        archive = tmp_path / f"{number}.tar"
        options = ("--builder", maker.container(), "--no-cache", "--output", f"type=oci,dest={archive}")
        docker(maker.engine, "buildx", "build", *options, str(context))
        return archive

    return call


def differences(diff: ArchiveDiff) -> dict[str, tuple[str, ...]]:
    """Return the paths below /src that differ, and in what; folders left out, whose times are the builds'."""
    (image,) = diff.images
    one_sided = {file.path: ("second",) if file.first is None else ("first",) for file in image.files}
    return {
        file.path: file.differs if file.first and file.second else one_sided[file.path]
        for file in image.files
        if not all(one is None or one.kind.value == "folder" for one in (file.first, file.second))
    }


def test_two_builds_of_the_same_source(build: Callable[..., Path], archives: Archives) -> None:
    """Times are all that differs, in every file, and the diff says just that."""
    files = {"one": (b"1", 0o644), "two/three": (b"3", 0o755)}
    diff = archives.diff(build(1, "a", files), build(2, "a", files))
    assert differences(diff) == {"src/one": ("time",), "src/two/three": ("time",)}
    (image,) = diff.images
    assert all(layer.first is None or layer.second is None for layer in image.layers)


def test_a_changed_source(build: Callable[..., Path], archives: Archives) -> None:
    """Content, mode, a new file, a file gone and a label are each told by name."""
    same = {"same": (b"same", 0o644)}
    first = build(3, "a", {**same, "edited": (b"old", 0o644), "run": (b"#!", 0o644), "gone": (b"", 0o644)})
    second = build(3 + 1, "b", {**same, "edited": (b"new", 0o644), "run": (b"#!", 0o755), "new": (b"", 0o644)})
    diff = archives.diff(first, second)
    found = {path: set(differs) - {"time"} for path, differs in differences(diff).items()}
    assert found == {
        "src/same": set(),
        "src/edited": {"content"},
        "src/run": {"mode"},
        "src/gone": {"first"},
        "src/new": {"second"},
    }
    (image,) = diff.images
    assert any("version" in line for line in image.config)
    assert not diff.same


def test_only_the_compression_differs(maker: Maker, archives: Archives) -> None:
    """Of one build compressed in two ways every layer has another digest, and a container sees no difference."""
    diff = archives.diff(maker.archive("container-gzip"), maker.archive("container-zstd"))
    (image,) = diff.images
    assert image.files == ()
    assert diff.same


def test_the_same_build_by_two_exporters(maker: Maker, archives: Archives) -> None:
    """A folder and a tar of one build have the same layers."""
    diff = archives.diff(maker.archive("container-folder"), maker.archive("container-docker"))
    (image,) = diff.images
    assert all(layer.first and layer.second for layer in image.layers)
    assert diff.same


def test_platforms_of_one_only(maker: Maker, archives: Archives) -> None:
    """A platform that only one archive has stands on its own side."""
    diff = archives.diff(maker.archive("container-multi"), maker.archive("small-save"))
    sides = {image.platform: (image.first is not None, image.second is not None) for image in diff.images}
    assert sides == {"linux/amd64": (True, True), "linux/arm/v7": (True, False), "linux/arm64": (True, False)}
    assert not diff.same


def test_diff_prints_the_same(
    build: Callable[..., Path],
    archives: Archives,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`archive diff --json` tells the paths that differ and in what, and answers with 0 all the same."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "index"))
    first, second = build(5, "a", {"one": (b"1", 0o644)}), build(6, "a", {"one": (b"2", 0o644)})
    assert run(["archive", "diff", str(first), str(second), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (image,) = archives.diff(first, second).images
    (shown,) = told["images"]
    assert told["same"] is False
    assert {file["path"]: file["differs"] for file in shown["files"]} == {
        file.path: list(file.differs) for file in image.files
    }
    assert {"src/one": ["content", "time"]}.items() <= {
        file["path"]: file["differs"] for file in shown["files"]
    }.items()
