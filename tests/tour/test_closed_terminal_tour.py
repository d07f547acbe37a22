"""A terminal that is closed and a request to end leave nothing behind."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from dockcache_tui.lab.engine import Engine
from processes import all_gone, marked
from tour.scratch import Scratch
from tour.terminal import BINARY, PATIENCE, Open, Terminal


def app_of(terminal: Terminal) -> int:
    """Return the process of the app that runs in a terminal."""
    shell = int(terminal.flag("pane_pid"))
    (child,) = Path(f"/proc/{shell}/task/{shell}/children").read_text().split()
    return int(child)


def close(terminal: Terminal) -> None:
    """Close the terminal under the app."""
    terminal.close()


def terminate(terminal: Terminal) -> None:
    """Ask the app to end."""
    os.kill(app_of(terminal), signal.SIGTERM)
    terminal.see("^ready>$")
    terminal.run("echo code=$?")
    terminal.see(f"code={128 + signal.SIGTERM}")
    terminal.close()


@pytest.mark.parametrize("end", [close, terminate])
def test_nothing_is_left(
    engine: Engine,
    container_builder: str,
    open_app: Open,
    tmp_path: Path,
    temporary: Path,
    end: Callable[[Terminal], None],
) -> None:
    """No private folder, no process and no crash log are left while a build runs."""
    project = Scratch.make(engine, container_builder, tmp_path)
    (project.folder / "Dockerfile").write_text(f"FROM busybox\nRUN echo {tmp_path} && sleep 600\n")
    state = tmp_path / "state"
    terminal = open_app(project, 120, 40, TMPDIR=str(temporary), XDG_STATE_HOME=str(state))
    terminal.see("● ")
    terminal.press("2", "b")
    terminal.see("sleep 600", "running")
    assert marked(str(temporary))
    end(terminal)
    all_gone(temporary)
    assert not [*state.rglob("error-*")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_app_that_is_ended_while_it_starts(
    engine: Engine, container_builder: str, open_app: Open, tmp_path: Path, temporary: Path, number: signal.Signals
) -> None:
    """Ended as soon as its private folder is there, it leaves neither that nor a process nor a garbled screen."""
    project = Scratch.make(engine, container_builder, tmp_path)
    state = tmp_path / "state"
    terminal = open_app(project, 120, 40, TMPDIR=str(temporary), XDG_STATE_HOME=str(state))
    until = monotonic() + PATIENCE
    while not [*temporary.glob("dockcache-*")]:
        assert monotonic() < until
        sleep(0.001)
    os.kill(app_of(terminal), number)
    terminal.see("^ready>$")
    terminal.run("echo code=$?")
    terminal.see(f"code={128 + number}")
    terminal.close()
    all_gone(temporary)
    assert not [*state.rglob("error-*")]


def test_a_terminal_that_vanishes(
    engine: Engine, container_builder: str, open_app: Open, tmp_path: Path, temporary: Path
) -> None:
    """The app ends too where nobody tells it that its terminal is gone, as in a session of its own."""
    project = Scratch.make(engine, container_builder, tmp_path)
    state = tmp_path / "state"
    terminal = open_app(project, 120, 40, TMPDIR=str(temporary), XDG_STATE_HOME=str(state))
    terminal.see("● ")
    terminal.press("q")
    terminal.see("^ready>$")
    terminal.run(f"clear; setsid --wait {BINARY} --builder {container_builder}")
    terminal.see("● ")
    terminal.close()
    all_gone(temporary)
    assert not [*state.rglob("error-*")]
