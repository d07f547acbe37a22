"""Every file that a real builder takes old is told, and no other: the image is compared with the disk."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.builds.cause import HitKind
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from why.surroundings import Surroundings

OUT = "FROM scratch\nCOPY --from=build /ctx /\n"
SHAPES = {
    "all": "COPY . /ctx\n",
    "parts": "COPY go.mod one.txt /ctx/\nCOPY src /ctx/src\nRUN --mount=type=cache,target=/c date >> /c/log\n",
    "filters": "COPY *.txt /ctx/\nCOPY --parents src/*/*.c /ctx/\nCOPY --exclude=*.c src/deep /ctx/src/deep\n",
    "mounts": (
        "RUN --mount=target=/m,source=src cp -a /m /ctx/src\nRUN --mount=target=/m,source=go.mod cat /m > /ctx/go.mod\n"
    ),
    "added": "ADD --chmod=640 go.mod two.txt /ctx/\nADD src/deep /ctx/src/deep\nCOPY --link one.txt /ctx/\n",
    "twice": "COPY go.mod /ctx/\nRUN echo deps\nCOPY . /ctx\nRUN echo all\n",
}
"""What is copied below /ctx, each file to its own path."""
MADE = {"parts": ("src",), "added": ("src", "src/deep")}
"""Folders that an instruction makes itself, for what it copies."""
FILES = [
    *("go.mod", "one.txt", "two.txt", "log/x.log"),
    *("src/a.c", "src/b.txt", "src/deep/c.c", "src/deep/d.txt", "src/l/ü [e].c"),
]


class Project:
    """A folder to build in some shape, and what its image held last."""

    def __init__(self, around: Surroundings, work: Path, shape: str) -> None:
        """Write all files."""
        self.around, self.work, self.added = around, work, 0
        self.unknown: tuple[str, ...] = ()
        """What is not known of the last build, where the machine was too slow."""
        for name in FILES:
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name} {shape} 0\n")
        (work / ".dockerignore").write_text("log\n")
        self.made = MADE.get(shape, ())
        self.image = work.parent / "image"
        self.journal = work.parents[1] / "journal"
        (work / "Dockerfile").write_text(f"FROM busybox AS build\nRUN mkdir /ctx\n{SHAPES[shape]}{OUT}")

    def build(self, *words: str) -> Build:
        """Build it as the app does, and return the build as it is told."""
        with ExitStack() as stack:
            journal = stack.enter_context(closing(Journal(self.journal)))
            runner = stack.enter_context(closing(Runner(Docker(self.around.engine.variables), journal)))
            launched = runner.start(BuildSpec(str(self.work), builder=self.around.builder, extra=self._words(words)))
            for _ in launched:
                pass
            build = launched.result()
            evidence = journal.evidence(build.ref)
            self.unknown = evidence.missing if evidence and build.status is BuildStatus.SUCCEEDED else ()
            assert not launched.notice
            return build

    def build_elsewhere(self) -> None:
        """Build it as others do, of which we know nothing."""
        words = self._words((str(self.work),))
        self.around.docker.run("buildx", "build", "--builder", self.around.builder, *words, timeout=100)

    def _words(self, words: tuple[str, ...]) -> tuple[str, ...]:
        shutil.rmtree(self.image, ignore_errors=True)
        return (f"--output=type=local,dest={self.image}", *words)

    def prune(self, *words: str) -> None:
        """Remove what the builder has."""
        self.around.docker.run("buildx", "prune", "--builder", self.around.builder, "--force", *words, timeout=100)

    def git(self, *words: str) -> None:
        """Run git in it."""
        name = ("-c", "user.name=x", "-c", "user.email=x")
        subprocess.run(("git", *name, *words), cwd=self.work, check=True, capture_output=True, timeout=60)

    def old(self) -> set[str]:
        """Return what the image has otherwise than the disk: the bytes of files, the modes of folders."""
        return set(self._old())

    def _old(self) -> Iterator[str]:
        for path in sorted(self.image.rglob("*")):
            name = str(path.relative_to(self.image))
            disk = self.work / name
            if path.is_dir():
                if name not in self.made and disk.stat().st_mode != path.stat().st_mode:
                    yield f"{name}/"
            elif disk.read_bytes() != path.read_bytes():
                yield name


def told(build: Build) -> set[str]:
    """Return the files that a build is said to have taken old; nothing else is wrong with it."""
    assert {one.kind for one in build.warnings} <= {HitKind.STALE}
    return {one.name for warning in build.warnings for one in warning.differences if one.what != "step"}


def restored(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file, and give it its times again."""
    before = path.stat()
    write(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size


def other_bytes(path: Path) -> bytes:
    """Return as many bytes as a file has, and others."""
    content = path.read_bytes()
    return content[:-2] + (b"1" if content[-2:-1] != b"1" else b"2") + b"\n"


def outside(path: Path) -> Path:
    """Return the folder that the project of a file is in."""
    return next(one for one in path.parents if one.name == "work").parent


def in_place(path: Path) -> None:
    """Write a file, and take the times back as `touch -r` does."""
    restored(path, lambda one: one.write_bytes(other_bytes(one)))


def copied(path: Path) -> None:
    """Copy another file over it with its times, as `cp -p` does."""
    other = outside(path) / "other"
    other.write_bytes(other_bytes(path))
    shutil.copystat(path, other)
    shutil.copy2(other, path)


def replaced(path: Path) -> None:
    """Put another file in its place, as `rsync -t` does."""
    other = path.with_name(".other")
    other.write_bytes(other_bytes(path))
    shutil.copystat(path, other)
    other.rename(path)


def unpacked(path: Path) -> None:
    """Unpack an archive that has its time."""
    folder = outside(path) / "archive"
    folder.mkdir(exist_ok=True)
    (folder / path.name).write_bytes(other_bytes(path))
    shutil.copystat(path, folder / path.name)
    archive = subprocess.run(("tar", "c", path.name), cwd=folder, check=True, capture_output=True).stdout
    subprocess.run(("tar", "x"), cwd=path.parent, check=True, input=archive)


def linked(path: Path) -> None:
    """Make it a hard link to another file."""
    other = path.with_name("linked")
    other.unlink(missing_ok=True)
    other.write_bytes(other_bytes(path))
    shutil.copystat(path, other)
    path.unlink()
    path.hardlink_to(other)


def folder_mode(path: Path) -> None:
    """Give its folder another mode."""
    folder = path.parent
    folder.chmod(0o755 if folder.stat().st_mode & 0o777 == 0o700 else 0o700)


ALSO = ("alone", "with an edit", "without cache", "of several", "after a failure", "in a failure")
UNNOTICED = (in_place, copied, replaced, unpacked, linked, folder_mode)


@pytest.mark.matrix
@pytest.mark.parametrize("shape", SHAPES)
def test_stale_edits(shape: str, around: Surroundings, tmp_path: Path) -> None:
    """Each way to change files of each shape unnoticed is told, by exactly those files that the image has old."""
    random, counts = Random(shape), Counter[str]()  # noqa: S311 - the same each time
    project = Project(around, tmp_path / "one" / "work", shape)
    assert told(project.build()) == project.old() == set()
    for way in UNNOTICED:
        for also in random.sample(ALSO, 2):
            paths = [project.work / name for name in random.sample(FILES, 5 if also == "of several" else 2)]
            assert also != "after a failure" or fail(project) == set()
            for path in paths:
                way(path)
            if also == "with an edit":
                (project.work / "src" / "b.txt").write_text(f"{way} {also}\n")
            failed = fail(project) if also == "in a failure" else None
            found = told(project.build(*(["--no-cache"] if also == "without cache" else [])))
            counts["not known"] += bool(project.unknown)
            missed = project.old() ^ found
            assert not missed or project.unknown, f"{way.__name__} {also}: {missed}"
            assert failed in (None, found)
            counts["edits flagged"] += bool(found)
            counts["edits of what is not taken"] += not found
            counts["files"] += len(found)
            for path in paths:
                path.touch()
            if way is folder_mode:
                project.prune("--filter", "type=source.local")
            assert told(project.build()) == set()
            # a result may have been made with another mode than its key has: of that nothing is known
            assert {name for name in project.old() if way is not folder_mode or not name.endswith("/")} == set()
    print(f"{shape}: {dict(counts)}, missed 0, false alarms 0", flush=True)  # noqa: T201 - the table
    assert counts["edits flagged"] > len(UNNOTICED)


@pytest.mark.matrix
def test_projects_of_one_folder_name(around: Surroundings, tmp_path: Path) -> None:
    """A builder takes the files of another project that look the same; that is told, unless others built in between."""
    one = Project(around, tmp_path / "one" / "work", "all")
    other = Project(around, tmp_path / "other" / "work", "all")
    for name in FILES:
        shutil.copystat(one.work / name, other.work / name)
    (other.work / "two.txt").write_text("three\n")
    in_place(other.work / "src" / "a.c")
    assert told(one.build()) == one.old() == set()
    assert told(other.build()) == other.old() == {"src/a.c"}
    assert told(one.build()) == one.old() == set()
    other.build_elsewhere()
    in_place(one.work / "one.txt")
    assert (told(one.build()), one.old(), len(one.unknown)) == (set(), {"one.txt"}, 1)


@pytest.mark.matrix
def test_extended_attributes(around: Surroundings, tmp_path: Path) -> None:
    """A change of attributes alone is told, and one that is touched as well is not."""
    project = Project(around, tmp_path / "one" / "work", "all")
    project.build()
    for number, name in enumerate(FILES[:3]):
        os.setxattr(project.work / name, b"user.x", b"%d" % number)
        build = project.build()
        assert (told(build), {step.cached for step in build.steps if step.cacheable}) == ({name}, {True})
        (project.work / name).touch()
        build = project.build()
        assert (told(build), all(step.cached for step in build.steps if step.cacheable)) == (set(), False)


def fail(project: Project) -> set[str]:
    """Fail a build of a project, and return what it tells of old files."""
    dockerfile = project.work / "Dockerfile"
    text = dockerfile.read_text()
    dockerfile.write_text(text.replace(OUT, f"RUN false\n{OUT}"))
    build = project.build()
    dockerfile.write_text(text)
    assert build.status is BuildStatus.FAILED
    return told(build)


def edit(project: Project, path: Path) -> None:
    """Write something of another length."""
    project.added += 1
    path.write_text(f"{path.name} {'x' * project.added}\n")


def same_length(_: Project, path: Path) -> None:
    """Write something of the same length."""
    path.write_bytes(other_bytes(path))


def touch(_: Project, path: Path) -> None:
    """Give it another time only."""
    path.touch()


def mode(_: Project, path: Path) -> None:
    """Make it a program, or not."""
    path.chmod(path.stat().st_mode ^ 0o111)


def add(project: Project, path: Path) -> None:
    """Put another file beside it."""
    project.added += 1
    (path.parent / f"added{project.added}.txt").write_text("added")


def rename(project: Project, path: Path) -> None:
    """Move what was put beside it, and take away what was before."""
    project.added += 1
    for number, one in enumerate(sorted(path.parent.glob("added*"))):
        one.rename(path.parent / f"added{project.added}-{number}.txt") if number == 0 else one.unlink()


def again(_: Project, path: Path) -> None:
    """Write the same once more."""
    path.write_bytes(path.read_bytes())


def checkout(project: Project, path: Path) -> None:
    """Commit, edit on another branch, and go back."""
    project.git("add", "--all")
    project.git("commit", "--quiet", "--allow-empty", "--message=one")
    project.added += 1
    project.git("checkout", "--quiet", "-b", f"branch{project.added}")
    edit(project, path)
    project.git("commit", "--quiet", "--all", "--message=two")
    project.git("checkout", "--quiet", "-")


def nothing(_: Project, __: Path) -> None:
    """Do nothing."""


def build_elsewhere(project: Project, path: Path) -> None:
    """Edit and build without the app."""
    edit(project, path)
    project.build_elsewhere()


def failure(project: Project, path: Path) -> None:
    """Edit and fail."""
    edit(project, path)
    assert fail(project) == set()


def forget(project: Project, _: Path) -> None:
    """Remove the builder's copy of the files."""
    project.prune("--filter", "type=source.local")


def forget_all(project: Project, _: Path) -> None:
    """Remove all that the builder has."""
    project.prune("--all")


ORDINARY: tuple[Callable[[Project, Path], None], ...] = (
    *(edit, same_length, touch, mode, add, rename, again, checkout, nothing),
    *(build_elsewhere, failure, forget, forget_all),
)


@pytest.mark.matrix
@pytest.mark.parametrize("shape", SHAPES)
def test_ordinary_builds(shape: str, around: Surroundings, tmp_path: Path) -> None:
    """Nothing is said of builds after what people do every day, in two projects of one folder name."""
    random, counts = Random(shape), Counter[str]()  # noqa: S311 - the same each time
    projects = [Project(around, tmp_path / name / "work", shape) for name in ("one", "other")]
    for project in projects:
        project.git("init", "--quiet")
    for _ in range(3):
        for what in random.sample(ORDINARY, len(ORDINARY)):
            project = random.choice(projects)
            what(project, project.work / random.choice(FILES))
            build = project.build(*random.choice(((), (), ("--no-cache",), ("--build-arg=ANY=1",))))
            assert build.status is BuildStatus.SUCCEEDED, build.error
            assert build.warnings == (), what.__name__
            assert project.old() == set(), what.__name__
            counts[what.__name__] += 1
    print(f"{shape}: {sum(counts.values())} ordinary builds, false alarms 0", flush=True)  # noqa: T201 - the table
