"""`archive cat` prints one file of an image."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from sources.archive_files_making import Made, file, link, oci, tar

PROGRAM = "from dockcache_tui.cli.main import main; main()"
BINARY = bytes(range(256)) * 5_000


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep indexes in a folder of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """An archive with two layers."""
    links = (
        *(link("l", "bin/x"), link("to-bin", "/bin"), link("etc/up", "../../bin"), link("dangling", "etc/none")),
        *(link("loop", "loop"), link("a", "b"), link("b", "a"), link("self", "self", hard=True)),
    )
    base = tar(file("etc/motd", b"hello\x1b[31m\n"), file("bin/x", BINARY), file("bin/sub/../y", b"y"), *links)
    return oci(tmp_path / "image", [base, tar(file("etc/motd", b"bye\n"))])


def test_the_bytes_of_a_file(made: Made, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """To a pipe they go as they are, as the last layer put them or the one named; however its path is written."""
    for written in ("/bin/x", "bin/x", "./bin/x", "/./etc/../bin//x", "l", "/to-bin/x", "etc/up/x", "etc/up/../l"):
        assert run(["archive", "cat", str(made.path), written]) == 0
        assert capfdbinary.readouterr().out == BINARY
    assert run(["archive", "cat", str(made.path), "etc/motd"]) == 0
    assert capfdbinary.readouterr().out == b"bye\n"
    assert run(["archive", "cat", str(made.path), "etc/motd", "--layer", "1"]) == 0
    assert capfdbinary.readouterr().out == b"hello\x1b[31m\n"


def test_a_terminal_gets_nothing_to_act_upon(made: Made) -> None:
    """Text is shown literally, other bytes as hex."""
    shown = []
    for words in (["etc/motd", "--layer", "1"], ["bin/x"]):
        ours, theirs = os.openpty()
        command = [sys.executable, "-c", PROGRAM, "archive", "cat", str(made.path), *words]
        with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE) as process:
            os.close(theirs)
            shown.append(drained(ours))
            process.communicate()
        assert process.returncode == 0
    assert shown[0].splitlines() == [b"hello\xe2\x90\x9b[31m", b""]
    assert shown[1].splitlines()[0].startswith(b"00000000  00 01 02")


def drained(terminal: int) -> bytes:
    """Read a terminal until its other side is closed."""
    read = b""
    try:
        while part := os.read(terminal, 65_536):
            read += part
    except OSError:
        pass  # Linux tells the end of a terminal so
    finally:
        os.close(terminal)
    return read


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("bin", "/bin is a folder"),
        ("./..", "/ is a folder"),
        ("to-bin", "bin is a folder"),
        ("no", "no is not in the image"),
        ("dangling", "dangling is not in the image: it leads to etc/none"),
        ("loop/x", "loop/x is symlinks without end"),
        ("a", "a is symlinks without end"),
        ("self", "self is a chain of hard links without end"),
    ],
)
def test_what_holds_no_bytes(made: Made, capsys: pytest.CaptureFixture[str], path: str, said: str) -> None:
    """The reason is told, exit code 1."""
    assert run(["archive", "cat", str(made.path), path]) == 1
    assert said in capsys.readouterr().err
