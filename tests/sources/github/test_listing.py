"""The list of caches: pages side by side, rows at once, steady while it changes, revalidated."""

from hashlib import sha256
from threading import Condition, Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dockcache_tui.core.caches.cache import ActionsSnapshot
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.listing import list_caches
from dockcache_tui.sources.github.source import GitHubActions
from sources.github_server import Answering, Asked, Reply, api_of, cache_json, page_of, serving

CACHES = "/repos/octo/app/actions/caches"
REPO = "/repos/octo/app"


def around(asked: Asked) -> Reply:
    """Answer what surrounds the caches of a repository of one branch."""
    replies = {
        REPO: Reply({"default_branch": "main", "permissions": {"pull": True, "push": True}}),
        f"{REPO}/actions/cache/usage": Reply({"active_caches_size_in_bytes": 77, "active_caches_count": 7}),
        f"{REPO}/actions/cache/storage-limit": Reply({"max_cache_size_gb": 20}),
        f"{REPO}/actions/cache/retention-limit": Reply({"message": "Not Found"}, 404),
        f"{REPO}/branches": Reply([{"name": "main", "commit": {"sha": "f" * 40}, "protected": True}]),
        f"{REPO}/pulls": Reply([]),
    }
    return replies[asked.path]


def github_of(caches: Answering) -> Answering:
    """Return a GitHub whose list of caches answers so."""
    return lambda asked: caches(asked) if asked.path == CACHES else around(asked)


def rows(count: int) -> list[dict[str, object]]:
    """Return caches, newest first."""
    return [cache_json(number) for number in range(count, 0, -1)]


def ids(snapshot: ActionsSnapshot) -> list[int]:
    """Return the ids in order."""
    return [cache.id for cache in snapshot.caches]


def test_everything_about_a_repository() -> None:
    """The whole snapshot has every entry newest first, usage, limits, branches and rights; what is unsaid is usual."""
    with serving(github_of(lambda asked: page_of(asked, "", rows(3)))) as github:
        whole = list(GitHubActions(api_of(github.address), "octo/app").read())[-1]
    assert ids(whole) == [3, 2, 1]
    assert (whole.expected, whole.partial, whole.notices, whole.read_only) == (3, False, (), "")
    assert whole.usage is not None
    assert (whole.usage.size, whole.usage.count) == (77, 7)
    assert (whole.limits.size, whole.limits.size_known) == (20 * 10**9, True)
    assert (whole.limits.retention_days, whole.limits.retention_known) == (7, False)
    assert whole.default is not None
    assert whole.default.ref == "refs/heads/main"
    assert [one.scope.ref for one in whole.branches or ()] == ["refs/heads/main"]
    assert whole.pulls == ()


def test_pages_come_side_by_side_and_rows_at_once() -> None:
    """The first rows come while no other page is answered, and the others are asked for at once, ten at most."""
    changed, seen, under_way, most = Condition(), Event(), 0, 0

    def caches(asked: Asked) -> Reply:
        nonlocal under_way, most
        if asked.query.get("page", "1") != "1":
            assert seen.wait(60)
            with changed:
                under_way, most = under_way + 1, max(most, under_way + 1)
                changed.notify_all()
                changed.wait_for(lambda: most >= 4, 60)
                under_way -= 1
        return page_of(asked, f"http://{asked.headers['host']}", rows(1050))

    with serving(github_of(caches)) as github:
        reading = GitHubActions(api_of(github.address, timeout=(10.0, 120.0)), "octo/app").read()
        first = next(reading)
        seen.set()
        whole = list(reading)[-1]
    assert (len(first.caches), first.expected, first.partial) == (100, 1050, True)
    assert ids(whole) == list(range(1050, 0, -1))
    assert 4 <= most <= 10


def test_a_list_that_changes_is_read_again() -> None:
    """An entry deleted between two pages hides its neighbour; the second reading, undisturbed, has it."""
    listed = rows(250)

    def caches(asked: Asked) -> Reply:
        reply = page_of(asked, f"http://{asked.headers['host']}", listed)
        if asked.query.get("page", "1") == "1" and len(listed) == 250:
            del listed[5]
        return reply

    with serving(github_of(caches)) as github:
        whole = list(GitHubActions(api_of(github.address), "octo/app").read())[-1]
    assert ids(whole) == [one["id"] for one in listed]
    assert not whole.partial


def test_a_list_that_never_rests_says_so() -> None:
    """When every reading was disturbed the rows are shown with a notice."""
    listed = rows(250)

    def caches(asked: Asked) -> Reply:
        reply = page_of(asked, f"http://{asked.headers['host']}", listed)
        if asked.query.get("page", "1") == "1":
            del listed[5]
        return reply

    with serving(github_of(caches)) as github:
        whole = list(GitHubActions(api_of(github.address), "octo/app").read())[-1]
    assert whole.partial
    assert "kept changing" in whole.notices[0]
    assert len(whole.caches) > 240


