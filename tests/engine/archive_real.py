"""What a real engine makes of layers that a test writes: the files of a running container, or the refusal."""

import os
import stat
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from dockcache_tui.lab.engine import Engine
from engine.docker_words import docker
from sources.archive_files_making import file, tar
from sources.layout_making import as_folder, saved

WAITS = "busybox"
"""A program that every image of ours has, for a container to run."""


@dataclass(frozen=True)
class Real:
    """A path of a running container, as its kernel tells it."""

    kind: str
    mode: int
    uid: int
    gid: int
    content: str = ""
    """Of a file the digest, of a symlink where it leads, of a device its numbers."""
    xattrs: tuple[tuple[str, bytes], ...] = ()


def save_layers(engine: Engine, folder: Path, *layers: bytes) -> tuple[Path, str]:
    """Write an archive of layers over one that a container can run; returns it and the image's tag."""
    name = f"dockcache-real-{uuid4().hex[:12]}"
    base = tar(file(WAITS, _program(engine, folder.with_suffix(".busybox")), mode=0o755))
    as_folder(saved(base, *layers, tags=(f"{name}:1",)), folder)
    archive = folder.with_suffix(".tar")
    subprocess.run(("tar", "-C", folder, "-cf", archive, "."), check=True)
    return archive, f"{name}:1"


def real_tree(engine: Engine, archive: Path, tag: str) -> dict[str, Real] | str:
    """Load an archive into an engine and return what a container sees below `/`, or why the engine refused."""
    name = tag.partition(":")[0]
    command = ("docker", "load", "--input", str(archive))
    done = subprocess.run(command, env=engine.variables, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        return done.stderr + done.stdout
    try:
        run = (
            "docker",
            "run",
            "--detach",
            "--name",
            name,
            "--network",
            "none",
            "--entrypoint",
            f"/{WAITS}",
            tag,
            "sleep",
            "600",
        )
        done = subprocess.run(run, env=engine.variables, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            return done.stderr + done.stdout
        pid = docker(engine, "inspect", "--format", "{{.State.Pid}}", name).strip()
        return dict(_walked(Path(f"/proc/{pid}/root")))
    finally:
        subprocess.run(("docker", "rm", "--force", name), env=engine.variables, capture_output=True, check=False)
        subprocess.run(("docker", "rmi", "--force", tag), env=engine.variables, capture_output=True, check=False)


def printed(engine: Engine, archive: Path, tag: str, paths: Iterable[str]) -> dict[str, str | None]:
    """Load an archive, and return what `cat` in a container prints of each path; None where it finds no file."""
    docker(engine, "load", "--input", str(archive))
    found: dict[str, str | None] = {}
    try:
        for path in paths:
            run = ("docker", "run", "--rm", "--network", "none", "--entrypoint", f"/{WAITS}", tag, "cat", path)
            done = subprocess.run(run, env=engine.variables, capture_output=True, text=True, timeout=600, check=False)
            assert done.returncode in (0, 1), done.stderr  # others are the engine's own
            found[path] = None if done.returncode else done.stdout
    finally:
        docker(engine, "rmi", "--force", tag)
    return found


def _program(engine: Engine, path: Path) -> bytes:
    name = docker(engine, "create", "--network", "none", "busybox").split()[-1]
    docker(engine, "cp", f"{name}:/bin/busybox", str(path))
    docker(engine, "rm", name)
    return path.read_bytes()


def _walked(root: Path, below: str = "") -> Iterator[tuple[str, Real]]:
    for name in sorted(one.name for one in (root / below).iterdir()):
        path = f"{below}/{name}" if below else name
        if path in {"proc", "sys", "dev", "etc", ".dockerenv", WAITS}:
            continue
        try:
            told = os.lstat(root / path)
        except FileNotFoundError:  # an overlay lists a whiteout of nothing, and has none
            continue
        yield path, _real(root / path, told)
        if stat.S_ISDIR(told.st_mode):
            yield from _walked(root, path)


def _real(path: Path, told: os.stat_result) -> Real:
    mode, content = told.st_mode, ""
    kind = "file"
    if stat.S_ISLNK(mode):
        kind, content = "symlink", str(path.readlink())
    elif stat.S_ISDIR(mode):
        kind = "folder"
    elif stat.S_ISFIFO(mode):
        kind = "fifo"
    elif stat.S_ISREG(mode):
        content = f"sha256:{sha256(path.read_bytes()).hexdigest()}"
    else:
        letter = "b" if stat.S_ISBLK(mode) else "c"
        kind, content = "device", f"{letter} {os.major(told.st_rdev)}:{os.minor(told.st_rdev)}"
    xattrs = tuple(
        (name, os.getxattr(path, name, follow_symlinks=False))
        for name in sorted(os.listxattr(path, follow_symlinks=False))
    )
    return Real(kind, stat.S_IMODE(mode), told.st_uid, told.st_gid, content, xattrs)
