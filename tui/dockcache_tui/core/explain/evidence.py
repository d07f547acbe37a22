"""All that the keys of a build's steps can be computed from, once its project has changed or is gone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dockcache_tui.core.builds.cache_places import CachePlace
from dockcache_tui.core.explain.context import Context
from dockcache_tui.core.explain.ops import Ops
from dockcache_tui.core.explain.rules import KeyRules, possible_rules
from dockcache_tui.core.explain.source_keys import Resolved


@dataclass(frozen=True, slots=True)
class Statement:
    """What a build's progress tells of one step, where its operations are not known."""

    vertex: str
    name: str
    """As BuildKit calls it: stage, place and the instruction with its variables filled in."""
    inputs: tuple[str, ...] = ()
    """The vertexes it stands on."""
    began: bool = False
    ended: bool = False
    """Whether it came to its end, reused or run."""


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
    contents: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict, compare=False)
    """The digest of what each operation takes from each of its inputs, under the first of the evidence's rules.

    None for one that has none or that is not known; empty where they were not worked out.
    """
    dockerfile: str = ""
    dockerfile_path: str = ""
    """Where it was on this machine."""
    statements: tuple[Statement, ...] = ()
    """The steps of a build that has no operations since it did not succeed."""
    imports: tuple[CachePlace, ...] = ()
    """The caches that it was told to read."""
    exports: tuple[CachePlace, ...] = ()
    """The caches that it wrote: those of a build of ours, since builders tell of none."""


@dataclass(frozen=True, slots=True)
class Revision:
    """The commit that a build's context was of."""

    commit: str
    source: str = ""
    """The address of the repository."""
    folder: str = ""
    """The context's folder in it, empty for the whole."""
    dirty: bool = False
    """Whether files were said to differ from the commit; mostly nobody looked."""
    by_git: bool = False
    """Whether BuildKit fetched it, so that no .dockerignore and no other file counts; else a client sent a folder."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one build beside its steps."""

    version: str = ""
    """Of the BuildKit that ran it."""
    graphs: tuple[Graph, ...] = ()
    revision: Revision | None = None
    missing: tuple[str, ...] = ()
    """What is not known and why, as sentences."""

    @property
    def rules(self) -> tuple[KeyRules, ...]:
        """Return the rules that its builder may have, the newest first."""
        return possible_rules(self.version, [op for graph in self.graphs if graph.ops for op in graph.ops.ops])

    def under(self, rules: KeyRules) -> tuple[Graph, ...]:
        """Return the graphs with operations, without digests that were worked out under other rules."""
        graphs = tuple(graph for graph in self.graphs if graph.ops)
        return graphs if self.rules[:1] == (rules,) else tuple(replace(graph, contents={}) for graph in graphs)
