"""The causes that we tell of projects changed in hundreds of ways are those that the generator knows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step, StepState
from dockcache_tui.core.builds.cause import CauseKind, MissCause
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from why.history import log
from why.model import NAMED, Own, Project, takers, truth, write
from why.mutations import FOLDER, SHAPES, Mutation, mutations, pairs
from why.surroundings import Surroundings
from why.whycache import Answer, Reason, Whycache

PAIRS = 11
"""Changes of each shape that are made of several."""
STRIDE = 6
"""Of the changes of each shape one in so many is made: each kind of them is in several shapes."""
_WORDS = (CauseKind.ENVIRONMENT, CauseKind.COMMAND, CauseKind.MOUNT)


KNOWN = [
    ("deps first", "edit src/a.go", {"COPY src": "content"}, 3),
    ("deps first", "edit big.log", {}, 0),
    ("copy all", "edit .git/index", {"COPY .": "content"}, 3),
    ("copy all", "mode of docs/two.txt", {}, 0),
    ("copy all", "label above at RUN echo second", {"COPY .": "content"}, 3),
    ("arguments", "argument A", dict.fromkeys(("RUN echo", "RUN echo $A >"), "environment"), 9),
    ("arguments", "swap ENV D=four and ENV E=five", {"RUN echo": "environment"}, 1),
    ("links", "base of other layers", {"COPY --link": "base"}, 7),
    ("mounts", "edit src/a.go", {"RUN --mount=type=bind,source=src,target=/src": "content"}, 3),
    ("onbuild", "base of other ONBUILD", {"FROM busybox:base": "command"}, 5),
    ("from afar", "unused of the named context", {}, 0),
    ("wildcards", "another platform", {"COPY *.txt": "platform", "RUN echo": "platform"}, 6),
]
"""Changes, the first causes that steps whose texts begin so have of themselves, and how many run."""


@pytest.mark.parametrize(("shape", "name", "own", "runs"), KNOWN)
def test_what_the_generator_knows(shape: str, name: str, own: Mapping[str, str], runs: int) -> None:
    """The truth that causes are judged by is what BuildKit's rules say of each kind of change."""
    mutation = next(one for one in mutations(SHAPES[shape]) if one.name == name)
    changed = mutation.changed(SHAPES[shape])
    found = truth(SHAPES[shape], changed)
    texts = {one: changed.instruction(one.removeprefix("onbuild ").removesuffix("/link")).text for one in found.own}
    assert {found.own[one].kinds[0].value for one in texts} == set(own.values())
    assert all(any(text.startswith(begins) for begins in own) for text in texts.values())
    assert len(found.runs) == runs


@pytest.mark.matrix
def test_all_mutations(around: Surroundings, tmp_path: Path) -> None:
    """No root cause, file or warning is wrong, and 98 causes in a hundred are known; whycache's stand beside them."""
    counts, theirs = Counter[str](), Counter[str]()
    wrong: list[str] = []
    (tmp_path / "whycache").mkdir()
    other = Whycache(tmp_path / "whycache")
    of_shapes = [[(name, one) for one in chosen(shape, seed)] for seed, (name, shape) in enumerate(SHAPES.items())]
    for row in zip_longest(*of_shapes):
        for name, mutation in filter(None, row):
            folder = tmp_path / str(counts["mutations"])
            folder.mkdir()
            judged = Judged(SHAPES[name], mutation, around, folder, other)
            counts += judged.counts
            theirs += judged.theirs
            wrong += [f"{name}: {mutation.name}: {one}" for one in judged.wrong]
            print(f"{name}: {mutation.name}: {dict(judged.counts)}", *judged.wrong, sep="\n    ", flush=True)  # noqa: T201 - the table
            print(f"    whycache: {dict(judged.theirs)} {judged.answer}", flush=True)  # noqa: T201 - the table
    print(f"{len(SHAPES)} shapes: {dict(counts)}\nwhycache: {dict(theirs)}")  # noqa: T201 - the table
    told = counts["right"] + counts["wrong"] + counts["unknown"]
    assert (counts["wrong"], counts["files wrong"], counts["otherwise"]) == (0, 0, 0), wrong
    assert (counts["stale told"] > 0, counts["stale not told"], counts["false alarms"]) == (True, 0, 0), wrong
    assert counts["right"] >= 0.98 * told, wrong
    assert counts["mutations"] >= 200


def chosen(shape: Project, seed: int) -> Iterator[Mutation]:
    """Yield changes of one thing, from another one on for each seed, then some of several."""
    yield from islice(mutations(shape), seed % STRIDE, None, STRIDE)
    yield from pairs(shape, PAIRS, seed)


