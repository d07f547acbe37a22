"""Dead and dying engines, read-only and colourless terminals: the real app with real keys."""

import os
import re
import signal
import subprocess
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine, Remote
from tour.scratch import Scratch
from tour.terminal import BINARY, PATIENCE, Open

GREY = r"[34]8;5;(?:16|23[1-9]|24\d|25[0-5])"
UNCOLOURED = rf"(?:\d|2\d|[34]9|{GREY})(?:;(?:\d|2\d|[34]9|{GREY}))*"
"""Attributes, and colours of tmux's 256 that are grey, as its screen has them."""
SLOW = "FROM busybox\nRUN echo {mark} && sleep 600\n"


@pytest.fixture
def slow(engine: Engine, killable_builder: Remote, tmp_path: Path) -> Scratch:
    """A project on a killable builder, whose one step sleeps until something ends it."""
    project = Scratch.make(engine, killable_builder.name, tmp_path)
    (project.folder / "Dockerfile").write_text(SLOW.format(mark=uuid4().hex))
    return project


def test_a_dead_engine_is_told(engine: Engine, docker_builder: str, open_app: Open, tmp_path: Path) -> None:
    """Nothing listens at DOCKER_HOST: the app starts, says so with a hint, and quits with code 0."""
    project = Scratch.make(engine, docker_builder, tmp_path)
    terminal = open_app(project, 80, 24, DOCKER_HOST=f"unix://{tmp_path}/nothing.sock")
    terminal.see("✗ no engine", "✗ Docker is not running", "r  try again", "Start it, or set DOCKER_HOST")
    terminal.press("q")
    terminal.see("^ready>$")


def test_an_engine_that_appears_is_found(engine: Engine, docker_builder: str, open_app: Open, tmp_path: Path) -> None:
    """Started without an engine, the app shows its records as soon as there is one, without a key being pressed."""
    project = Scratch.make(engine, docker_builder, tmp_path)
    socket = tmp_path / "docker.sock"
    terminal = open_app(project, 80, 24, DOCKER_HOST=f"unix://{socket}")
    terminal.see("✗ no engine", "✗ Docker is not running")
    socket.symlink_to(engine.variables.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))
    terminal.see("● ", "records › ")
    terminal.press("q")
    terminal.see("^ready>$")


def test_what_is_edited_is_built_and_built_again(
    engine: Engine, container_builder: str, open_app: Open, tmp_path: Path
) -> None:
    """What is typed into the form is built, and repeated by `b` and by `rebuild`."""
    project = Scratch.make(engine, container_builder, tmp_path)
    (project.folder / "Dockerfile").write_text(
        f"FROM busybox AS early\nARG WORD=none\nRUN echo {uuid4().hex} $WORD\nFROM early\nRUN echo late\n"
    )
    terminal = open_app(project, 80, 24)
    terminal.see("● ")
    terminal.press("B")
    terminal.see("Build arguments")
    terminal.type("early")
    terminal.see("Target +early ")
    row = terminal.flag("cursor_y")
    terminal.press("Tab")
    until = monotonic() + PATIENCE
    while terminal.flag("cursor_y") == row:
        assert monotonic() < until
    terminal.type("WORD=typed")
    terminal.see("Target +early ", "Build arguments +WORD=typed ")
    terminal.press("Enter")
    terminal.see("✓ succeeded", r"■ built .*\[early 2/2\]", "0 % reused · 0 of 1 step", "early")
    terminal.press("b")
    screen = terminal.see("✓ succeeded", r"✓ reused .*\[early 2/2\]", "100 % reused · 1 of 1 step")
    assert "echo late" not in screen
    terminal.press("q")
    terminal.see("^ready>$")
    terminal.run(BINARY, "rebuild", "--json", "|", "grep", "-E", "'\"(reuse|target)\"'")
    terminal.see('"reuse": 1.0', '"target": "early"')


def test_an_engine_that_dies_under_a_build_comes_back(slow: Scratch, killable_builder: Remote, open_app: Open) -> None:
    """The build ends as lost, the app says that the builder is gone, and finds it again when it is started."""
    terminal = open_app(slow, 80, 24)
    terminal.see("● ")
    terminal.press("b")
    terminal.see(r"▸ running .*RUN echo", "▸ building")
    killable_builder.kill()
    terminal.see(r"\? lost · ", r"✗ no engine, \d+s old")
    terminal.see_no("▸ building")
    killable_builder.start()
    terminal.press("2", "r")
    terminal.see("● ", "records › ")
    terminal.press("q")
    terminal.see("^ready>$")


