"""Branches and pull requests: what is not in a list is called gone, so lists must be whole."""

from collections.abc import Callable

import pytest

from dockcache_tui.core.caches.cache import ActionsSnapshot
from dockcache_tui.sources.github.source import GitHubActions, open_actions
from sources.github_server import Asked, Reply, api_of, cache_json, page_of, serving

REPO = "/repos/octo/app"


def read(lists: Callable[[Asked], Reply | None], *caches: dict[str, object]) -> tuple[ActionsSnapshot, list[Asked]]:
    """Read a repository whose branches and pull requests are answered by `lists`."""

    def answer(asked: Asked) -> Reply:
        if asked.path == f"{REPO}/actions/caches":
            return page_of(asked, "", list(caches))
        return lists(asked) or Reply([] if asked.path.rpartition("/")[2] in {"branches", "pulls"} else {})

    with serving(answer) as github:
        source = GitHubActions(api_of(github.address), "octo/app")
        return list(source.read())[-1], github.asked


def paged(asked: Asked, names: list[str]) -> Reply:
    """Return a page of two branches."""
    number = int(asked.query.get("page", "1"))
    shown = names[2 * number - 2 : 2 * number]
    url = f"http://{asked.headers['host']}{asked.path}?page="
    last = -(-len(names) // 2)
    link = f'<{url}{number + 1}>; rel="next", <{url}{last}>; rel="last"' if number < last else ""
    return Reply([{"name": name} for name in shown], headers={"link": link})


def test_a_branch_hidden_by_a_deletion_is_found() -> None:
    """A branch that slips to a page already read is in the next reading; two readings must agree."""
    names = ["a", "b", "c", "d", "e"]

    def lists(asked: Asked) -> Reply | None:
        if not asked.path.endswith("/branches"):
            return None
        reply = paged(asked, names)
        if "a" in names:
            names.remove("a")
        return reply

    found, _ = read(lists)
    assert [one.scope.short for one in found.branches or ()] == ["b", "c", "d", "e"]


def test_branches_that_never_rest_are_unknown() -> None:
    """While no two readings agree, no branch is called deleted."""
    names = ["a", "b", "c", "d", "e"]

    def lists(asked: Asked) -> Reply | None:
        if not asked.path.endswith("/branches"):
            return None
        names.append(f"n{len(names)}")
        return paged(asked, names)

    found, _ = read(lists)
    assert found.branches is None
    assert any("list of branches" in notice and "kept changing" in notice for notice in found.notices)


def pull(number: int, state: str, updated: str, repo: str = "octo/app") -> dict[str, object]:
    """Return a pull request of a list."""
    head = {"ref": f"b{number}", "sha": f"s{number}", "repo": {"full_name": repo}}
    merged = updated if state == "closed" else None
    return {
        "number": number,
        "state": state,
        "merged_at": merged,
        "updated_at": updated,
        "head": head,
        "base": {"ref": "main"},
    }


def test_closed_pull_requests_are_read_back_to_the_oldest_cache() -> None:
    """Only pages that may tell of a pull request whose caches are there are asked for."""

    def lists(asked: Asked) -> Reply | None:
        if not asked.path.endswith("/pulls"):
            return None
        if asked.query["state"] == "open":
            return Reply([pull(1, "open", "2026-11-20T00:00:00Z")])
        number = int(asked.query["page"])
        day = {1: "2026-11-15", 2: "2026-10-30", 3: "2026-10-01"}[number]
        link = f'<http://{asked.headers["host"]}{asked.path}?page={number + 1}>; rel="next"'
        return Reply([pull(10 + number, "closed", f"{day}T00:00:00Z", "Octo/App")], headers={"link": link})

    found, asked = read(lists, cache_json(1))
    assert [(one.number, one.is_open, one.merged, one.own) for one in found.pulls or ()] == [
        (1, True, False, True),
        (11, False, True, True),
        (12, False, True, True),
    ]
    assert [one.query["page"] for one in asked if one.query.get("state") == "closed"] == ["1", "2"]


def test_pull_requests_of_forks_and_of_forks_that_are_gone() -> None:
    """A head in another repository, or in none any more, is not one of ours."""
    gone: dict[str, object] = pull(2, "open", "2026-11-20T00:00:00Z") | {"head": {"ref": "x", "sha": "s", "repo": None}}

    def lists(asked: Asked) -> Reply | None:
        if asked.path.endswith("/pulls") and asked.query["state"] == "open":
            return Reply([pull(1, "open", "2026-11-20T00:00:00Z", "fork/app"), gone])
        return None

    found, _ = read(lists)
    assert [one.own for one in found.pulls or ()] == [False, False]


def test_artifacts_and_runs() -> None:
    """Artifacts come newest first with the branch of their run; a missing run or time is unknown."""
    artifacts = [
        {"id": 1, "name": "a", "size_in_bytes": 5, "expired": True, "workflow_run": None, "created_at": None},
        {"id": 2, "name": "b", "digest": "sha256:x", "workflow_run": {"id": 9, "head_branch": "dev", "head_sha": "f"}},
    ]
    runs = [{"id": 9, "name": "CI", "event": "push", "status": "completed", "conclusion": None, "head_branch": "dev"}]

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/artifacts"):
            return Reply({"total_count": 2, "artifacts": artifacts})
        return Reply({"total_count": 1, "workflow_runs": runs})

    with serving(answer) as github:
        api = api_of(github.address)
        source = GitHubActions(api, "octo/app")
        newest, oldest = source.artifacts()
        (run,) = source.runs()
    assert (newest.id, newest.run, newest.digest) == (2, 9, "sha256:x")
    assert newest.branch is not None
    assert newest.branch.short == "dev"
    assert (oldest.expired, oldest.branch, oldest.created_at) == (True, None, None)
    assert (run.id, run.conclusion, run.created_at) == (9, "", None)
    assert [str(entry).split("?")[0] for entry in api.log.entries()] == [
        f"GET '{github.address}/repos/octo/app/actions/{list_}" for list_ in ("artifacts", "runs")
    ]


def test_a_repository_with_its_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """`host/owner/name` goes to that host, whatever the environment says, and github.com's token does not."""
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GH_TOKEN", "ghp_T0psecret")
    monkeypatch.setenv("PATH", "/nowhere")
    source = open_actions("ghe.example.com/octo/app")
    assert (source.host, source.repo) == ("ghe.example.com", "octo/app")
    assert not source._api.has_token  # noqa: SLF001