def test_what_did_not_change_is_not_sent_again() -> None:
    """The second reading sends ETags, and "not modified" gives the same rows; another answer gives other rows."""
    listed = rows(2)

    def caches(asked: Asked) -> Reply:
        reply = page_of(asked, "", listed)
        tag = f'W/"{sha256(reply.content).hexdigest()}"'
        headers = {"etag": tag, "cache-control": "private, max-age=60", "vary": "Accept, Authorization"}
        if asked.headers.get("if-none-match") == tag:
            return Reply(None, 304, headers)
        return Reply(reply.body, headers=headers)

    with serving(github_of(caches)) as github:
        api = api_of(github.address)
        first, second = (list(list_caches(api, "octo/app"))[-1].caches() for _ in range(2))
        listed.pop(0)
        third = list(list_caches(api, "octo/app"))[-1].caches()
        statuses = [entry.exit_code for entry in api.log.entries()]
    assert first == second
    assert len(first) == 2
    assert [one.id for one in third] == [1]
    assert len(github.asked) == 3
    assert statuses == [200, 200, 200]
    assert all("if-none-match" in one.headers for one in github.asked[1:])


def test_a_failing_page_is_an_error_and_the_rows_so_far_were_given() -> None:
    """What came before the fault was yielded; the fault is raised, not a shorter list."""

    def caches(asked: Asked) -> Reply:
        if asked.query.get("page", "1") != "1":
            return Reply(b"{", cut=0)
        return page_of(asked, f"http://{asked.headers['host']}", rows(250))

    with serving(github_of(caches)) as github:
        reading = GitHubActions(api_of(github.address), "octo/app").read()
        assert len(next(reading).caches) == 100
        with pytest.raises(GitHubError, match="is not what GitHub answers"):
            list(reading)


def test_what_surrounds_the_caches_may_fail() -> None:
    """Caches are worth showing without usage, branches and pull requests; each is unknown, and the notices say why."""

    def answer(asked: Asked) -> Reply:
        if asked.path == CACHES:
            return page_of(asked, "", rows(1))
        return Reply({"message": "Resource not accessible"}, 403)

    with serving(answer) as github:
        whole = list(GitHubActions(api_of(github.address), "octo/app").read())[-1]
    assert (ids(whole), whole.usage, whole.branches, whole.pulls) == ([1], None, None, None)
    assert {notice.split(" can't")[0] for notice in whole.notices} == {
        "The repository",
        "The usage",
        "The list of branches",
        "The list of pull requests",
    }


def test_entries_without_what_tells_them_apart_are_counted() -> None:
    """GitHub's schema requires nothing: what can be shown is, what has no id, key, ref or time is left out and told."""
    odd: list[dict[str, object]] = [
        {"id": 1, "ref": "refs/heads/main", "key": "k", "created_at": "2026-11-01T00:00:00Z"},
        {"id": 2, "ref": "refs/heads/main", "key": None, "created_at": "2026-11-01T00:00:00Z"},
        {"id": 3, "ref": "refs/heads/main", "key": "k", "created_at": "yesterday"},
        {},
    ]
    with serving(github_of(lambda asked: page_of(asked, "", odd))) as github:
        whole = list(GitHubActions(api_of(github.address), "octo/app").read())[-1]
    assert ids(whole) == [1]
    assert whole.caches[0].last_accessed_at == whole.caches[0].created_at
    assert whole.partial
    assert "3 entries" in whole.notices[0]


@pytest.mark.parametrize(
    ("token", "repository", "headers", "words"),
    [
        (None, {"default_branch": "main"}, {}, "no token"),
        ("t", {"permissions": {"pull": True, "push": False}}, {}, "only read"),
        ("t", {"permissions": {"pull": False, "push": False}}, {}, ""),
        ("t", {"permissions": {"pull": True, "push": True}}, {"x-oauth-scopes": "read:org, gist"}, "scope `repo`"),
        ("t", {"permissions": {"pull": True, "push": True}}, {"x-oauth-scopes": "read:org, repo"}, ""),
    ],
)
def test_why_nothing_can_be_deleted(
    token: str | None, repository: dict[str, object], headers: dict[str, str], words: str
) -> None:
    """What is known of the token's rights says why deleting is out of the question, before anybody tries."""

    def answer(asked: Asked) -> Reply:
        if asked.path == CACHES:
            return page_of(asked, "", [])
        return Reply(repository, headers=headers) if asked.path == REPO else around(asked)

    with serving(answer) as github:
        whole = list(GitHubActions(api_of(github.address, token), "octo/app").read())[-1]
    assert (words in whole.read_only) if words else whole.read_only == ""


_NAMES = st.sampled_from(["total_count", "actions_caches", "id", "key", "ref", "created_at"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
)


@given(st.binary(max_size=60) | _JSON)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_answer_is_rows_or_our_own_error(body: object) -> None:
    """Whatever a server answers, reading it gives rows or raises the one error that front ends tell."""
    reply = Reply(body if body is not None else b"null")
    with serving(lambda _: reply) as github:
        api = api_of(github.address)
        try:
            found = list(list_caches(api, "octo/app"))[-1]
        except GitHubError:
            return
        assert all(cache.key is not None for cache in found.caches())
