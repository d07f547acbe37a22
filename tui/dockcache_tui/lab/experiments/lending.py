"""Lends the lab an engine: the private one where it can be made, else the Docker that is there."""

from collections.abc import Callable
from contextlib import ExitStack

from dockcache_tui.lab import engine as engines
from dockcache_tui.lab.engine import Engine


def lend(stack: ExitStack, say: Callable[[str], None]) -> Engine:
    """Return an engine until the stack ends, after saying what is fetched for it; raises EngineError without one."""
    home = engines.default_home()
    if engines.support() is not None and (there := engines.existing(home)):
        return there
    if not engines.running(engines.at(home)):
        say("The lab brings an engine of its own. What is missing of it is fetched now, once:")
        for line in engines.plan(home, builders=True):
            say(f"  {line}")
        say("`dockcache-tui demo --remove` takes it all away again.")
    return stack.enter_context(engines.borrow(home, say, builders=True))
