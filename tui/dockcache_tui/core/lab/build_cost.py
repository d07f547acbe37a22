"""What a build cost: where its wall time went, and what its logs tell of Go."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.progress import TransferUpdate
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.run import Counts, Split

_ORDER = ("importing", "building", "exporting")
"""Where two overlap, the earlier one counts: a step that waits for its layers is told as running."""
_GOT = re.compile(r"# get (\S+/@v/\S+\.zip): 200 OK.*")
_FETCHED = re.compile(r"go: downloading (\S+ v\S+)")
_COMPILES = re.compile(r"\bgo\W+build\b")
"""Also in the form `RUN ["go", "build"]`."""
_PACKAGE = re.compile(r"[\w.~+/-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    what: str


def split_build(
    steps: Sequence[Step], transfers: Iterable[TransferUpdate], started: Instant, completed: Instant
) -> Split:
    """Return the split of a build's wall time; `transfers` are the newest updates of its steps' transfers."""
    exports = {step.digest for step in steps if _part(step) == "exporting"}
    spans = [
        *(_span(step.started_at, step.completed_at, _part(step)) for step in steps),
        *(_span(one.started, one.completed, "importing") for one in transfers if one.vertex not in exports),
    ]
    clipped = [
        _Span(max(span.start, started.ns), min(span.end, completed.ns), span.what) for span in spans if span.what
    ]
    taken: list[tuple[int, int]] = []
    seconds = {}
    for part in _ORDER:
        before = _length(taken)
        taken += [(span.start, span.end) for span in clipped if span.what == part and span.end > span.start]
        seconds[part] = (_length(taken) - before) / 1e9
    return Split(**seconds, rest=max(0.0, completed.seconds_since(started) - sum(seconds.values())))


def _span(start: Instant | None, end: Instant | None, what: str) -> _Span:
    return _Span(start.ns, end.ns, what) if start and end else _Span(0, 0, "")


def _part(step: Step) -> str:
    """Return which part of the split a step's own time belongs to; empty for the rest."""
    name = parse_name(step.name)
    if name.kind is StepKind.EXPORT:
        return "exporting"
    if name.kind in {StepKind.OPERATION, StepKind.MERGE}:
        return "building"
    brings = name.instruction.startswith(("importing ", "FROM "))
    return "importing" if brings else ""


def _length(spans: Iterable[tuple[int, int]]) -> int:
    """Return how much time some spans cover together."""
    total = reached = 0
    for start, end in sorted(spans):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def go_counts(logs: Mapping[str, Iterable[str]], module: str) -> Counts:
    """Count modules and packages; `logs` maps the name of each step that ran to its lines, `module` is the program's.

    A step that says both how it got a module and that it is downloading it, says the same twice.
    """
    modules = own = dependencies = standard = 0
    for name, lines in logs.items():
        said = tuple(line.strip() for line in lines)
        got, fetched = ({match[1] for line in said if (match := form.fullmatch(line))} for form in (_GOT, _FETCHED))
        modules += max(len(got), len(fetched))
        for package in {line for line in said if _PACKAGE.fullmatch(line)} if _COMPILES.search(name) else ():
            if package == module or package.startswith(f"{module}/"):
                own += 1
            elif "." in package.partition("/")[0]:
                dependencies += 1
            else:
                standard += 1
    return Counts(modules=modules, own=own, dependencies=dependencies, standard=standard)


def module_of(go_mod: str) -> str:
    """Return the path of the module that a go.mod declares; empty when it declares none."""
    match = re.search(r"^module\s+(\S+)", go_mod, re.MULTILINE)
    return match[1] if match else ""
