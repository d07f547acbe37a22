"""The cache scope of a workflow on a ref, computed by the composite action's own script."""

from importlib.resources import files
from pathlib import Path

from dockcache_tui.lab.experiments.machine import Bench


def scopes(bench: Bench, workflow: str, ref: str, default: str) -> tuple[str, tuple[str, ...]]:
    """Return the cache scope of a workflow on a full ref, and those it may fall back on."""
    environment = bench.environment() | {"WORKFLOW": workflow, "REF": ref, "BASE": "", "DEFAULT": default}
    said = bench.commands.run(("sh", str(_script())), environment)
    outputs = dict(line.split("=", 1) for line in said.splitlines())
    return outputs["scope"], tuple(outputs["fallbacks"].split())


def _script() -> Path:
    """Return the script: in a wheel within the package, in a checkout where Actions finds it."""
    packaged = Path(str(files("dockcache_tui.lab") / "scope.sh"))
    return packaged if packaged.is_file() else Path(__file__).parents[4] / ".github/actions/cache-scope/scope.sh"
