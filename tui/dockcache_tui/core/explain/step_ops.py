"""Which operation each step of a build was."""

from collections.abc import Iterable, Mapping, Sequence

from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.op_keys import action_kind
from dockcache_tui.core.explain.ops import Op

_INSTRUCTIONS = {"exec": ("RUN",), "copy": ("COPY", "ADD"), "mkdir": ("WORKDIR",), "merge": ("LINK",)}


def step_ops(steps: Iterable[Step], graph: Graph) -> Mapping[str, Step]:
    """Return the steps of a graph by their operations.

    With an old external frontend a provenance names other steps than those that ran. Then those of a graph of one
    stage are paired by their order, if all of them agree in what they do; others are not known.
    """
    if graph.ops is None:
        return {}
    steps = tuple(steps)
    named = {graph.ops.vertexes[step.digest]: step for step in steps if step.digest in graph.ops.vertexes}
    return named or _in_order(steps, graph.ops.ops)


def _in_order(steps: Sequence[Step], told: Iterable[Op]) -> Mapping[str, Step]:
    placed = [step for step in steps if parse_name(step.name).kind in (StepKind.OPERATION, StepKind.MERGE)]
    placed = sorted((step for step in placed if _number(step)), key=_number)
    ops = [op for op in told if op.kind in ("exec", "merge") or (op.kind == "file" and op.inputs)]
    fits = len(placed) == len(ops) and all(map(_is_like, placed, ops))
    one_stage = len({parse_name(step.name).stage for step in placed}) == 1
    return {op.id: step for op, step in zip(ops, placed, strict=True)} if fits and one_stage else {}


def _number(step: Step) -> int:
    return parse_name(step.name).number or 0


def _is_like(step: Step, op: Op) -> bool:
    instruction = parse_name(step.name).instruction.partition(" ")[0]
    return instruction in _INSTRUCTIONS.get(action_kind(op) or op.kind, ())
