"""The docker command: its errors in words, its limits, and the log of what was run."""

import time
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.records.record import BuilderInfo, NodeInfo
from dockcache_tui.sources.builders import find_builder, list_builders, parse_inspect
from dockcache_tui.sources.command_log import CommandLog, masked
from dockcache_tui.sources.docker_cli import Docker, explained
from sources.control_server import scripted_docker


@pytest.mark.parametrize(
    ("stderr", "title"),
    [
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
            "Docker is not running",
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock",
            "No permission to reach Docker",
        ),
        (
            'unable to resolve docker endpoint: context "x": context not found: open meta.json',
            "The Docker context is not usable",
        ),
        (
            'ERROR: use `docker --context=default buildx` to switch to context "default"',
            "The Docker context is not usable",
        ),
        (
            "docker: unknown command: docker buildx\n\nRun 'docker --help'",
            "Docker's buildx plugin is missing or too old",
        ),
        (
            "docker: 'buildx' is not a docker command.\nSee 'docker --help'",
            "Docker's buildx plugin is missing or too old",
        ),
        ("unknown flag: --format\n", "Docker's buildx plugin is missing or too old"),
        ('ERROR: no builder "nope" found', "There is no such builder"),
        ("dial tcp 10.0.0.1:1234: i/o timeout", "No answer in time"),
        ('Get "http://127.0.0.1:2375/_ping": context deadline exceeded', "No answer in time"),
        ("error during connect: dial tcp: lookup far.invalid: no such host", "Can't reach the builder"),
        (
            'error during connect: Head "http://x/_ping": command [ssh -T -- x docker] has exited with exit status 255',
            "Docker can't be reached by ssh",
        ),
        (
            "error during connect: tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "Docker can't be reached as safely as asked",
        ),
        ('docker endpoint for "default" not found', "Docker can't be reached as safely as asked"),
        (
            'net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-x"',
            "What answers is not Docker",
        ),
        ("something new", "Docker refused"),
    ],
)
def test_what_docker_says_becomes_an_error_with_a_title(tmp_path: Path, stderr: str, title: str) -> None:
    """Each way docker fails has its own title, the reason is docker's, and the exit code is in the log."""
    (tmp_path / "stderr").write_text(stderr)
    docker = scripted_docker(tmp_path, f"#!/bin/sh\ncat {tmp_path}/stderr >&2; exit 1\n")
    with pytest.raises(SourceError) as caught:
        docker.run("buildx", "ls")
    assert caught.value.title == title
    assert str(caught.value) == stderr.removeprefix("ERROR: ").splitlines()[0]
    (entry,) = docker.log.entries()
    assert (entry.argv, entry.exit_code) == (("docker", "buildx", "ls"), 1)
    assert entry.duration is not None


@pytest.mark.parametrize("said", ["unknown flag: --nope", "unknown shorthand flag: 'q' in -qx"])
def test_an_option_of_the_users_own_is_not_a_fault_of_buildx(said: str) -> None:
    """An unknown option that the user passed on is told as one; one of ours means that buildx is too old."""
    given = ("--nope=1", "-qx")
    assert explained(said, given).title == "buildx knows no such option"
    assert "--help" in explained(said, given).hint
    assert explained(said, ("--other",)).title == "Docker's buildx plugin is missing or too old"


@pytest.mark.parametrize("name", ["", "nope"])
def test_a_context_that_is_not_there(name: str, tmp_path: Path) -> None:
    """What buildx says of an unknown DOCKER_CONTEXT is told as one; a builder that was named is no context."""
    docker = scripted_docker(tmp_path, "#!/bin/sh\necho 'ERROR: no builder \"nope\" found' >&2; exit 1\n")
    docker.environment["DOCKER_CONTEXT"] = "nope"
    with pytest.raises(SourceError) as caught:
        find_builder(docker, name)
    assert caught.value.title == ("There is no such builder" if name else "The Docker context is not usable")


def test_a_builder_is_found_without_its_nodes(tmp_path: Path) -> None:
    """Buildx's own files tell which builder is meant, and its nodes: none of them is waited for."""
    folder = tmp_path / ".docker/buildx/instances"
    folder.mkdir(parents=True)
    (folder / "two").write_text('{"Name":"two","Driver":"remote","Nodes":[{"Name":"a","Endpoint":"tcp://a:1"}]}')
    docker = scripted_docker(tmp_path, '#!/bin/sh\n[ "$1" = context ] && echo "default tcp://here:1" || exit 9\n')
    expected = BuilderInfo("two", "remote", (NodeInfo("a", "tcp://a:1"),))
    assert find_builder(docker, "Two") == expected
    docker.environment["BUILDX_BUILDER"] = "two"
    assert find_builder(docker) == expected
    del docker.environment["BUILDX_BUILDER"]
    for choice, meant in (("here", True), ("elsewhere", False)):
        current = f'{{"Key":"tcp://{choice}:1","Name":"two","Global":false}}'
        (folder.parent / "current").write_text(current)
        if meant:
            assert find_builder(docker) == expected
        else:
            with pytest.raises(SourceError):
                find_builder(docker)
    (folder.parent / "current").write_text('{"Key":"","Name":"two","Global":true}')
    assert find_builder(docker) == expected
    (folder / "two").write_text('{"Name":"two","Nodes":[{}]}')
    with pytest.raises(SourceError, match="can't be read"):
        find_builder(docker)


