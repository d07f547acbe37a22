"""Memory stays within bounds however much a build says, and however often all is read again."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockcache_tui.core.caches.reading import CachesReading
from service.serving import Job
from ui.caches_bench import caches
from ui.many_refreshes import refresh

HERE = Path(__file__).parent
MOST = 100_000_000


def run_alone(script: str, *words: str) -> str:
    """Run a script of this folder in a process of its own; returns what it printed."""
    path = os.pathsep.join([str(HERE.parent), *sys.path])
    command = (sys.executable, str(HERE / script), *words)
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_million_lines_of_output_take_bounded_memory() -> None:
    """A process that shows a build's million lines, to the last, grows by less than the lines take themselves."""
    assert int(run_alone("million_lines.py")) < MOST


@pytest.mark.matrix
def test_refreshing_again_and_again_takes_no_more_memory() -> None:
    """After twenty refreshes of 3,000 caches the app has no more than 1.2 times the memory it had after ten."""
    in_use = [int(line) for line in run_alone("many_refreshes.py", "3000", "20").splitlines()]
    assert len(in_use) == 20
    assert in_use[-1] < 1.2 * in_use[9]


async def test_what_was_read_before_is_let_go_at_once(job: Job) -> None:
    """Nothing holds a reading that was replaced in a cycle, which only a full collection would find."""
    job.save("key")
    async with caches() as app:
        await app.see("GitHub counts")
        await refresh(app)
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                await refresh(app)
            kept = [one for one in gc.get_objects() if isinstance(one, CachesReading)]
        finally:
            gc.enable()
    assert len(kept) <= 2
