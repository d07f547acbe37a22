"""Which earlier build tells most about why a build's steps were not reused."""

from collections.abc import Iterable

from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.rules import KeyRules
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant


def nearest(this: TracedBuild, earlier: Iterable[TracedBuild]) -> TracedBuild | None:
    """Return the build with the most equal keys, of several the newest; None where none began before.

    The first one with all keys ends the search, so that newest ones should come first.
    """
    rules = next(iter(this.evidence.rules), None)
    keys = _keys(this.evidence, rules)
    best: tuple[int, Instant, TracedBuild] | None = None
    for one in earlier:
        if one.build.started_at >= this.build.started_at:
            continue
        equal = len(keys & _keys(one.evidence, rules))
        if best is None or (equal, one.build.started_at) > best[:2]:
            best = equal, one.build.started_at, one
        if keys and equal == len(keys):
            break
    return best[2] if best else None


def _keys(evidence: Evidence, rules: KeyRules | None) -> frozenset[str]:
    graphs = [KeyedGraph(graph, rules) for graph in evidence.under(rules)] if rules else []
    return frozenset(key for graph in graphs for key in graph.all_keys)
