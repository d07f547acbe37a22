"""Which files that an instruction takes differ between two commits of a real repository."""

import os
from pathlib import Path

import pytest

from dockcache_tui.core.builds.ignore import parse_ignore
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.evidence import Revision
from dockcache_tui.core.explain.inputs import Taken
from dockcache_tui.core.explain.revisions import (
    DIRTY,
    GIT_FOLDER,
    UNCOMMITTED,
    RevisionChanges,
    revision_changes,
)
from dockcache_tui.sources.git_revisions import read_revision
from nobody import git

ALL = Taken("/", follows=True)
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize {{}}\n"


class Clone:
    """A repository whose commits are compared."""

    def __init__(self, folder: Path) -> None:
        """Begin with a few files of each kind."""
        self.folder = folder
        git(folder, "init")
        (folder / "app" / "sub").mkdir(parents=True)
        for name in ("app/a.txt", "app/b.md", "app/run.sh", "app/sub/c.txt", "README"):
            (folder / name).write_text("1")
        (folder / "app" / "link").symlink_to("a.txt")
        (folder / "app" / ".dockerignore").write_text("*.md\n.git\n")
        self.first = self.commit()

    def commit(self) -> str:
        """Commit all that is there."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "-m", "it")
        return git(self.folder, "rev-parse", "HEAD")

    def changes(self, *taken: Taken, folder: str = "app", by_git: bool = False, dirty: bool = False) -> RevisionChanges:
        """Compare the first commit with what is there, committed."""
        revisions = [
            Revision(commit, folder=folder, by_git=by_git, dirty=dirty) for commit in (self.first, self.commit())
        ]
        before, after = (read_revision(self.folder, one, os.environ) for one in revisions)
        return revision_changes(before, after, taken)

    def changed(self, *taken: Taken) -> dict[str, tuple[str, ...]]:
        """Return the paths that differ, and how."""
        found = self.changes(*taken).changes
        return {one.name: tuple(other.what for other in found if other.name == one.name) for one in found}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A repository with one commit."""
    (tmp_path / "clone").mkdir()
    return Clone(tmp_path / "clone")


def change_all(app: Path) -> None:
    """Change each file in another way."""
    (app / "a.txt").write_text("2")
    (app / "b.md").write_text("2")
    (app / "run.sh").chmod(0o755)
    (app / "sub" / "c.txt").rename(app / "sub" / "d.txt")
    (app / "link").unlink()
    (app / "link").symlink_to("run.sh")


def test_all_kinds_of_change(clone: Clone) -> None:
    """Content, mode, link, added and removed are told, a rename as two; what .dockerignore leaves out is not."""
    change_all(clone.folder / "app")
    assert clone.changed(ALL) == {
        "a.txt": ("content",),
        "link": ("link",),
        "run.sh": ("mode",),
        "sub/c.txt": ("removed",),
        "sub/d.txt": ("added",),
    }


@pytest.mark.parametrize(
    ("taken", "paths"),
    [
        (Taken("/a.txt", follows=True), {"a.txt"}),
        (Taken("/sub", follows=True), {"sub/c.txt", "sub/d.txt"}),
        (Taken("/*.txt", follows=True, wildcard=True), {"a.txt"}),
        (Taken("/s*/[d]*", follows=True, wildcard=True), {"sub/d.txt"}),
        (Taken("/", excludes=("sub", "*.txt")), {"link", "run.sh"}),
        (Taken("/", includes=("sub/c.*",)), {"sub/c.txt"}),
        (Taken("/run.sh", follows=True), {"run.sh"}),
        (Taken("/nothing", follows=True), set()),
    ],
)
def test_only_what_the_instruction_takes(clone: Clone, taken: Taken, paths: set[str]) -> None:
    """Of all that changed only what the sources, wildcards and filters of an instruction take is told."""
    change_all(clone.folder / "app")
    assert clone.changed(taken).keys() == paths


def test_a_link_is_followed(clone: Clone) -> None:
    """Of a link that is copied by its name, what it leads to counts."""
    (clone.folder / "app" / "a.txt").write_text("2")
    assert clone.changed(Taken("/link", follows=True)) == {"a.txt": ("content",)}


def test_each_commit_has_its_own_ignore_file(clone: Clone) -> None:
    """A file that is no longer left out is added; a Dockerfile's own ignore file goes first."""
    (clone.folder / "app" / ".dockerignore").write_text("*.txt\n.git\n")
    assert clone.changed(ALL) == {
        ".dockerignore": ("content",),
        "a.txt": ("removed",),
        "b.md": ("added",),
    }
    (clone.folder / "app" / "Dockerfile.dockerignore").write_text("*\n")
    own = read_revision(clone.folder, Revision(clone.commit(), folder="app"), os.environ)
    assert own.ignore == parse_ignore("*\n")


