"""Shapes of builds beyond the cases: what is told of each step against the records that the builder made for it."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, StepState
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.journal import Journal
from why.surroundings import BUILDER, Surroundings

TWO_STAGES = "FROM busybox AS a\nRUN echo same\nCOPY f /f\nFROM busybox AS b\nRUN echo same\nCOPY --from=a /f /f\n"
BAKE = 'group "default" { targets = ["one", "two"] }\ntarget "one" { target = "a" }\ntarget "two" { target = "b" }\n'


@dataclass(frozen=True)
class Shape:
    """A Dockerfile, flags, and how many steps of how many are reused when the file `f` changed."""

    dockerfile: str
    reused: int
    counted: int
    flags: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    bake: str = ""


SHAPES = {
    "heredoc run": Shape("FROM busybox\nRUN <<EOF\necho one\nEOF\nCOPY f /f\n", 1, 2),
    "heredoc copy": Shape("FROM busybox\nCOPY <<EOF /x\none\nEOF\nCOPY f /f\n", 1, 2),
    "from only": Shape("FROM busybox\n", 0, 0),
    "workdir": Shape("FROM busybox\nWORKDIR /w\nCOPY f .\nWORKDIR /w/x\n", 1, 3),
    "onbuild": Shape("FROM busybox:onb1\nCOPY f /f\n", 1, 2),
    "args in names": Shape("FROM busybox\nARG A=x\nWORKDIR /$A\nRUN echo $A\nCOPY f /$A/f\n", 2, 3),
    "two stages of one text": Shape(TWO_STAGES, 1, 3),
    "three links": Shape("FROM busybox\nCOPY --link g /1\nCOPY --link f /2\nCOPY --link g /3\n", 2, 3),
    "link on scratch": Shape("FROM scratch\nCOPY --link g /1\nCOPY --link f /2\n", 1, 2),
    "linked stage": Shape(
        "FROM busybox AS a\nRUN echo a > /a\nFROM busybox\nCOPY f /f\nCOPY --link --from=a /a /a\n", 2, 3
    ),
    "add link": Shape("FROM busybox\nADD --link @HTTP@/x /x\nCOPY f /f\n", 1, 2),
    "add twice": Shape("FROM busybox\nADD @HTTP@/x /x\nADD @HTTP@/x /y\nCOPY f /f\n", 2, 3),
    "named context": Shape(
        "FROM busybox\nCOPY --from=other g /g\nCOPY f /f\n", 1, 2, ("--build-context", "other=more")
    ),
    "two platforms": Shape("FROM busybox:multi\nRUN echo a\nCOPY f /f\n", 2, 4, ("--platform=linux/amd64,linux/386",)),
    "no cache": Shape("FROM busybox\nRUN echo a\nCOPY f /f\n", 0, 2, again=("--no-cache",)),
    "no cache of a stage": Shape(TWO_STAGES, 0, 3, again=("--no-cache-filter=a,b",)),
    "provenance": Shape(
        "FROM busybox\nRUN echo a\nCOPY f /f\n", 1, 2, ("--provenance=mode=max", "--output=type=oci,dest=@OUT@")
    ),
    "folder": Shape("FROM busybox\nRUN echo a\nCOPY f /f\n", 1, 2, ("--output=type=local,dest=@OUT@",)),
    "bake": Shape(TWO_STAGES, 1, 3, bake=BAKE),
    "local import": Shape(
        "FROM busybox\nRUN echo a\nCOPY f /f\n",
        *(1, 2),
        ("--cache-to=type=local,dest=@OUT@,mode=max",),
        ("--cache-from=type=local,src=@OUT@",),
    ),
    "inline import": Shape(
        "FROM busybox\nRUN echo a\nCOPY f /f\n",
        *(1, 2),
        ("--cache-to=type=inline", "--output=type=image,name=@REG@/inline,push=true"),
        ("--cache-from=type=registry,ref=@REG@/inline",),
    ),
}


@pytest.mark.parametrize("name", ["three links", "two stages of one text", "bake"])
def test_shapes(name: str, around: Surroundings, tmp_path: Path) -> None:
    """Copies that share a text or a merge are counted once each, and as what they were."""
    check(SHAPES[name], around, tmp_path)


@pytest.mark.matrix
@pytest.mark.parametrize("name", SHAPES)
def test_all_shapes(name: str, around: Surroundings, tmp_path: Path) -> None:
    """Every shape of build is counted as the builder did it."""
    check(SHAPES[name], around, tmp_path)


def check(shape: Shape, around: Surroundings, folder: Path) -> None:
    """Build, change `f`, build again, and compare what is told with the records made since."""
    imports = any("cache-from" in word for word in shape.again)
    _prune(around)
    work = folder / "work"
    (work / "more").mkdir(parents=True)
    (around.www / "x").write_text("x")
    names = {"@HTTP@": around.http, "@OUT@": str(folder / "out"), "@REG@": around.registry.address}
    for file, text in {"f": "1", "g": "1", "more/g": "1", "Dockerfile": _filled(shape.dockerfile, names)}.items():
        (work / file).write_text(text)
    spec = BuildSpec(str(work), builder=BUILDER)
    if shape.bake:
        (work / "docker-bake.hcl").write_text(shape.bake)
        spec = replace(spec, file="docker-bake.hcl", kind="bake")
    first = _build(around, replace(spec, extra=tuple(_filled(word, names) for word in shape.flags)))
    assert (first.status, first.cached) == (BuildStatus.SUCCEEDED, 0), first.error
    if imports:
        _prune(around)
    (work / "f").write_text("22")
    flags = shape.again if imports else (*shape.flags, *shape.again)
    since = Instant.now()
    second = _build(around, replace(spec, extra=tuple(_filled(word, names) for word in flags)))
    assert second.status is BuildStatus.SUCCEEDED, second.error
    assert (second.cached, second.cacheable) == (shape.reused, shape.counted), [
        (step.name, step.state) for step in second.steps
    ]
    if not imports:  # what is pulled makes records too
        made = _made(around, since)
        told = [_place(step.name) for step in second.steps if step.cacheable]
        ran = {_place(step.name) for step in second.steps if step.cacheable and _ran(step.state)}
        recorded = {one for one in told if any(one in text for text in made)}
        forced = any("no-cache" in word for word in shape.again)  # what ran again to the same end keeps its record
        assert recorded <= ran if forced else recorded == ran


def _place(name: str) -> str:
    """Return a step's name without its bake target: targets that share a step each give it a name."""
    parsed = parse_name(name)
    return f"{parsed.number}/{parsed.of}] {parsed.instruction}"


def _ran(state: StepState) -> bool:
    return state in {StepState.BUILT, StepState.FALSE_HIT}


def _filled(text: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def _prune(around: Surroundings) -> None:
    around.docker.run("buildx", "prune", "--builder", BUILDER, "--force", "--all", timeout=120)


def _made(around: Surroundings, since: Instant) -> list[str]:
    """Return the descriptions of the records made since then."""
    builder = open_builder(around.docker, BUILDER)
    try:
        return [one.description for one in builder.snapshot().records if one.created_at >= since]
    finally:
        builder.close()


def _build(around: Surroundings, spec: BuildSpec) -> Build:
    journal = Journal(Path(spec.project).with_name("journal"))
    runner = Runner(around.docker, journal)
    try:
        launched = runner.start(spec)
        list(launched)
        return launched.result()
    finally:
        runner.close()
        journal.close()
