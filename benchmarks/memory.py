"""Measure the app's memory over many refreshes: `benchmarks/memory.py [--json]`.

The app runs headless on a local service with 8,561 caches, as one repository had when its memory grew threefold in 40
refreshes. After 200 refreshes it may have 1.2 times what it had after the tenth.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

CACHES, REFRESHES, FIRST = 8_561, 200, 10
MOST = 1.2
MB = 10**6
TESTS = Path(__file__).parent.parent / "tests"


def measure() -> list[int]:
    """Return the bytes in use after each refresh."""
    command = (sys.executable, str(TESTS / "ui" / "many_refreshes.py"), str(CACHES), str(REFRESHES))
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    said = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [int(line) for line in said.splitlines()]


def main() -> None:
    """Measure and print."""
    in_use = measure()
    first, last = in_use[FIRST - 1], in_use[-1]
    if "--json" in sys.argv:
        print(json.dumps({"caches": CACHES, "in_use": in_use, "ratio": last / first}, indent=2))
    else:
        print(f"{CACHES:,} caches: {first / MB:.0f} MB after {FIRST} refreshes, {last / MB:.0f} MB after {REFRESHES}")
        print(f"{last / first:.2f} x as much; at most {MOST} x is meant")
    assert last <= MOST * first, last / first


if __name__ == "__main__":
    main()
