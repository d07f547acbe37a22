"""`dockcache-tui service` and `service env` as a user runs them."""

import os
import shlex
import socket
import subprocess
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import monotonic

import pytest

from dockcache_tui.actions_service.home import Home
from nobody import git
from service.serving import TIMEOUT, Served, command, send


def run(*words: str | Path, cwd: Path | None = None, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `dockcache-tui WORDS` to its end."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")} | environment
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=60, check=False, env=ours, cwd=cwd)


def exported(text: str) -> dict[str, str]:
    """Return what a shell would get from `export` lines."""
    pairs = [shlex.split(line) for line in text.splitlines()]
    assert all(pair[0] == "export" and len(pair) == 2 for pair in pairs)
    return dict(pair[1].split("=", 1) for pair in pairs)


def test_the_address_is_the_first_line(own_service: Served) -> None:
    """The first line of stdout is where it serves, on loopback."""
    assert own_service.address.startswith("http://127.0.0.1:")
    assert send("GET", own_service.address).status_code == 404


def test_a_body_follows_its_headers_at_once(own_service: Served) -> None:
    """An answer with a body takes about as long as one without: nothing waits for the receipt of the headers."""
    connection = HTTPConnection(own_service.address.removeprefix("http://"), timeout=TIMEOUT)
    took: dict[str, list[float]] = {"HEAD": [], "GET": []}
    for method in ("HEAD", "GET") * 30:
        began = monotonic()
        connection.request(method, "/")
        connection.getresponse().read()
        took[method].append(monotonic() - began)
    connection.close()
    assert median(took["GET"]) < 10 * median(took["HEAD"])


def test_env_makes_a_job(own_service: Served) -> None:
    """The exports are those of the design, and a shell with them saves, restores and lists."""
    said = run("service", "env", "--ref", "topic", "--default", "main", "--data", own_service.home.folder)
    assert said.stderr == ""
    variables = exported(said.stdout)
    assert {name: value for name, value in variables.items() if "TOKEN" not in name} == {
        "ACTIONS_RESULTS_URL": own_service.address + "/",
        "ACTIONS_CACHE_URL": own_service.address + "/",
        "ACTIONS_CACHE_SERVICE_V2": "true",
        "GITHUB_API_URL": own_service.address,
        "GITHUB_REPOSITORY": "tests/served",
        "GITHUB_REF": "refs/heads/topic",
    }
    assert list(variables) == [
        "ACTIONS_RESULTS_URL",
        "ACTIONS_CACHE_URL",
        "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_CACHE_SERVICE_V2",
        "GITHUB_API_URL",
        "GITHUB_REPOSITORY",
        "GITHUB_REF",
        "GITHUB_TOKEN",
    ]
    job = own_service.job("topic", "main")
    job.token, job.rest_token = variables["ACTIONS_RUNTIME_TOKEN"], variables["GITHUB_TOKEN"]
    job.save("deps")
    listed = job.rest("/repos/tests/served/actions/caches").json()["actions_caches"]
    assert [(one["key"], one["ref"]) for one in listed] == [("deps", "refs/heads/topic")]


@pytest.mark.parametrize(
    ("words", "readable", "writable"),
    [
        (["--ref", "topic"], ["refs/heads/topic", "refs/heads/main"], "refs/heads/topic"),
        (["--ref", "main"], ["refs/heads/main"], "refs/heads/main"),
        (
            ["--ref", "#7", "--base", "release", "--default", "trunk"],
            ["refs/pull/7/merge", "refs/heads/release", "refs/heads/trunk"],
            "refs/pull/7/merge",
        ),
        (["--ref", "refs/tags/v1", "--read-only"], ["refs/tags/v1", "refs/heads/main"], None),
    ],
)
def test_what_a_job_may_do(own_service: Served, words: list[str], readable: list[str], writable: str | None) -> None:
    """The token's scopes are the own ref, the base and the default, only the first to save to."""
    said = run("service", "env", *words, "--data", own_service.home.folder, cwd=own_service.home.folder)
    variables = exported(said.stdout)
    grant = own_service.signer.grant(variables["ACTIONS_RUNTIME_TOKEN"], "")
    assert (list(grant.readable), grant.writable) == (readable, writable)
    assert own_service.signer.may_write(variables["GITHUB_TOKEN"]) is ("--read-only" not in words)
    assert grant.run
    assert variables["GITHUB_REF"] == readable[0]


