"""What a frontend answers becomes the operations that the provenance of the same build has."""

import json
from pathlib import Path

import pytest

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.messages import MESSAGES
from dockcache_tui.core.explain.ops import Op, read_ops
from dockcache_tui.sources.buildkit import gateway_pb2 as pb
from dockcache_tui.sources.buildkit.definition import Planned, planned

SAMPLES = Path(__file__).parent / "samples"
"""The answers of BuildKit 0.34.2 for a Dockerfile of many instructions and for two platforms, and the provenance of
those builds."""


def answer(name: str) -> pb.FrontendAnswer:
    """Return a recorded answer."""
    return pb.FrontendAnswer.FromString((SAMPLES / f"plan-{name}.bin").read_bytes())


def told(name: str) -> dict[str, tuple[Op, ...]]:
    """Return the operations of a build by platform, without what only a build says of a named context."""
    documents = json.loads((SAMPLES / f"plan-{name}.json").read_text())
    for one in (one for document in documents.values() for one in document["buildConfig"]["llbDefinition"]):
        source = ((one["op"].get("Op") or {}).get("source") or {}).get("identifier")
        if source == "local://extra":
            del one["op"]["Op"]["source"]["attrs"]
    return {platform: read_ops(json.dumps(document)).ops for platform, document in documents.items()}


def only(plans: tuple[Planned, ...]) -> Planned:
    """Return the plan of the only platform."""
    (plan,) = plans
    return plan


@pytest.mark.parametrize("name", ["one", "two"])
def test_operations(name: str) -> None:
    """Each operation is as in the provenance, in the same order and under the same name, for each platform."""
    assert {plan.platform: plan.ops.ops for plan in planned(answer(name))} == told(name)


def test_sample() -> None:
    """The answer has every kind of operation and every field of a mount but the one that no Dockerfile sets."""
    ops = only(planned(answer("one"))).ops.ops
    assert {op.kind for op in ops} == {"exec", "source", "file", "merge", ""}
    mounts = {name for op in ops if op.kind == "exec" for mount in op.body["mounts"] for name in mount}
    shape = MESSAGES["exec"]["mounts"]
    assert isinstance(shape, list)
    assert mounts == {*dict(shape[0])} - {"resultID", "contentCache"}  # type: ignore[arg-type]


def test_steps() -> None:
    """Each step has the name that the build gives it, and its line in the Dockerfile."""
    steps = {step.name: step for step in only(planned(answer("one"))).steps.values()}
    step = steps["[one  2/17] WORKDIR /w"]
    assert (step.line, step.ignores_cache) == (5, False)


def test_run_anew() -> None:
    """A step that is told to run, whatever there is of it, is known."""
    read = answer("one")
    digest = next(one for one, about in read.result.ref.definition.metadata.items() if about.description)
    read.result.ref.definition.metadata[digest].ignore_cache = True
    plan = only(planned(read))
    assert [name for name, step in plan.steps.items() if step.ignores_cache] == [plan.ops.vertexes[digest]]


def test_zeros() -> None:
    """A daemon that writes zeros too has them where an old BuildKit's provenance has them."""
    ops = only(planned(answer("one"), omits_zeros=False)).ops.ops
    roots = [mount for op in ops if op.kind == "exec" for mount in op.body["mounts"] if mount["dest"] == "/"]
    assert {(mount["input"], mount["output"]) for mount in roots} == {(0, 0)}
    named = [op for op in ops if op.kind == "file" and "byName" in json.dumps(op.body)]
    assert any('"input": 0' in json.dumps(op.body["actions"][0]["Action"]) for op in named)


def test_a_field_that_is_not_known() -> None:
    """An operation with a field that a newer daemon has is one that we don't know; the others are as before."""
    read = answer("two")
    for ref in read.result.refs.refs.values():
        ops = list(ref.definition.ops)
        at = next(number for number, one in enumerate(ops) if pb.Op.FromString(one).HasField("exec"))
        strange = pb.Op.FromString(ops[at])
        strange.exec.MergeFromString(b"\xd2\x07\x01x")  # field 122, a text of one letter
        unknown = only(planned(_alone(strange))).ops.ops[0]
        known = only(planned(_alone(pb.Op.FromString(ops[at])))).ops.ops[0]
        assert (unknown.kind, known.kind) == ("", "exec")


def _alone(op: pb.Op) -> pb.FrontendAnswer:
    del op.inputs[:]
    definition = pb.Definition(ops=[op.SerializeToString()])
    return pb.FrontendAnswer(result=pb.Result(ref=pb.Ref(definition=definition)))


def test_nothing() -> None:
    """A build of nothing has no operations."""
    assert only(planned(pb.FrontendAnswer(result=pb.Result(ref=pb.Ref(id="x"))))).ops.ops == ()


def test_what_is_no_answer() -> None:
    """Operations that can't be read, or that stand on what is not there, are told as an error."""
    lost = pb.Op(inputs=[pb.Input(digest="sha256:gone")]).SerializeToString()
    for one in (b"\xff", lost):
        with pytest.raises(SourceError, match="can't be read"):
            planned(pb.FrontendAnswer(result=pb.Result(ref=pb.Ref(definition=pb.Definition(ops=[one])))))