def test_without_docker_the_error_says_so(tmp_path: Path) -> None:
    """Where there is no docker command the title and the hint say what to do."""
    docker = Docker({"PATH": str(tmp_path)})
    with pytest.raises(SourceError) as caught:
        docker.run("ps")
    assert caught.value.title == "Docker is not installed"
    assert "demo" in caught.value.hint
    assert docker.log.entries()[0].exit_code == 127


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    """At the time limit the command and the plugin it started are gone, and we do not wait for either."""
    script = f"#!/bin/sh\nsleep 600 & echo $! > {tmp_path}/child; wait\n"
    docker = scripted_docker(tmp_path, script)
    began = time.monotonic()
    with pytest.raises(SourceError, match="did not answer within 3 seconds") as caught:
        docker.run("buildx", "ls", timeout=3)
    assert time.monotonic() - began < 300
    assert caught.value.title == "No answer in time"
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}")
    deadline = time.monotonic() + 60
    while child.exists() and "State:\tZ" not in (child / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_only_the_environment_given_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process's own environment does not leak in, and words are never a shell's."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///elsewhere")
    docker = scripted_docker(tmp_path, '#!/bin/sh\necho "host=$DOCKER_HOST extra=$EXTRA $1"\n')
    assert docker.run("$(id); `id`", EXTRA="1") == "host= extra=1 $(id); `id`\n"


def test_output_that_is_no_listing_is_an_old_buildx(tmp_path: Path) -> None:
    """When `buildx ls --format json` prints a table, the error says that buildx is too old."""
    docker = scripted_docker(tmp_path, "#!/bin/sh\necho NAME/NODE DRIVER\n")
    with pytest.raises(SourceError) as caught:
        list_builders(docker)
    assert caught.value.title == "Docker's buildx plugin is too old"


def test_a_listing_tells_errors_of_builders_and_nodes(tmp_path: Path) -> None:
    """A builder that could not be loaded and a node in error keep their reasons; unloaded nodes are left out."""
    lines = (
        '{"Current":true,"Driver":"remote","Name":"r","Nodes":[{"Name":"r0","Endpoint":"tcp://x:1","Status":"error",'
        '"Err":"no such host","New":1},{"Name":"r1","Endpoint":"tcp://y:1","Status":"running","Version":"v0.20.0",'
        '"Platforms":["linux/amd64"]}]}\n{"Driver":"","Name":"default","Nodes":[{"Name":""}],"Err":"Cannot connect"}\n'
    )
    (tmp_path / "out").write_text(lines)
    remote, default = list_builders(scripted_docker(tmp_path, f"#!/bin/sh\ncat {tmp_path}/out\n"))
    assert (remote.name, remote.driver, remote.current) == ("r", "remote", True)
    assert [(node.name, node.running, node.error) for node in remote.nodes] == [
        ("r0", False, "no such host"),
        ("r1", True, ""),
    ]
    assert remote.nodes[1].platforms == ("linux/amd64",)
    assert (default.nodes, default.current, default.error) == ((), False, "Cannot connect")


def test_inspect_is_read_node_by_node() -> None:
    """Head and nodes of `buildx inspect` are told apart, and indented lines are no fields."""
    info = parse_inspect(
        "Name:          two\nDriver:        remote\nLast Activity: 2026-11-23 20:42:26 +0000 UTC\n\nNodes:\n"
        "Name:      two0\nEndpoint:  unix:///a\nStatus:    running\nBuildKit version: v0.34.2\n"
        "Platforms: linux/amd64*, linux/386\nLabels:\n Name: not-a-node\n\n"
        "Name:      two1\nEndpoint:  unix:///b\nError:     connection refused: x\n"
    )
    assert (info.name, info.driver) == ("two", "remote")
    first, second = info.nodes
    assert (first.name, first.running, first.buildkit_version) == ("two0", True, "v0.34.2")
    assert first.platforms == ("linux/amd64", "linux/386")
    assert (second.name, second.status, second.error) == ("two1", "error", "connection refused: x")


@given(st.text() | st.lists(st.sampled_from(["Name:", " a", "\n", "Nodes:\n", "\nNodes:\n", "Status: x"])).map("".join))
def test_any_output_of_inspect_is_read_or_refused(output: str) -> None:
    """Whatever it prints there is a builder with a name line, or an error of ours."""
    try:
        info = parse_inspect(output)
    except SourceError:
        return
    assert info.name in output


def test_the_log_is_bounded_and_counts_from_any_thread() -> None:
    """Of many commands from many threads the newest stay, and a dropped one may still finish."""
    log = CommandLog(limit=50)
    first = log.start(("docker", "first"))

    def work() -> None:
        for number in range(200):
            log.finish(log.start(("docker", str(number))), 0)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.finish(first, 0)
    entries = log.entries()
    assert len(entries) == 50
    assert all(entry.exit_code == 0 for entry in entries)
    assert ("docker", "first") not in [entry.argv for entry in entries]


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("type=gha,token=abc,scope=x", "type=gha,token=***,scope=x"),
        ("--build-arg=NPM_TOKEN=abc", "--build-arg=NPM_TOKEN=***"),
        ("type=s3,secret_access_key=a/b+c,region=x", "type=s3,secret_access_key=***,region=x"),
        ("https://user:pass@host/r.git", "https://***@host/r.git"),
        ("--secret=id=npm,src=file", "--secret=id=npm,src=file"),
        ("unix:///run/docker.sock", "unix:///run/docker.sock"),
    ],
)
def test_secrets_in_words_are_masked(word: str, shown: str) -> None:
    """Tokens and passwords never reach the log; other words are as they were."""
    assert masked(word) == shown
