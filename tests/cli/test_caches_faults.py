"""`caches` when things go wrong: no data lost or made up, and an exit code for each."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dockcache_tui.cli.main import run
from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.deletion import DeletePlan, Deletion, Fate
from dockcache_tui.sources.github.source import GitHubActions
from sources.github_server import TOKEN, Asked, Reply, cache_json, page_of, serving

REPO = "/repos/octo/app"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A job's environment for one repository, and a data folder of the test's own."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo/app")
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path))


def answer(asked: Asked) -> Reply:
    """Answer as a repository with two caches of deleted branches."""
    if asked.path.endswith("/caches"):
        rows = [cache_json(number, ref=f"refs/heads/b{number}") for number in (2, 1)]
        return page_of(asked, "", [row for row in rows if str(row["key"]).startswith(asked.query.get("key", ""))])
    replies: dict[str, object] = {
        REPO: {"default_branch": "main"},
        f"{REPO}/branches": [{"name": "main"}],
        f"{REPO}/pulls": [],
    }
    return Reply(replies.get(asked.path, {}))


@contextmanager
def faulty(path: str, reply: Reply) -> Iterator[str]:
    """Serve a repository of which one path answers otherwise."""
    with serving(lambda asked: reply if asked.path == REPO + path else answer(asked)) as github:
        yield github.address


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"message": "Bad credentials"}, 401),
        Reply({"message": "no"}, 403),
        Reply({"message": "slow"}, 429, {"retry-after": "4000"}),
        Reply({"message": "API rate limit exceeded"}, 403, {"x-ratelimit-remaining": "0"}),
        Reply({}, 404),
        Reply({}, 500),
        Reply(b"<html>"),
        Reply(b'{"total_count": 1', cut=1),
        Reply({}, 302, {"location": "http://127.0.0.2:1/"}),
        Reply({"total_count": 2}, headers={"link": '<http://127.0.0.2:1/caches?page=2>; rel="next"'}),
    ],
)
def test_without_the_list_there_is_no_document(
    reply: Reply, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault of the list is exit code 3, an empty stdout, a title and words on stderr, and no token anywhere."""
    with faulty("/actions/caches", reply) as address:
        monkeypatch.setenv("GITHUB_API_URL", address)
        assert run(["caches", "--json"]) == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert ": " in told.err
    assert "Traceback" not in told.err
    assert TOKEN not in told.err


def test_unknown_branches_are_not_deleted_ones(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When branches can't be read, the preset chooses nothing, and stderr says why."""
    chosen = []
    for path in ("/none", "/branches"):
        with faulty(path, Reply({"message": "no"}, 403)) as address:
            monkeypatch.setenv("GITHUB_API_URL", address)
            code = run(["caches", "delete", "--preset", "deleted-branches", "--json"])
            told = capsys.readouterr()
            chosen.append((code, [item["id"] for item in json.loads(told.out)["items"]] if told.out else []))
    assert chosen == [(0, [1, 2]), (2, [])]
    assert "deleted-branches chooses no cache" in told.err
    assert "list of branches can't be read" in told.err


def test_an_interrupted_delete_tells_what_was_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl+C leaves the rest; the document has what became of each, and the exit code is 130."""

    def interrupted(_: GitHubActions, plan: DeletePlan[ActionsCache]) -> Iterator[Deletion[ActionsCache]]:
        yield Deletion(plan.things[0], Fate.DELETED)
        raise KeyboardInterrupt

    monkeypatch.setattr(GitHubActions, "delete", interrupted)
    with serving(answer) as github:
        monkeypatch.setenv("GITHUB_API_URL", github.address)
        assert run(["caches", "delete", "1", "2", "--yes", "--json"]) == 130
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert [item["outcome"] for item in document["items"]] == ["deleted", "not tried"]
    assert document["totals"]["deleted"] == 1


def test_an_interrupt_ends_a_wait(tmp_path: Path) -> None:
    """Ctrl+C does not wait until GitHub lets the other pages through again; the exit code is 130."""
    rows = [cache_json(number) for number in range(300, 0, -1)]

    def limited(asked: Asked) -> Reply:
        if asked.query.get("page", "1") != "1":
            return Reply({"message": "slow down"}, 429, {"retry-after": "200"})
        listed = asked.path.endswith("/caches")
        return page_of(asked, f"http://{asked.headers['host']}", rows) if listed else answer(asked)

    with serving(limited) as github:
        command = [sys.executable, "-c", "from dockcache_tui.cli.main import main; main()", "caches"]
        environment = {**os.environ, "GITHUB_API_URL": github.address}
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, cwd=tmp_path, text=True) as process:
            try:
                assert process.stderr
                assert "GitHub asks to wait 3m20s" in process.stderr.readline()
                process.send_signal(signal.SIGINT)
                assert process.wait(60) == 130
                assert "Traceback" not in process.stderr.read()
            finally:
                process.kill()


def test_a_delete_is_told_though_the_list_can_not_be_read_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of each entry is on stdout also when the reading after it fails; the exit code is 1."""
    gone: list[str] = []

    def replying(asked: Asked) -> Reply:
        if asked.method == "DELETE":
            gone.append(asked.path)
            return Reply(status=204)
        return Reply({"message": "no answer today"}, 500) if len(gone) == 2 else answer(asked)

    with serving(replying) as github:
        monkeypatch.setenv("GITHUB_API_URL", github.address)
        assert run(["caches", "delete", "1", "2", "--yes", "--json"]) == 1
    told = capsys.readouterr()
    assert [item["outcome"] for item in json.loads(told.out)["items"]] == ["deleted", "deleted"]
    assert "no answer today" in told.err


def test_a_refused_delete_is_a_failure(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What GitHub refuses is told with its words, and the exit code is 1."""
    with faulty("/actions/caches/1", Reply({"message": "Must have admin rights"}, 403)) as address:
        monkeypatch.setenv("GITHUB_API_URL", address)
        assert run(["caches", "delete", "1", "2", "--yes", "--json"]) == 1
    told = capsys.readouterr()
    outcomes = {item["id"]: item["outcome"] for item in json.loads(told.out)["items"]}
    assert outcomes == {1: "refused", 2: "not tried"}
    assert "Must have admin rights" in told.err
