"""Shapes of builds beyond the cases: what is told of each step against the daemon's history and its new records."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.journal import Journal
from why.case import filled
from why.history import compare, kept_refs
from why.shapes import SHAPES, Shape
from why.surroundings import BUILDER, Surroundings

GIT = """\
git init -q -b main w; cd w; git config user.email a@b; git config user.name n; echo 1 > f; git add -A; git commit -qm 1
git clone -q --bare . ../r.git; touch ../r.git/git-daemon-export-ok; git rev-parse HEAD
"""


@pytest.mark.parametrize(
    "name", ["three links", "two stages of one text", "bake", "add git with checksum", "local import"]
)
def test_shapes(name: str, around: Surroundings, tmp_path: Path) -> None:
    """Copies that share a text or a merge are counted once each, fetches never, and nothing before it is known."""
    check(SHAPES[name], around, tmp_path)


@pytest.mark.matrix
@pytest.mark.parametrize("name", SHAPES)
def test_all_shapes(name: str, around: Surroundings, tmp_path: Path) -> None:
    """Every shape of build is counted as the builder did it."""
    check(SHAPES[name], around, tmp_path)


def check(shape: Shape, around: Surroundings, folder: Path) -> None:
    """Build, change `f`, build again, and compare what is told with what the daemon tells and keeps of it."""
    work = folder / "work"
    names = prepare(shape, around, work)
    spec = BuildSpec(str(work), builder=BUILDER)
    if shape.bake:
        spec = replace(spec, file="docker-bake.hcl", kind="bake")
    first = _build(around, spec, shape.flags, names)
    assert (first.status, first.cached) == (BuildStatus.SUCCEEDED, 0), first.error
    if shape.imports:
        _prune(around)
    if shape.changed:
        shape.changed(around.www)
    (work / "f").write_text("22")
    known, since = kept_refs(around), Instant.now()
    second = _build(around, spec, shape.again if shape.imports else (*shape.flags, *shape.again), names)
    assert second.status is BuildStatus.SUCCEEDED, second.error
    assert (second.cached, second.cacheable) == (shape.reused, shape.counted), [
        (step.name, step.state) for step in second.steps
    ]
    refs = kept_refs(around) - known
    assert len(refs) == (len(re.findall("^target", shape.bake, re.MULTILINE)) or 1)
    merges = sum(parse_name(step.name).kind is StepKind.MERGE for step in second.steps)
    assert compare(around, second, refs) == (shape.counted + merges, [])
    for ref in refs:
        heard = _heard(around, ref)
        assert compare(around, heard, [ref])[1] == []
    # what is pulled makes records too, and a record's description has no --mount
    if not shape.imports and "--mount" not in shape.dockerfile:
        made = _made(around, since)
        told = [_place(step.name) for step in second.steps if step.cacheable]
        ran = {_place(step.name) for step in second.steps if step.cacheable and _ran(step.state)}
        recorded = {one for one in told if any(one in text for text in made)}
        forced = any("no-cache" in word for word in shape.again)  # what ran again to the same end keeps its record
        assert recorded <= ran if forced else recorded == ran


def prepare(shape: Shape, around: Surroundings, work: Path) -> dict[str, str]:
    """Write the project and what the servers serve, and return what stands for the names between @."""
    _prune(around)
    (work / "more").mkdir(parents=True)
    names = {"HTTP": around.http, "GIT": around.git, "REG": around.registry.address, "OUT": f"{work}-out"}
    (around.www / "x").write_text("x")
    names["SUM"] = f"sha256:{sha256(b'x').hexdigest()}"
    if "@GIT@" in shape.dockerfile:
        words = ("sh", "-ec", f"rm -rf w r.git; {GIT}")
        names["COMMIT"] = subprocess.run(
            words, cwd=around.www, check=True, capture_output=True, text=True
        ).stdout.strip()
    texts = {"f": "1", "g": "1", "more/g": "1", "Dockerfile": shape.dockerfile, "docker-bake.hcl": shape.bake}
    for name, text in texts.items():
        if text:
            (work / name).write_text(filled(text, names))
    return names


def _place(name: str) -> str:
    """Return a step's name without its bake target: targets that share a step each give it a name."""
    parsed = parse_name(name)
    return f"{parsed.number}/{parsed.of}] {parsed.instruction}"


def _ran(state: StepState) -> bool:
    return state in {StepState.BUILT, StepState.FALSE_HIT}


def _prune(around: Surroundings) -> None:
    around.docker.run("buildx", "prune", "--builder", BUILDER, "--force", "--all", timeout=120)


def _made(around: Surroundings, since: Instant) -> list[str]:
    """Return the descriptions of the records made since then."""
    builder = open_builder(around.docker, BUILDER)
    try:
        return [one.description for one in builder.snapshot().records if one.created_at >= since]
    finally:
        builder.close()


def _heard(around: Surroundings, ref: str) -> Build:
    """Return a build as one that something else started is read: from the builder's status stream."""
    builder = open_builder(around.docker, BUILDER)
    try:
        build = next(event.build for event in builder.history(follow=False) if event.build.ref == ref)
        live = LiveBuild()
        for progress in builder.status(build.node, ref):
            live.apply(progress)
        live.end(build.status, Instant.now())
        return replace(build, steps=live.snapshot())
    finally:
        builder.close()


def _build(around: Surroundings, spec: BuildSpec, flags: tuple[str, ...], names: Mapping[str, str]) -> Build:
    """Build to the end; what was once told as reused or not stays so."""
    journal = Journal(Path(spec.project).with_name("journal"))
    runner = Runner(around.docker, journal)
    try:
        launched = runner.start(replace(spec, extra=tuple(filled(word, names) for word in flags)))
        told: dict[str, bool] = {}
        for _ in launched:
            for step in launched.live.snapshot():
                if step.cacheable and step.state is not StepState.WAITING:
                    told.setdefault(step.digest, step.cached)
        build = launched.result()
    finally:
        runner.close()
        journal.close()
    ended = {step.digest: step.cached for step in build.steps if step.cacheable}
    assert told == ended
    return build
