"""The command line as a whole: what runs, what is told, and the exit code."""

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click
import pytest

from dockcache_tui.cli import main as main_module
from dockcache_tui.cli.main import COMMANDS, run
from dockcache_tui.core.errors import SourceError, UsageError
from processes import ends
from sources.control_server import scripted_docker

COMMAND = [sys.executable, "-c", "from dockcache_tui.cli.main import main; main()"]


def command_that_raises(error: BaseException) -> click.Command:
    """Return a command that fails in this way."""

    @click.command()
    def failing() -> None:
        raise error

    return failing


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Put a command `failing` that raises the parameter among the commands."""
    monkeypatch.setattr(main_module, "_failing", command_that_raises(request.param), raising=False)
    monkeypatch.setitem(COMMANDS, "failing", ("dockcache_tui.cli.main:_failing", "Fails."))


def test_every_command_is_there_and_summed_up() -> None:
    """Each entry of the table imports to a command, and the help lists it."""
    for target, summary in COMMANDS.values():
        module, _, attribute = target.partition(":")
        assert isinstance(getattr(import_module(module), attribute), click.Command)
        assert summary.endswith(".")


def test_help_names_the_commands_without_importing_them() -> None:
    """`--help` lists every command, and imports neither gRPC nor Textual nor requests."""
    probe = (
        "import sys; from dockcache_tui.cli.main import run; code = run(['--help']);"
        "print(sorted({'grpc', 'textual', 'requests', 'python_on_whales'} & set(sys.modules)), code)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[] 0"
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("command", ["records", "rebuild"])
def test_a_command_imports_nothing_that_it_does_not_need(command: str, tmp_path: Path) -> None:
    """The headless twin runs to its error without the app's library and that of the lab's images."""
    (tmp_path / "Dockerfile").touch()
    probe = (
        "import sys; from dockcache_tui.cli.main import run; code = run(sys.argv[1:]);"
        "print(code, {'textual', 'python_on_whales'} & set(sys.modules))"
    )
    environment = {**os.environ, "PATH": str(tmp_path), "DOCKCACHE_DATA": str(tmp_path / "data")}
    words = [sys.executable, "-c", probe, command]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "3 set()\n"


@pytest.mark.parametrize(
    ("failing", "code", "said"),
    [
        (
            SourceError("nobody answers", hint="look at the network"),
            3,
            ["Can't reach it: nobody answers", "look at the network"],
        ),
        (UsageError("no \x1b[31mred", title="T"), 2, ["T: no ␛[31mred"]),
        (KeyboardInterrupt(), 130, []),
        (click.UsageError("odd"), 2, ["Error: odd"]),
    ],
    indirect=["failing"],
)
@pytest.mark.usefixtures("failing")
def test_errors_are_told_on_stderr_with_their_exit_code(
    capfd: pytest.CaptureFixture[str], code: int, said: list[str]
) -> None:
    """Title, reason and hint are lines on stderr, literal; stdout stays empty; the code is the error's."""
    assert run(["failing"]) == code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert [line for line in captured.err.splitlines() if line and not line.startswith(("Usage", "Try"))] == said


@pytest.mark.parametrize("failing", [ZeroDivisionError("by \x1b[2Jzero")], indirect=True)
@pytest.mark.usefixtures("failing")
def test_a_fault_of_ours_is_one_line_and_a_file(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An unexpected exception shows its type and message and where its details are, and no traceback."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run(["failing"]) == 1
    first, second = capfd.readouterr().err.splitlines()
    assert first == "Something went wrong: ZeroDivisionError: by ␛[2Jzero"
    log = Path(second.rpartition(" ")[2])
    assert tmp_path in log.parents
    assert "Traceback" in log.read_text()


def test_what_names_no_command_is_a_folder_for_the_app(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A word that is neither a command nor a folder is a usage error."""
    assert run([str(tmp_path / "missing")]) == 2
    assert "does not exist" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["records", "--json", "--csv"], "can't be used together"),
        (["records", "--filter", "colour:red"], "unknown field 'colour'"),
        (["records", "--sort", "colour"], "colour"),
        (["records", "prune"], "nothing was named"),
        (["records", "prune", "--filter", "  "], "nothing was named"),
        (["records", "--builder", "x", "prune", "id"], "belong after"),
        (["records", "--builder", "x", "forecast"], "belong after"),
        (["records", "forecast", "--policy", __file__, "--all"], "can't be foreseen together"),
        (["records", "forecast", "--policy", __file__], "the policy can't be read"),
        (["records", "forecast", "--policy", "missing"], "does not exist"),
        (["records", "forecast", "--max-used-space", "20%"], "a share of the builder's disk"),
        (["records", "forecast", "--filter", "private"], "is no filter of"),
    ],
)
def test_what_makes_no_sense_is_refused_before_docker_is_asked(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], reason: str
) -> None:
    """A usage error has exit code 2 and needs no docker."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(words) == 2
    assert reason in capfd.readouterr().err


@pytest.mark.parametrize(
    ("script", "title"),
    [
        (
            "echo 'Cannot connect to the Docker daemon at unix:///x' >&2; exit 1",
            "Docker is not running: Cannot connect",
        ),
        ("printf 'Name: default\\nDriver:\\nError: Cannot connect to the Docker daemon\\n'", "Docker is not running: "),
    ],
)
def test_without_an_engine_records_says_so(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, title: str
) -> None:
    """When docker can't reach its daemon the exit code is 3, with the reason and the next thing to do."""
    docker = scripted_docker(tmp_path, f"#!/bin/sh\n{script}\n")
    monkeypatch.setenv("PATH", docker.environment["PATH"])
    assert run(["records", "--json"]) == 3
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(title)
    assert "demo" in captured.err


def test_version_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """`version` prints name and number."""
    assert run(["version"]) == 0
    assert capfd.readouterr().out.startswith("dockcache-tui 0.")


def test_a_closed_pipe_is_quiet() -> None:
    """When nobody reads stdout the command ends without a word."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "version"], stdout=write, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_ctrl_c_ends_a_waiting_command_and_what_it_started(tmp_path: Path) -> None:
    """Interrupted while docker hangs, the exit code is 130, stderr tells at most of the wait, and docker is gone."""
    docker = scripted_docker(tmp_path, f"#!/bin/sh\necho $$ > {tmp_path}/pid; exec sleep 60\n")
    environment = {**os.environ, **docker.environment}
    app = subprocess.Popen([*COMMAND, "records"], env=environment, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        time.sleep(0.05)
    app.send_signal(signal.SIGINT)
    _, errors = app.communicate(timeout=60)
    assert app.returncode == 130
    assert errors.strip() in {"", "Waiting for Docker…"}
    assert ends(int((tmp_path / "pid").read_text()))
