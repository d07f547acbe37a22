"""All that the keys of a build's steps can be computed from, once its project has changed or is gone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dockcache_tui.core.explain.context import Context
from dockcache_tui.core.explain.ops import Ops
from dockcache_tui.core.explain.source_keys import Resolved


@dataclass(frozen=True, slots=True)
class Graph:
    """One target of a build for one platform; empty or None for what is not known."""

    ref: str = ""
    """BuildKit's own ref of it."""
    target: str = ""
    """A bake file's name of it."""
    platform: str = ""
    """As linux/arm64; empty for the only one."""
    ops: Ops | None = None
    """None for a build that failed, or whose provenance has none (mode=min)."""
    request: Mapping[str, str] = field(default_factory=dict)
    """What the frontend was asked: `target`, `build-arg:NAME`, `label:NAME`, `context:NAME`, `platform` and others."""
    secrets: tuple[str, ...] = ()
    """The ids of secrets and ssh agents; never what they hold."""
    sources: Mapping[str, Resolved] = field(default_factory=dict)
    """What sources came to, by the ids of their operations."""
    contexts: tuple[Context, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one build beside its steps."""

    version: str = ""
    """Of the BuildKit that ran it."""
    graphs: tuple[Graph, ...] = ()
    missing: tuple[str, ...] = ()
    """What is not known and why, as sentences."""
