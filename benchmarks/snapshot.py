"""Time how long the snapshot of a build context of 20,000 files takes: `benchmarks/snapshot.py [--json]`.

Once with nothing known, and once with all files known from the reading before, stamps loaded and the rules of a
.dockerignore looked at in both.
"""

import json
import os
import sys
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, sleep

from dockcache_tui.sources.context_reader import ContextReader
from dockcache_tui.sources.file_stamps import FileStamps

FOLDERS, FILES, RUNS = 200, 100, 5
SETTLED = 2.1
"""Seconds after which a file counts as one that is not being written."""


def make(root: Path) -> None:
    """Write files of up to 8 kB, as sources are, in folders of a hundred."""
    random = Random(0)  # noqa: S311 - the same each time
    for number in range(FOLDERS):
        folder = root / f"module{number}" / "src"
        folder.mkdir(parents=True)
        for name in range(FILES):
            (folder / f"file{name}.py").write_bytes(random.randbytes(random.randrange(8_192)))
    (root / ".dockerignore").write_text(".git\n**/*.log\n")


def snapshot(root: Path, stamps: FileStamps) -> tuple[float, float, int]:
    """Return the seconds of one snapshot, those of the processor, and the number of files."""
    began, busy = perf_counter(), process_time()
    reader = ContextReader(root, known=stamps.known(os.fsencode(root)))
    files = reader.read()
    took = perf_counter() - began, process_time() - busy
    if reader.is_news:
        stamps.keep(reader.root, reader.known)
    return *took, len(files)


def main() -> None:
    """Print the medians in seconds."""
    with TemporaryDirectory() as scratch:
        root = Path(scratch, "project")
        make(root)
        sleep(SETTLED)
        cold = [snapshot(root, FileStamps(Path(scratch, f"stamps{run}"))) for run in range(RUNS)]
        known = FileStamps(Path(scratch, "stamps0"))
        unchanged = [snapshot(root, known) for _ in range(RUNS)]
    told = {"files": cold[0][2]} | {
        name: {"seconds": median(run[0] for run in runs), "processor": median(run[1] for run in runs)}
        for name, runs in (("cold", cold), ("unchanged", unchanged))
    }
    if "--json" in sys.argv:
        print(json.dumps(told, indent=2))
        return
    for name, runs in (("cold", cold), ("unchanged", unchanged)):
        seconds, busy = (median(run[place] for run in runs) for place in (0, 1))
        print(f"{cold[0][2]:,} files {name}: {seconds:.2f} s ({busy:.2f} s of the processor)")


if __name__ == "__main__":
    main()