class Judged:
    """One change on a builder that has the project as it was."""

    def __init__(self, shape: Project, mutation: Mutation, around: Surroundings, folder: Path, other: Whycache) -> None:
        """Build, change, build again, and judge all that is told of the second build."""
        self.counts: Counter[str] = Counter({"mutations": 1})
        self.theirs: Counter[str] = Counter({"builds": 1})
        self.wrong: list[str] = []
        self.answer: Answer | None = None
        self._around, self._folder, self._mutation = around, folder, mutation
        self._new = mutation.changed(shape)
        self._truth = truth(shape, self._new)
        _prune(around)
        write(shape, None, folder)
        first = self._build(shape)
        if first is None:
            return
        other.told(folder / "work", log(around, first.build.ref))
        if mutation.prunes:
            _prune(around)
        write(self._new, shape, folder)
        mutation.quietly(folder)
        second = self._build(self._new)
        if second is None:
            return
        self._told = causes(second, first)
        self._ids = dict(_ids(second.build, self._new))
        for step in second.build.steps:
            self._judge(step)
        self.counts[self._of_all()] += 1
        self._judge_warnings(second.build)
        self.answer = other.told(folder / "work", log(around, second.build.ref))
        self._judge_other(self.answer, second.build)

    def _build(self, project: Project) -> TracedBuild | None:
        around, folder = self._around, self._folder
        for tag, variant in project.images.items():
            around.registry.tag("busybox", tag.partition(":")[2], variant)
        for name, text in project.served.items():
            (around.www / name).write_text(text)
        (folder / "secret").write_text(project.secret)
        dockerfile = folder / "work/Dockerfile"
        if "@HTTP@" in dockerfile.read_text():
            dockerfile.write_text(dockerfile.read_text().replace("@HTTP@", around.http))
        words = [*project.flags, *(f"--build-arg={name}={value}" for name, value in project.arguments.items())]
        if project.platforms != ("linux/amd64",):
            words.append(f"--platform={','.join(project.platforms)}")
        for name, value in (("@SECRET@", folder / "secret"), ("@EXTRA@", folder / NAMED)):
            words = [word.replace(name, str(value)) for word in words]
        journal = Journal(folder / "journal")
        runner = Runner(Docker(around.engine.variables), journal)
        try:
            launched = runner.start(BuildSpec(str(folder / "work"), builder=around.builder, extra=tuple(words)))
            for _ in launched:
                pass
            build = launched.result()
            evidence = journal.evidence(build.ref)
        finally:
            runner.close()
            journal.close()
        if build.status is not BuildStatus.SUCCEEDED or evidence is None:
            self._otherwise(f"not built: {build.error[-300:]}")
            return None
        return TracedBuild(build, evidence)

    def _judge(self, step: Step) -> None:
        one = self._ids.get(step.digest)
        if one is None or step.state is StepState.WAITING:
            if is_missed(step):
                self._otherwise(f"{step.name} is not known to the generator")
            return
        ran = self._runs(one)
        if is_missed(step) != ran:
            self._otherwise(f"{step.name} {step.state}, the generator has {self._truth.own.get(one)}")
        elif ran:
            self._judge_cause(step, one, self._told[step.digest])

    def _runs(self, one: str) -> bool:
        return one in self._truth.runs or self._mutation.prunes

    def _judge_cause(self, step: Step, one: str, cause: MissCause) -> None:
        if CauseKind.UNKNOWN in (cause.kind, self._told[cause.root].kind if cause.root else None):
            self.counts["unknown"] += 1
            self.wrong.append(f"{step.name}: {cause.text}")
            return
        own = self._truth.own.get(one)
        right = self._is_root(one, cause) if cause.kind is CauseKind.CASCADE else self._is_own(own, cause)
        self.counts["right" if right else "wrong"] += 1
        if not right:
            self.wrong.append(f"{step.name}: {cause}, the truth is {own or self._truth.roots[one]}")
        elif own and cause.kind is CauseKind.CONTENT and own.files:
            told = frozenset((each.name.strip("/"), each.what) for each in cause.differences)
            self.counts["files right" if told == own.files else "files wrong"] += 1
            if told != own.files:
                self.wrong.append(f"{step.name}: {sorted(told)}, the truth is {sorted(own.files)}")

    def _is_own(self, own: Own | None, cause: MissCause) -> bool:
        """Tell whether the first kind of what a step has of itself is told, with all that differs of what it does."""
        gone = self._mutation.prunes and cause.kind is CauseKind.EVICTED
        if gone and (own is None or own.kinds == (CauseKind.PARENT,)):  # of two causes that hold at once either is one
            return True
        if own is None:
            return False
        if cause.kind in _WORDS:
            told = {(each.what, each.name) for each in cause.differences}
            wanted = {each for each in own.told if each[0] not in ("mount", "platform", "base")}
            named = {each for each in wanted if each[1]}
            return (
                cause.kind is own.kinds[0]
                and named <= told
                and {what for what, _ in wanted} <= {what for what, _ in told}
            )
        return cause.kind is own.kinds[0]

    def _is_root(self, one: str, cause: MissCause) -> bool:
        """Tell whether a cascade ends with a step that is a cause of this one, which has no other of its own."""
        own, root = self._truth.own.get(one), self._ids.get(cause.root)
        if root is None or (own and own.kinds != (CauseKind.PARENT,)):
            return False
        return root in self._truth.roots[one]

    def _judge_warnings(self, build: Build) -> None:
        """Compare what the build is warned of with what its builder could not notice, and a step took."""
        by_path: Mapping[str, set[str]] = {} if self._mutation.prunes else takers(self._new)
        stale = self._mutation.stale & by_path.keys()
        if all(map(self._runs, by_path.get(FOLDER, ()))):  # a step that runs takes the mode of a folder as it is
            stale -= {FOLDER}
        found = [each for one in build.warnings for each in one.differences if each.what != "step"]
        told = frozenset(each.name.rstrip("/") for each in found)
        self.counts["stale told"] += len(told & stale)
        self.counts["stale not told"] += len(stale - told)
        self.counts["builds without a stale file"] += not stale
        self.counts["false alarms"] += bool(told - stale) or (bool(build.warnings) and not stale)
        if told != stale or bool(build.warnings) != bool(stale):
            self.wrong.append(f"WARNED {build.warnings}, the truth is {sorted(stale)}")

    def _of_all(self) -> str:
        """Return how the build as a whole was explained."""
        for verdict in ("wrong", "otherwise", "unknown"):
            if self.counts[verdict]:
                return f"builds {verdict}"
        return "builds right"

    def _judge_other(self, answer: Answer, build: Build) -> None:
        """Judge the one step that whycache names: whether what it says is one of its causes, and the files."""
        ran = any(self._runs(one) for one in self._ids.values())
        names = {step.digest: parse_name(step.name) for step in build.steps}
        ids = [
            one for one in self._ids if (names[one].stage, names[one].number) == (answer.stage, answer.number)
        ]  # a linked copy is two steps of one place
        owns = [self._truth.own[self._ids[one]] for one in ids if self._ids[one] in self._truth.own]
        kinds = frozenset(kind for own in owns for kind in own.kinds)
        if answer.reason is Reason.NONE:
            self.theirs["wrong" if ran else "right"] += 1
        elif answer.reason is Reason.UNKNOWN:
            self.theirs["unknown"] += 1
        elif answer.reason is Reason.COLD:
            self.theirs["right" if self._mutation.prunes or CauseKind.FLAG in kinds else "wrong"] += 1
        elif answer.reason is Reason.INSTRUCTION:
            self.theirs["right" if kinds & {*_WORDS, CauseKind.NEW_STEP} else "wrong"] += 1
        else:
            self.theirs["right" if CauseKind.CONTENT in kinds else "wrong"] += 1
            if CauseKind.CONTENT in kinds:
                changed = frozenset(each for own in owns for each in own.files)
                files = {path for path, _ in changed}
                renamed = sum(what == "renamed" for _, what in changed)  # which it tells by both names
                self.theirs[
                    "files right" if files <= answer.files and len(answer.files - files) <= renamed else "files wrong"
                ] += 1

    def _otherwise(self, what: str) -> None:
        self.counts["otherwise"] += 1
        self.wrong.append(f"OTHERWISE {what}")


def _ids(build: Build, project: Project) -> Iterator[tuple[str, str]]:
    """Yield which instruction each step is of; of several platforms only the steps of one have a line."""
    lines, named = project.lines(), {}
    names = {step.digest: parse_name(step.name) for step in build.steps}
    for step in build.steps:
        if step.line is not None and step.line in lines:
            name = names[step.digest]
            named[name.stage, name.number] = lines[step.line]
    for step in build.steps:
        name = names[step.digest]
        one = named.get((name.stage, name.number))
        if one and (step.cacheable or name.kind is StepKind.MERGE):
            one = f"onbuild {one}" if project.instruction(one).word == "FROM" else one
            yield step.digest, f"{one}/link" if name.kind is StepKind.MERGE else one


def _prune(around: Surroundings) -> None:
    around.docker.run("buildx", "prune", "--builder", around.builder, "--force", "--all", timeout=120)
