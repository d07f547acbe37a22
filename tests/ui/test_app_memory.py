"""Memory stays within bounds however much a build says."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MOST = 100_000_000


def test_a_million_lines_of_output_take_bounded_memory() -> None:
    """A process that shows a build's million lines, to the last, grows by less than the lines take themselves."""
    path = os.pathsep.join([str(HERE.parent), *sys.path])
    command = (sys.executable, str(HERE / "million_lines.py"))
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < MOST
