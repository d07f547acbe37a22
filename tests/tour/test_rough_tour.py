"""Everything goes wrong at once, with real keys: a word comes soon, and nothing is lost."""

import subprocess
from pathlib import Path
from time import monotonic, sleep

from disks import Disk
from dockcache_tui.lab.engine import Engine
from nobody import git
from sources.silent import untrusted
from tour.scratch import Scratch
from tour.terminal import BINARY, PATIENCE, Open

FIRST_WORD = 10.0
"""Seconds until something is told, beside what this machine takes to start anything."""


def gone(temporary: Path) -> None:
    """Wait until no folder of the app is left."""
    until = monotonic() + PATIENCE
    while left := [path.name for path in temporary.glob("dockcache-*")]:
        assert monotonic() < until, left
        sleep(0.1)


def test_a_rough_day(engine: Engine, container_builder: str, open_app: Open, small_disk: Disk, tmp_path: Path) -> None:
    """A full disk, a home that is only read, a remote that is not GitHub, a bad certificate, a terminal that closes.

    The project lies below the top of its repository.
    """
    began = monotonic()
    subprocess.run((BINARY, "version"), check=True, capture_output=True)
    soon = FIRST_WORD + 5 * (monotonic() - began)
    scratch = Scratch.make(engine, container_builder, tmp_path)
    git(scratch.folder, "remote", "add", "origin", "https://gitlab.com/octo/app.git")
    below = scratch.folder / "below"
    below.mkdir()
    (below / "Dockerfile").write_text("FROM busybox\nRUN echo below\n")
    project = Scratch(engine, container_builder, scratch.folder, small_disk.folder / "data")
    small_disk.fill()
    temporary = tmp_path / "temporary"
    temporary.mkdir()

    began = monotonic()
    terminal = open_app(project, 120, 40, "below", TMPDIR=str(temporary))
    terminal.see("dockcache", "◌ connecting|● ")  # whichever is the first
    assert monotonic() - began < soon
    terminal.see("The journal", "Builds are not kept")
    terminal.press("3")
    terminal.see("Which repository\\?")
    terminal.press("2", "b")
    terminal.see("✓ succeeded", "RUN echo below")
    terminal.press("q")
    terminal.see("^ready>$")
    gone(temporary)

    small_disk.seal()
    with untrusted(tmp_path) as port:
        began = monotonic()
        terminal.run(f"GITHUB_API_URL=https://127.0.0.1:{port} {BINARY} caches --repo octo/app; echo code=$?")
        terminal.see("can't be trusted", "REQUESTS_CA_BUNDLE", "code=3")
        assert monotonic() - began < soon
    terminal.run(f"clear; {BINARY} rebuild below --builder {container_builder} --json | grep reuse; echo done=$?")
    terminal.see("Builds are not kept", '"reuse": 1.0', "done=0")

    terminal.run(f"clear; {BINARY} below --builder {container_builder}")
    terminal.see("● ")
    terminal.close()
    gone(temporary)