def test_env_without_a_service(tmp_path: Path) -> None:
    """Where none runs, also where one ran, the error says so and how to start it: exit code 3."""
    served = Served(tmp_path)
    served.kill()
    for folder in (tmp_path / "never", served.home.folder):
        said = run("service", "env", "--ref", "main", "--data", folder)
        assert (said.returncode, said.stdout) == (3, "")
        assert f"no service runs on {folder}" in said.stderr
        assert "dockcache-tui service" in said.stderr


def test_one_service_a_folder(own_service: Served) -> None:
    """A second service on the same folder is refused: exit code 2."""
    said = run("service", "--port", "0", "--data", own_service.home.folder)
    assert (said.returncode, said.stdout) == (2, "")
    assert "a service already runs" in said.stderr


def test_a_port_in_use(tmp_path: Path) -> None:
    """A port that is taken is told, with what to do: exit code 2."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = run("service", "--port", port, "--data", tmp_path / "data")
    assert (said.returncode, said.stdout) == (2, "")
    assert f"127.0.0.1:{port} can't be served" in said.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--limit", "much"], "'much' is not a size"),
        (["--repo", "a/b/c"], "'a/b/c' is not a repository"),
        (["--repo", "a/.."], "'a/..' is not a repository"),
        (["--fault", "nowhere:503"], "'nowhere:503' is not a fault"),
        (["--fault", "lookup"], "'lookup' is not a fault"),
        (["--fault", "lookup:200"], "'lookup:200' is not a fault"),
        (["--fault", "lookup:503:often=1"], "'lookup:503:often=1' is not a fault"),
        (["--fault", "upload:cut=100"], "'upload:cut=100' is not a fault"),
        (["--retention", "0"], "'--retention'"),
        (["--port", "70000"], "'--port'"),
    ],
)
def test_options_that_make_no_sense(tmp_path: Path, words: list[str], complaint: str) -> None:
    """A wrong option is told before anything is made: exit code 2."""
    said = run("service", "--data", tmp_path / "data", *words)
    assert (said.returncode, said.stdout) == (2, "")
    assert complaint in said.stderr
    assert not (tmp_path / "data").exists()


def test_options_of_env_belong_after_env(tmp_path: Path) -> None:
    """An option of the service before `env` is not silently lost."""
    said = run("service", "--data", tmp_path, "env", "--ref", "main")
    assert (said.returncode, said.stderr.splitlines()[0]) == (
        2,
        "That can't be done as asked: options for `service env` belong after `env`",
    )


def test_a_folder_that_is_no_service(tmp_path: Path) -> None:
    """A database file of something else is told, not overwritten: exit code 3."""
    home = Home(tmp_path)
    home.database.write_bytes(b"something else" * 100)
    said = run("service", "--port", "0", "--data", tmp_path)
    assert said.returncode == 3
    assert "can't be used" in said.stderr
    assert "Traceback" not in said.stderr
    assert home.database.read_bytes() == b"something else" * 100


def test_the_repository_is_gits(tmp_path: Path) -> None:
    """Without --repo it stands for the git remote's repository; GITHUB_REPOSITORY goes before that."""
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "remote.origin.url", "https://github.com/own/name.git")
    for environment, repo in (({}, "own/name"), ({"GITHUB_REPOSITORY": "other/name"}, "other/name")):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")} | environment
        words = command("service", "--port", "0", "--data", tmp_path / "data")
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=tmp_path, env=ours)
        assert process.stdout
        process.stdout.readline()
        said = run("service", "env", "--ref", "main", "--data", tmp_path / "data", cwd=tmp_path)
        process.terminate()
        process.wait(TIMEOUT)
        process.stdout.close()
        assert exported(said.stdout)["GITHUB_REPOSITORY"] == repo


def test_what_is_kept_is_the_users_alone(own_service: Served) -> None:
    """The secret that signs everything can be read by nobody else."""
    assert own_service.home.folder.stat().st_mode & 0o077 == 0
    assert (own_service.home.folder / "secret").stat().st_mode & 0o077 == 0


def test_a_folder_that_was_there(tmp_path: Path) -> None:
    """In a folder that others may look into, nothing that the service writes is for others."""
    (tmp_path / "data").mkdir(mode=0o755)
    served = Served(tmp_path)
    try:
        served.job("main").save("deps")
        written = list(served.home.folder.rglob("*"))
        assert any(path.parent == served.home.blobs for path in written)
        assert [path.name for path in written if path.stat().st_mode & 0o077] == []
    finally:
        served.stop()
