"""The Makefile builds for real: with the local service as a job does, and without."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine, Remote
from experiments.making import APP, environment, make
from service.serving import REST_HEADERS, Served, command, send

OWN = ["dockcache.example/app", "dockcache.example/app/internal/bubble"]


@dataclass(frozen=True)
class Sample:
    """A copy of the sample program that no builder has seen, and an image's name of its own."""

    engine: Engine
    folder: Path
    image: str

    def edit(self) -> None:
        """Change main.go as no build has seen it."""
        with (self.folder / "main.go").open("a") as source:
            source.write(f"\n// {uuid4().hex}\n")

    def make(self, *words: str, job: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        """Make with this image's name, as a step of a job where one is given."""
        env = environment(self.engine.variables) | (job or {})
        return make(*words, f"IMAGE={self.image}", "PROGRESS=plain", env=env, app=self.folder, timeout=600)

    def build(self, *words: str, job: dict[str, str] | None = None) -> "Log":
        """Build, which must succeed."""
        done = self.make("build", *words, job=job)
        assert done.returncode == 0, done.stderr
        return Log(done.stderr)


@dataclass(frozen=True)
class Log:
    """What buildx said of a build, as plain text."""

    text: str

    def lines(self, step: str) -> list[str]:
        """Return what the step whose name holds a text printed; a step from the cache prints nothing."""
        numbers = set(re.findall(rf"^(#\d+) \[.*{re.escape(step)}", self.text, re.MULTILINE))
        assert numbers, f"no step {step} in {self.text}"
        said = re.findall(r"^(#\d+) \d+\.\d+ (.*)$", self.text, re.MULTILINE)
        return [line for number, line in said if number in numbers]

    @property
    def compiled(self) -> list[str]:
        """Return the packages that were compiled."""
        return sorted(line for line in self.lines("go build") if re.fullmatch(r"[\w./-]+", line))

    @property
    def downloaded(self) -> list[str]:
        """Return the modules that were downloaded."""
        said = re.findall(r"(?:go: downloading (\S+) |# get \S+?://[^/]+/(\S+)/@v/\S+\.zip: 200 OK)", self.text)
        return sorted({one or other for one, other in said})


@pytest.fixture
def sample(engine: Engine, tmp_path: Path) -> Iterator[Sample]:
    """A fresh copy of the sample program; its image is removed."""
    folder = tmp_path / "app"
    shutil.copytree(APP, folder)
    sample = Sample(engine, folder, f"dockcache-test:{uuid4().hex}")
    sample.edit()
    yield sample
    assert sample.make("clean").returncode == 0


def job_on(served: Served, ref: str, *options: str) -> dict[str, str]:
    """Return the variables of a job on a ref, as a shell gets them from `service env`."""
    words = command("service", "env", "--ref", ref, "--default", "main", "--data", served.home.folder, *options)
    said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout
    return dict(shlex.split(line)[1].split("=", 1) for line in said.splitlines())


def keys(job: dict[str, str]) -> list[str]:
    """Return the keys of the repository's Actions caches."""
    url = f"{job['GITHUB_API_URL']}/repos/{job['GITHUB_REPOSITORY']}/actions/caches"
    headers = REST_HEADERS | {"Authorization": f"Bearer {job['GITHUB_TOKEN']}"}
    return [
        cache["key"] for cache in send("GET", url, headers=headers, params={"per_page": "100"}).json()["actions_caches"]
    ]


def test_a_new_branch_starts_from_the_default_branch(
    sample: Sample, own_service: Served, container_builder: str, killable_builder: Remote
) -> None:
    """A job of main saves; a branch's job on another builder reads its scope, and compiles only what was edited."""
    main, topic = (job_on(own_service, ref) for ref in ("main", "topic"))
    words = ("GHA=on", "SAVE=on", "CACHE_SCOPE=of-main", "OUTPUT=none")
    sample.build(*words, f"BUILDER={container_builder}", job=main)
    saved = keys(main)
    assert any(key.startswith("index-of-main-1-") for key in saved)
    sample.edit()
    reading = ("GHA=on", "CACHE_SCOPE=of-topic", "CACHE_FROM=of-nobody of-main")
    log = sample.build(*reading, f"BUILDER={killable_builder.name}", job=topic)
    assert log.downloaded == []
    assert log.compiled == OWN
    assert "│ a new branch │" in sample.make("run", "ARGS=a new branch").stdout
    assert sorted(keys(main)) == sorted(saved)


def test_the_originals_layout(sample: Sample, killable_builder: Remote) -> None:
    """What it downloads and compiles is in mounts whose ids end in the scope, and is there on the same builder."""
    words = ("DOCKERFILE=original.Dockerfile", f"BUILDER={killable_builder.name}")
    cold = sample.build(*words, "CACHE_SCOPE=one", "OUTPUT=none")
    assert cold.downloaded == ["github.com/mattn/go-runewidth", "github.com/muesli/reflow", "github.com/rivo/uniseg"]
    assert {"fmt", "github.com/muesli/reflow/wordwrap", *OWN} <= set(cold.compiled)
    sample.edit()
    warm = sample.build(*words, "CACHE_SCOPE=one")
    assert (warm.downloaded, warm.compiled) == ([], OWN[:1])
    assert "│ as before │" in sample.make("run", "ARGS=as before").stdout
    inspected = _docker(sample, "image", "inspect", "--format", "{{.Config.User}} {{.RootFS.Layers}}", sample.image)
    assert re.fullmatch(r"65534:65534 \[sha256:\w+\]\n", inspected)
    mounts = _docker(sample, "buildx", "du", "--builder", killable_builder.name, "--verbose")
    assert {"go-build-one", "go-modules-one"} <= set(re.findall(r'with id "/?([^"]+)"', mounts))


def test_the_image_is_carried_as_a_file(sample: Sample, container_builder: str, tmp_path: Path) -> None:
    """With try and no runtime environment it warns and builds; the image is written, loaded and run."""
    archive = tmp_path / "carried.tar"
    done = sample.make(
        "build", "GHA=try", "SAVE=on", "OUTPUT=tar", f"ARCHIVE={archive}", f"BUILDER={container_builder}"
    )
    assert done.returncode == 0, done.stderr
    assert "No Actions cache: ACTIONS_RUNTIME_TOKEN ACTIONS_RESULTS_URL not set" in done.stderr
    assert "gha" not in done.stdout
    assert sample.make("run").returncode
    assert sample.make("load", f"ARCHIVE={archive}").returncode == 0
    assert "│ it's here │" in sample.make("run", "ARGS=it's here").stdout


def test_a_cache_that_refuses(sample: Sample, own_service: Served, container_builder: str) -> None:
    """A job that may not save fails to, as on GitHub; with try the image is built all the same."""
    job = job_on(own_service, "main", "--read-only")
    words = ("build", "SAVE=on", f"CACHE_SCOPE=s{os.getpid()}", f"BUILDER={container_builder}")
    refused = sample.make(*words, "GHA=on", job=job)
    assert refused.returncode == 2
    assert "failed to reserve cache" in refused.stderr
    tried = sample.make(*words, "GHA=try", job=job)
    assert tried.returncode == 0, tried.stderr
    assert "│ built │" in sample.make("run", "ARGS=built").stdout
    assert keys(job) == []


def _docker(sample: Sample, *words: str) -> str:
    argv = ("docker", *words)
    done = subprocess.run(argv, env=sample.engine.variables, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout
