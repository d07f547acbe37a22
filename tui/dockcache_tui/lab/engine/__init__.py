"""An engine of our own for the tests, the demo and the experiments: made, used and taken away without a trace."""

from dockcache_tui.lab.engine.builders import (
    DOCKER,
    TWO_PLATFORMS,
    Remote,
    container_builder,
    remote_builder,
    remove_builder,
    remove_builders,
    two_node_builder,
)
from dockcache_tui.lab.engine.daemons import kill, registry_address, running, start, stop
from dockcache_tui.lab.engine.home import Engine, EngineError, at, default_home, narrate
from dockcache_tui.lab.engine.lifecycle import borrow, existing, plan, provision, remove, shared, support

__all__ = [
    "DOCKER",
    "TWO_PLATFORMS",
    "Engine",
    "EngineError",
    "Remote",
    "at",
    "borrow",
    "container_builder",
    "default_home",
    "existing",
    "kill",
    "narrate",
    "plan",
    "provision",
    "registry_address",
    "remote_builder",
    "remove",
    "remove_builder",
    "remove_builders",
    "running",
    "shared",
    "start",
    "stop",
    "support",
    "two_node_builder",
]
