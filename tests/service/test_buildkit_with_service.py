"""A real BuildKit exports to the service and imports from it, and is refused as on GitHub."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from dockcache_tui.lab.engine import Engine, Remote
from service.serving import Job, Served

BUILDKIT_VERSION = sha256(b"|go-actionscache-1.0").hexdigest()
DOCKERFILE = """\
FROM busybox AS made
COPY word /word
RUN head -c 16 /dev/urandom | sha256sum >/number
FROM scratch AS image
COPY --from=made /number /number
FROM scratch AS other
COPY --from=made /number /other
"""


@dataclass(frozen=True)
class Project:
    """A folder that no builder has seen, whose build makes a number that is never the same twice."""

    engine: Engine
    folder: Path

    def build(self, builder: str, job: Job, *words: str, target: str = "image") -> str:
        """Build as a step of this job, and return the number that came out; raises BuildError."""
        output = self.folder / "output"
        command = ["docker", "buildx", "build", "--builder", builder, "--progress", "plain", "--target", target]
        environment = {name: value for name, value in self.engine.variables.items() if not name.startswith("ACTIONS_")}
        done = subprocess.run(
            [*command, "--output", f"type=local,dest={output}", *words, str(self.folder / "context")],
            env=environment | job_environment(job),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise BuildError(done.stderr)
        return (output / ("number" if target == "image" else "other")).read_text()


class BuildError(Exception):
    """A build failed; str(error) is what it said."""


def job_environment(job: Job) -> dict[str, str]:
    """Return what Actions' runner tells a job's steps."""
    return {
        "ACTIONS_RESULTS_URL": f"{job.served.address}/",
        "ACTIONS_CACHE_URL": f"{job.served.address}/",
        "ACTIONS_RUNTIME_TOKEN": job.token,
        "ACTIONS_CACHE_SERVICE_V2": "true",
    }


@pytest.fixture
def project(engine: Engine, tmp_path: Path) -> Project:
    """A project of the test's own."""
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "word").write_text(uuid4().hex)
    return Project(engine, tmp_path)


@pytest.fixture(scope="module")
def elsewhere(engine: Engine) -> Iterator[str]:
    """The name of a second builder, which has none of the first one's cache."""
    remote = Remote(engine, f"dockcache-elsewhere-{os.getpid()}")
    yield remote.start()
    remote.remove()


def to(scope: str = "app", mode: str = "max", more: str = "") -> tuple[str, str]:
    """Return the option that exports."""
    return "--cache-to", f"type=gha,mode={mode},scope={scope}{more}"


def of(scope: str = "app") -> tuple[str, str]:
    """Return the option that imports."""
    return "--cache-from", f"type=gha,scope={scope}"


@pytest.mark.parametrize("version", ["2", "1"])
def test_a_fresh_builder_reuses_everything(
    version: str, project: Project, container_builder: str, elsewhere: str, job: Job
) -> None:
    """With mode=max another builder reuses also the steps of stages that are in no image, over either protocol."""
    spoken = f",version={version}"
    number = project.build(container_builder, job, *to(more=spoken))
    imported = ("--cache-from", f"type=gha,scope=app{spoken}")
    assert project.build(elsewhere, job, *imported, target="other") == number


def test_mode_min_keeps_the_images_layers(project: Project, container_builder: str, elsewhere: str, job: Job) -> None:
    """With mode=min the image's own layer is reused, and another target's steps run again."""
    number = project.build(container_builder, job, *to(mode="min"))
    assert project.build(elsewhere, job, *of()) == number
    assert project.build(elsewhere, job, *of(), target="other") != number


def test_the_docker_driver_exports_too(project: Project, docker_builder: str, elsewhere: str, job: Job) -> None:
    """The engine's own builder writes what another builder reads."""
    number = project.build(docker_builder, job, *to())
    assert project.build(elsewhere, job, *of(), target="other") == number


def test_what_buildkit_leaves(project: Project, container_builder: str, job: Job) -> None:
    """One index for each cache scope and generation, one blob for each layer, shared by the scopes; all as decoded."""
    project.build(container_builder, job, *to("app"), *to("tools"))
    project.build(container_builder, job, *to("app"))
    caches = job.rest("actions/caches", params={"per_page": "100"}).json()["actions_caches"]
    assert {cache["version"] for cache in caches} == {BUILDKIT_VERSION}
    hashed = sha256(b"refs/heads/main").hexdigest()[:8]
    indexes = {cache["key"] for cache in caches if cache["key"].startswith("index-")}
    assert indexes == {f"index-app-1-{hashed}#1", f"index-app-1-{hashed}#2", f"index-tools-1-{hashed}#1"}
    blobs = {cache["key"].removeprefix("buildkit-blob-1-"): cache["size_in_bytes"] for cache in caches}
    restored = job.restore(f"index-app-1-{hashed}#", version=BUILDKIT_VERSION)
    assert restored
    assert restored[0].endswith("#2")
    layers = msgspec.json.decode(restored[1])["layers"]
    assert {layer["blob"]: layer["annotations"]["size"] for layer in layers}.items() <= blobs.items()
    for layer in layers:
        _, content = job.restore(f"buildkit-blob-1-{layer['blob']}", version=BUILDKIT_VERSION) or ("", b"")
        assert f"sha256:{sha256(content).hexdigest()}" == layer["blob"]


def test_branches(project: Project, container_builder: str, elsewhere: str, job: Job) -> None:
    """A feature branch reuses what the default branch saved; a sibling's never."""
    number = project.build(container_builder, job, *to())
    feature = job.also("feature", "main")
    assert project.build(elsewhere, feature, *of(), target="other") == number
    (project.folder / "context" / "word").write_text("of the feature")
    featured = project.build(container_builder, feature, *to(), *of())
    assert featured != number
    sibling = job.also("sibling", "main")
    assert project.build(elsewhere, sibling, *of(), target="other") != featured
    listed = job.rest("actions/caches", params={"key": "index-app-1-", "per_page": "100"}).json()["actions_caches"]
    assert {cache["ref"] for cache in listed} == {"refs/heads/main", "refs/heads/feature"}


def test_a_read_only_token(project: Project, container_builder: str, served: Served) -> None:
    """Without the right to write the export fails as on GitHub, unless its errors are ignored."""
    reader = served.job("main", read_only=True)
    with pytest.raises(BuildError, match=re.escape("failed to reserve cache")):
        project.build(container_builder, reader, *to())
    assert project.build(container_builder, reader, *to(more=",ignore-error=true"))


def test_a_build_waits_out_a_throttle(project: Project, container_builder: str, tmp_path: Path) -> None:
    """A 429 with Retry-After only delays the export."""
    served = Served(tmp_path / "throttled", "--fault", "create:429:retry-after=1:times=2")
    try:
        job = served.job("main")
        project.build(container_builder, job, *to())
        assert job.restore("index-app-1-", version=BUILDKIT_VERSION)
    finally:
        served.stop()


def test_a_deleted_blob_is_built_again(project: Project, container_builder: str, elsewhere: str, job: Job) -> None:
    """An index whose blobs are gone does not fail a build: the steps run again."""
    number = project.build(container_builder, job, *to())
    for cache in job.rest("actions/caches", params={"key": "buildkit-blob-"}).json()["actions_caches"]:
        assert job.rest(f"actions/caches/{cache['id']}", "DELETE").status_code == 204
    assert project.build(elsewhere, job, *of(), target="other") != number
