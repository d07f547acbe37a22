"""Run alone with how many caches and refreshes: prints the bytes of memory that the app has after each refresh.

The app runs headless, with the garbage collector as it sets it, on a local service. GitHub's pace is not kept.
"""

import asyncio
import gc
import os
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from dockcache_tui.actions_service.home import Home
from dockcache_tui.actions_service.service import open_database
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.github import gate
from dockcache_tui.ui.caches.caches_view import CachesView
from dockcache_tui.ui.running import COLLECTIONS
from service.serving import Served
from ui.bench import PATIENCE, Bench
from ui.caches_bench import caches

REPO = "tests/served"
BRANCHES = 40


def fill(home: Home, count: int) -> None:
    """Save caches without blobs, which a listing never reads."""
    now = Instant.now().ns
    rows = (
        (REPO, f"refs/heads/b{one % BRANCHES}", f"Linux-npm-{one}", "v", f"blob{one}", 1000, now - one, now - one)
        for one in range(count)
    )
    with closing(open_database(home.database)) as sql:
        sql.execute("BEGIN")
        columns = "repo, ref, key, version, blob, size, created, accessed"
        sql.executemany(f"INSERT INTO cache ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
        sql.execute("COMMIT")


def in_use() -> int:
    """Return the bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def refresh(app: Bench) -> None:
    """Read all again, and wait until it is shown."""
    view = app.app.query_one(CachesView)
    before = view.reading
    await app.press("r")
    try:
        async with asyncio.timeout(5 * PATIENCE):
            while view.reading is before or len(app.app.workers):  # noqa: ASYNC110 - the view tells nobody
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(app.screen()) from None
    await app.pilot.pause()


async def look(count: int, refreshes: int) -> None:
    """Refresh again and again."""
    gc.set_threshold(*COLLECTIONS)
    async with caches() as app:
        await app.see(f"{count:,} entries", "GitHub counts")
        for _ in range(refreshes):
            await refresh(app)
            print(in_use(), flush=True)  # noqa: T201


def main(count: int, refreshes: int) -> None:
    """Serve the caches and look at them."""
    setattr(gate, "_POINTS", 10**9)  # noqa: B010 - mypy would take it for a mistake
    with TemporaryDirectory() as folder:
        served = Served(Path(folder), "--limit", "100GB")
        try:
            fill(served.home, count)
            os.environ |= {
                "GITHUB_API_URL": served.address,
                "GITHUB_REPOSITORY": REPO,
                "GITHUB_TOKEN": served.signer.rest_token(write=False),
                "DOCKCACHE_DATA": folder,
            }
            asyncio.run(look(count, refreshes))
        finally:
            served.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
