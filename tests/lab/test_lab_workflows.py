"""The lab's jobs do what the workflows on GitHub do: the same switches for make, the same words for buildx."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.lab.experiment import EXPERIMENTS, Experiment, experiment
from dockcache_tui.core.lab.run import PHRASES
from dockcache_tui.lab.experiments import artifact
from dockcache_tui.lab.experiments.workflows import LabWorkflowRun, build_job, say_job
from dockcache_tui.sources.build_runner import Words

_WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"
_SCOPE, _FALLBACKS = "own-scope", ("base-scope", "default-scope")


@dataclass
class Noted:
    """A machine that only notes what it is asked to do."""

    name: str = "builder"
    image: str = "image"
    app: Path = Path("/app")
    folder: Path = Path("/jobs/1")
    actions: Mapping[str, str] = field(default_factory=dict)
    runtime: Mapping[str, str] = field(default_factory=lambda: {"ACTIONS_RUNTIME_TOKEN": "t"})
    made: list[tuple[str, ...]] = field(default_factory=list)
    built: list[tuple[BuildSpec, Mapping[str, str]]] = field(default_factory=list)

    def boot(self) -> None:
        """Note the start of the builder."""
        self.made.append(("boot",))

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Note what is done by hand."""
        self.made.append((part,))
        yield

    def command(self, *words: str, part: str = "rest") -> str:
        """Note a command; the program says its phrase."""
        assert part
        self.made.append(words)
        return words[-1]

    def build(self, spec: BuildSpec, environment: Mapping[str, str], words: Words | None = None) -> Iterator[str]:
        """Note a build."""
        self.built.append((spec, environment))
        if words:
            self.made.append(words(Path("/metadata")))
        yield "building"


@pytest.fixture(autouse=True)
def no_artifacts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Carry no artifact anywhere."""
    monkeypatch.setattr(artifact, "upload", lambda *_: None)
    monkeypatch.setattr(artifact, "download", lambda *_: None)


def _ran(one: Experiment, *, later: bool, exposed: bool = True) -> Noted:
    noted, run = Noted(), LabWorkflowRun(one, _SCOPE, _FALLBACKS, exposed=exposed)
    list(say_job(run, noted, PHRASES[0]) if later else build_job(run, noted))  # type: ignore[arg-type]
    return noted


def _written(number: int) -> tuple[str, str]:
    """Return the text of the build job and of the later ones in an experiment's workflow."""
    (path,) = _WORKFLOWS.glob(f"experiment-{number}-*.yml")
    build, say = path.read_text().split("\n  say:\n")
    return build, say


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("one", EXPERIMENTS, ids=lambda one: one.name)
def test_make_gets_the_switches_of_the_workflow(one: Experiment, later: bool) -> None:  # noqa: FBT001
    """Each `make` of the workflow is run in its order with these switches, all others at what they are without."""
    written = re.findall(r"- run: make -C app (.+)", _written(one.number)[later])
    noted = _ran(one, later=later)
    made = [words[words.index("--no-print-directory") + 1 :] for words in noted.made if words[0] == "make"]
    assert [words[0] for words in made] == [line.split()[0] for line in written]
    for words, line in zip(made, written, strict=True):
        asked = dict(word.split("=", 1) for word in line.split()[1:])
        given = dict(word.split("=", 1) for word in words[1:])
        defaults = {"GHA": "off", "SAVE": "off", "OUTPUT": "load"} if words[0] == "build" else {}
        assert {name: given[name] for name in defaults} == defaults | asked
    if made and made[0][0] == "build":
        given = dict(word.split("=", 1) for word in made[0][1:])
        assert given["CACHE_SCOPE"] == _SCOPE
        assert given["CACHE_FROM"].split() == (list(_FALLBACKS) if one.name == "ours" else [])
        assert given["DOCKERFILE"] == ("original.Dockerfile" if one.name.endswith("original") else "Dockerfile")


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("name", ["actions", "actions-original"])
def test_the_official_action_gets_the_inputs_of_the_workflow(name: str, later: bool) -> None:  # noqa: FBT001
    """What build-push-action is given is what the build is started with."""
    written = dict(re.findall(r"^ {10}([a-z-]+): (.+)$", _written(2)[later], re.MULTILINE))
    ((spec, _),) = _ran(experiment(name), later=later).built
    caches = {"cache-from": spec.cache_from, "cache-to": spec.cache_to}
    for option, values in caches.items():
        expected = re.sub(r"\$\{\{ .*scope.* \}\}", _SCOPE, written.get(option, ""))
        assert values == ((expected,) if expected else ())
    words = " ".join(spec.extra)
    assert ("--load" in words) == (written.get("load") == "true")
    assert (f"--output {written['outputs']}" in words) if "outputs" in written else ("--output" not in words)


def test_the_phrases_are_those_of_the_workflows() -> None:
    """Later jobs say the same everywhere."""
    for number in (1, 2, 3, 4):
        listed = re.search(r"phrase: \[(.+)\]", _written(number)[1])
        assert listed
        assert tuple(re.findall(r'"([^"]+)"', listed[1])) == PHRASES


@pytest.mark.parametrize("one", EXPERIMENTS, ids=lambda one: one.name)
def test_who_sees_the_runtime_environment(one: Experiment) -> None:
    """Not exposed, it reaches actions only; where the builds have no builder of their own there is none to start."""
    for exposed in (True, False):
        noted = _ran(one, later=False, exposed=exposed)
        ((_, environment),) = noted.built
        assert bool(environment) == (exposed or one.number == 2)
    assert (("boot",) in _ran(one, later=True).made) == (one.number in {1, 2})