def test_a_running_build_is_left_canceled_and_guarded(slow: Scratch, open_app: Open) -> None:
    """Esc leaves it running, ctrl+c twice cancels it and not the app, and quitting asks first."""
    terminal = open_app(slow, 80, 24)
    terminal.see("● ")
    terminal.press("b")
    terminal.see(r"▸ running .*RUN echo")
    terminal.press("Escape")
    terminal.see("builds › ", "▸ building")
    terminal.press("q")
    terminal.see("still runs", "Stay")
    terminal.press("Enter")
    terminal.see_no("still runs")
    terminal.press("C-c")
    terminal.see("again to cancel", "▸ building")
    terminal.press("C-c", "C-c")
    terminal.see("– canceled")
    terminal.see_no("▸ building")
    terminal.press("b")
    terminal.see(r"▸ running .*RUN echo")
    terminal.press("q")
    terminal.see("still runs")
    terminal.press("Down", "Enter")
    terminal.see("^ready>$")
    until = monotonic() + PATIENCE
    while "Running" in slow.docker("buildx", "history", "ls", "--builder", slow.builder):
        assert monotonic() < until


def test_what_others_build_is_seen_live(slow: Scratch, open_app: Open) -> None:
    """A build that docker started elsewhere shows up while it runs, with its step, and then how it ended."""
    terminal = open_app(slow, 120, 40)
    terminal.see("● ")
    terminal.press("5")
    terminal.see("No build yet")
    command = ("docker", "buildx", "build", "--builder", slow.builder, str(slow.folder))
    with subprocess.Popen(command, env=slow.environment, stderr=subprocess.DEVNULL, start_new_session=True) as build:
        try:
            terminal.see("▸ running .*main.*someone else")
            terminal.press("Enter")
            terminal.see(r"▸ running .*RUN echo", *re.findall("[0-9a-f]{32}", (slow.folder / "Dockerfile").read_text()))
        finally:
            os.killpg(build.pid, signal.SIGINT)
    terminal.see("– canceled ·")


def test_states_are_words_without_colour(slow: Scratch, open_app: Open) -> None:
    """With NO_COLOR no cell has a colour of its own, and states still read as glyph and word."""
    terminal = open_app(slow, 80, 24, NO_COLOR="1")
    terminal.see("● ")
    terminal.press("b")
    terminal.see(r"▸ running .*RUN echo")
    styles = set(re.findall(r"\x1b\[([\d;]*)m", terminal.screen(styled=True)))
    assert any(style.startswith("48;5;") for style in styles)
    assert [style for style in styles if not re.fullmatch(UNCOLOURED, style)] == []
    terminal.press("C-c", "C-c")
    terminal.see("– canceled ·")


def test_the_terminal_knows_its_size_best(engine: Engine, docker_builder: str, open_app: Open, tmp_path: Path) -> None:
    """COLUMNS and LINES of another terminal change nothing: the app fills this one, and follows when it is resized."""
    project = Scratch.make(engine, docker_builder, tmp_path)
    terminal = open_app(project, 120, 40, COLUMNS="80", LINES="24")
    for width, height in ((120, 40), (100, 30)):
        terminal.resize(width, height)
        terminal.see(rf"\A.{{{width - 8},}}● \d+s", rf"\A(.*\n){{{height - 1}}} *⏎ Open")


def test_read_only_starts_nothing(engine: Engine, docker_builder: str, open_app: Open, tmp_path: Path) -> None:
    """With --read-only the header and the help say so, and `b` and `B` neither ask nor run a command."""
    project = Scratch.make(engine, docker_builder, tmp_path)
    terminal = open_app(project, 80, 24, "--read-only")
    terminal.see("READ-ONLY", "● ")
    terminal.press("b", "B", "?")
    terminal.see(r"off: --read-only")
    terminal.press("Escape")
    terminal.see_no("esc closes")
    terminal.press("@")
    assert "docker buildx build" not in terminal.see("Commands", "docker buildx")
