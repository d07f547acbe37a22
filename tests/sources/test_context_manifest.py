"""The files of a build context."""

import os
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from dockcache_tui.core.builds.manifest import ContextChange, ContextFile, changes
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.context_manifest import Stamp, read_context

OLD = 1_600_000_000


def paths(root: Path) -> list[str]:
    """Return the paths of a context that are no folders."""
    return [file.path for file in read_context(root).manifest.files if not file.is_folder]


def test_path_mode_size_and_hash(tmp_path: Path) -> None:
    """Files, folders and symlinks are told as they are; a symlink is not followed."""
    (tmp_path / "d").mkdir(mode=0o750)
    (tmp_path / "d" / "a").write_text("words")
    (tmp_path / "d" / "a").chmod(0o741)
    (tmp_path / "link").symlink_to("/etc")
    assert read_context(tmp_path).manifest.files == (
        ContextFile("d", 0o040750),
        ContextFile("d/a", 0o100741, 5, sha256(b"words").hexdigest()),
        ContextFile("link", 0o120777, 4, sha256(b"/etc").hexdigest(), "/etc"),
    )


def test_special_and_odd_files(tmp_path: Path) -> None:
    """Pipes are left out, names that are no UTF-8 are kept."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / os.fsdecode(b"\xff")).touch()
    assert paths(tmp_path) == [os.fsdecode(b"\xff")]


def test_unreadable_file_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is there, with the reason and no hash."""
    (tmp_path / "secret").write_text("x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    (file,) = read_context(tmp_path).manifest.files
    assert (file.sha256, file.error) == ("", "Permission denied")


def test_vanishing_file_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that goes while we look is not there."""
    (tmp_path / "gone").touch()

    def missing(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", missing)
    assert read_context(tmp_path).manifest.files == ()


def test_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    """A file of the same mtime, size and inode keeps its hash; a newer or replaced one is read."""
    file = tmp_path / "a"
    file.write_text("words")
    os.utime(file, (OLD, OLD))
    known = {"a": Stamp(OLD * 10**9, 5, file.stat().st_ino, "remembered")}
    assert read_context(tmp_path, known=known).manifest.files[0].sha256 == "remembered"
    os.utime(file, (OLD + 1, OLD + 1))
    reading = read_context(tmp_path, known=known)
    assert reading.manifest.files[0].sha256 == sha256(b"words").hexdigest()
    assert reading.stamps["a"].mtime_ns == (OLD + 1) * 10**9


def test_fresh_file_is_not_remembered(tmp_path: Path) -> None:
    """A file changed just now may change again within the same mtime: it gets no stamp."""
    (tmp_path / "a").write_text("words")
    assert read_context(tmp_path).stamps == {}


def test_dockerfiles_own_ignore_file_wins(tmp_path: Path) -> None:
    """NAME.dockerignore beside the Dockerfile replaces the context's .dockerignore."""
    for name in ("a", "b"):
        (tmp_path / name).touch()
    (tmp_path / ".dockerignore").write_text("a\n.dockerignore\n*.d*\n")
    assert paths(tmp_path) == ["b"]
    (tmp_path / "X.dockerignore").write_text("b\n*.*\n")
    files = read_context(tmp_path, dockerfile=tmp_path / "X").manifest.files
    assert [file.path for file in files] == ["a"]


def test_changes_between_contexts(tmp_path: Path) -> None:
    """Edited, new and gone files are told; the same ones are not."""
    for name in ("edited", "gone", "same"):
        (tmp_path / name).write_text(name)
    before = read_context(tmp_path).manifest
    (tmp_path / "edited").write_text("other")
    (tmp_path / "gone").rename(tmp_path / "new")
    after = read_context(tmp_path).manifest
    told = {change.path: (change.before is None, change.after is None) for change in changes(before, after)}
    assert told == {"edited": (False, False), "gone": (False, True), "new": (True, False)}
    assert changes(after, after) == ()
    assert changes(before, after)[0] == ContextChange("edited", before.files[0], after.files[0])


TREE = (
    "a.log", "b.txt", "d/a.log", "d/b.txt", "d/e/a.log", "d/e/keep.log", "d/e/f/x", "node_modules/m/i.js",
    "k/node_modules/q", "keep", "x1", "xa", "foo", "d/barfoo", "sp ace", "#hash", "star*", "starx", "a+b", "[odd]",
    "deep/1/2/3/4",
)  # fmt: skip

IGNORES = (
    "",
    "*.log",
    "**/*.log\n!d/e/keep.log",
    "*\n!keep\n!d/e",
    "d\n!d/e/f\n",
    "d/*\n!d/b.txt\n",
    "**/node_modules",
    "node_modules/\n!node_modules/m",
    "x[0-9]\n",
    "x[^0-9]\n[a-b].*",
    "**foo",
    "**/foo\n",
    "/d/e/../b.txt\n",
    "star\\*",
    "# note\n #hash\n",
    "  sp ace  ",
    "**\n!deep/**/4",
    "deep/**\n!deep/1/2",
    "a?b\n?eep",
    "!keep\nkeep",
    "*\n!d/**/*.log\n**/a.log",
    "a+b",
    ".\n",
    "d/**/x\nd/e/*",
)


def sent_to_buildkit(engine: Engine, builder: str, root: Path, out: Path) -> set[str]:
    """Return the files of a context that really reach BuildKit."""
    dockerfile = out.with_suffix(".Dockerfile")
    dockerfile.write_text("FROM scratch\nCOPY . /\n")
    words = ("build", "--builder", builder, "--output", f"type=local,dest={out}", "--file", str(dockerfile), str(root))
    subprocess.run(("docker", "buildx", *words), env=engine.variables, check=True, capture_output=True, timeout=60)
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("ignore", IGNORES)
def test_same_files_as_buildkit(engine: Engine, docker_builder: str, tmp_path: Path, ignore: str) -> None:
    """What we let through is what BuildKit receives."""
    root = tmp_path / "context"
    for name in TREE:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".dockerignore").write_text(ignore)
    assert set(paths(root)) == sent_to_buildkit(engine, docker_builder, root, tmp_path / "out")