def test_a_file_becomes_a_link(clone: Clone) -> None:
    """Another kind of thing at the same path is told as that."""
    (clone.folder / "app" / "a.txt").unlink()
    (clone.folder / "app" / "a.txt").symlink_to("b.md")
    assert clone.changed(ALL) == {"a.txt": ("type",)}


def test_a_build_by_git_ignores_nothing(clone: Clone) -> None:
    """Where BuildKit fetched the commit no .dockerignore counts and nothing else is unknown."""
    change_all(clone.folder / "app")
    found = clone.changes(ALL, by_git=True)
    assert ("b.md", "content") in {(one.name, one.what) for one in found.changes}
    assert found.unknown == ()


def test_what_git_does_not_keep_is_unknown(clone: Clone) -> None:
    """A folder may hold more than its commit: what was not committed, and .git itself unless it is left out."""
    assert clone.changes(ALL, folder="app").unknown == (UNCOMMITTED,)
    assert clone.changes(ALL, folder="app", dirty=True).unknown == (DIRTY,)
    assert clone.changes(ALL, folder="").unknown == (UNCOMMITTED, GIT_FOLDER)
    assert clone.changes(Taken("/app", follows=True), folder="").unknown == (UNCOMMITTED,)


def test_what_was_made_before_the_build_is_unknown(clone: Clone) -> None:
    """A source that no commit has was made by an earlier step of the job, and is named."""
    found = clone.changes(Taken("/dist", follows=True))
    assert found.changes == ()
    assert any("/dist" in one and "not in the commit" in one for one in found.unknown)


def test_submodules_and_large_files_are_unknown(clone: Clone, tmp_path: Path) -> None:
    """The files of a submodule, and those that git LFS keeps elsewhere, are named as unknown where they are taken."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init")
    git(other, "commit", "--allow-empty", "-m", "one")
    words = ("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(other), "app/lib")
    git(clone.folder, *words)
    (clone.folder / ".gitattributes").write_text("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    (clone.folder / "app" / "big.bin").write_text(POINTER.format(1))
    clone.first = clone.commit()
    (clone.folder / "app" / "a.txt").write_text("2")
    (clone.folder / "app" / "big.bin").write_text(POINTER.format(2))
    found = clone.changes(ALL)
    assert [one.name for one in found.changes] == ["a.txt", "big.bin"]
    assert any("lib is a submodule" in one for one in found.unknown)
    assert any("big.bin is kept by git LFS" in one for one in found.unknown)
    assert clone.changes(Taken("/a.txt", follows=True)).unknown == (UNCOMMITTED,)


def test_a_commit_that_is_not_there(clone: Clone, tmp_path: Path) -> None:
    """A commit that the clone has not, a folder that the commit has not, and a folder without a clone say so."""
    shallow = tmp_path / "shallow"
    clone.commit()
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{clone.folder}", str(shallow))
    with pytest.raises(SourceError, match=r"is not in the clone .*, which is shallow"):
        read_revision(shallow, Revision(clone.first), os.environ)
    with pytest.raises(SourceError, match=f"{'0' * 40} is not in the clone"):
        read_revision(clone.folder, Revision("0" * 40), os.environ)
    for folder in ("nowhere", "../app", "README"):
        with pytest.raises(SourceError, match="has no folder"):
            read_revision(clone.folder, Revision(clone.first, folder=folder), os.environ)
    with pytest.raises(SourceError, match="not the full id"):
        read_revision(clone.folder, Revision("--output=x"), os.environ)
    with pytest.raises(SourceError, match="is not in a clone"):
        read_revision(tmp_path, Revision(clone.first), {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)})


def test_a_clone_without_contents_fetches_nothing(clone: Clone, tmp_path: Path) -> None:
    """What a partial clone has not is unknown; it is not fetched, whatever the clone's configuration says."""
    git(clone.folder, "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    words = ("clone", "--quiet", "--bare", "--filter=blob:none", f"file://{clone.folder}", str(partial))
    git(tmp_path, *words)
    packs = sorted(path.name for path in (partial / "objects" / "pack").iterdir())
    with pytest.raises(SourceError, match="has not all that the commit holds"):
        read_revision(partial, Revision(clone.first), os.environ)
    assert sorted(path.name for path in (partial / "objects" / "pack").iterdir()) == packs
    assert [path for path in (partial / "objects").iterdir() if len(path.name) == 2] == []


def test_names_of_any_bytes(clone: Clone) -> None:
    """Names with line ends, tabs, quotes and bytes that are no UTF-8 are read as they are."""
    names = [b"a\nb", b"a\tb", b'"', b"\xff\xfe", "ä".encode()]
    for name in names:
        (clone.folder / "app" / os.fsdecode(name)).write_text("1")
    assert clone.changed(ALL) == {os.fsdecode(name): ("added",) for name in names}
