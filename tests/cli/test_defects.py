"""What nobody thought of, in a thread of a command."""

import os
import subprocess
import sys
from pathlib import Path

from sources.control_server import scripted_docker

TOKEN = "ghp_T0psecretT0psecretT0psecret"
CODE = f"""
from dockcache_tui.cli import main, waiting
def broken(text):
    raise KeyError("nope", "{TOKEN}")
waiting.narrate, waiting.FIRST = broken, 0.01
main.main()
"""


def test_a_defect_in_a_thread_is_kept_in_a_file(tmp_path: Path) -> None:
    """It is told in words, with the path of a log that has its traceback, without tokens; the command goes on."""
    docker = scripted_docker(tmp_path, "#!/bin/sh\nsleep 1\necho ERROR: odd >&2\nexit 1\n").environment
    own = {"DOCKCACHE_DATA": str(tmp_path / "data"), "XDG_STATE_HOME": str(tmp_path / "state"), "GH_TOKEN": TOKEN}
    words = (sys.executable, "-c", CODE, "records")
    done = subprocess.run(words, env=os.environ | docker | own, capture_output=True, text=True, check=False, timeout=60)
    (log,) = (tmp_path / "state").rglob("error-*.log")
    assert "Something went wrong: KeyError: ('nope', '***')" in done.stderr
    assert f"the details are in {log}" in done.stderr
    assert "Docker refused: odd" in done.stderr
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "in broken" in log.read_text()
    assert TOKEN not in log.read_text() + done.stderr
