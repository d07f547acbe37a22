"""What the engine's tests say to docker, and how they read its answer."""

import re
import subprocess

from dockcache_tui.lab.engine import Engine


def docker(engine: Engine, *words: str) -> str:
    """Run docker on that engine to a good end, and return all it said."""
    argv = ("docker", *words)
    done = subprocess.run(argv, env=engine.variables, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def cached(engine: Engine, builder: str, project: object) -> set[str]:
    """Build a project, and return which of its steps after FROM came from the cache, as `stage n/m` or `n/m`."""
    said = docker(engine, "buildx", "build", "--builder", builder, "--progress", "plain", str(project))
    reused = set(re.findall(r"^(#\d+) CACHED$", said, re.MULTILINE))
    steps = re.findall(r"^(#\d+) \[([^\]]*\d+/\d+)\] (\w+)", said, re.MULTILINE)
    return {name for number, name, word in steps if number in reused and word != "FROM"}


def uses_containerd(engine: Engine) -> bool:
    """Tell whether an engine keeps images in containerd's store, not in the older one."""
    return "io.containerd.snapshotter" in docker(engine, "info", "--format", "{{.DriverStatus}}")
