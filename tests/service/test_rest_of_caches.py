"""REST lists, counts and deletes caches as GitHub's API does, in the form its description has."""

import pytest

from dockcache_tui.core.instant import Instant
from service.openapi import check, check_error
from service.serving import VERSION, Job, Served, get, put_blob, send

CACHES = "/repos/{owner}/{repo}/actions/caches"
LIMIT = "/repos/{owner}/{repo}/actions/cache/"


@pytest.fixture(scope="module")
def shelf(served: Served) -> Job:
    """A job whose repository has caches on two branches: sizes 1 to 5, and the first accessed last."""
    job = served.job("main")
    for number in range(1, 6):
        saver = job if number % 2 else job.also("topic")
        saver.save(f"{'deps' if number < 4 else 'other'}-{number}", b"x" * number)
    job.restore("deps-1")
    return job


def listed(job: Job, **asked: str | int) -> list[str]:
    """Return the keys that are listed."""
    answer = check(f"GET {CACHES}", job.rest("actions/caches", params=asked))
    return [cache["key"] for cache in answer["actions_caches"]]


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ({}, "deps-1 other-5 other-4 deps-3 deps-2"),
        ({"sort": "created_at"}, "other-5 other-4 deps-3 deps-2 deps-1"),
        ({"sort": "created_at", "direction": "asc"}, "deps-1 deps-2 deps-3 other-4 other-5"),
        ({"sort": "size_in_bytes", "direction": "asc"}, "deps-1 deps-2 deps-3 other-4 other-5"),
        ({"sort": "last_accessed_at", "direction": "asc"}, "deps-2 deps-3 other-4 other-5 deps-1"),
        ({"key": "other-"}, "other-5 other-4"),
        ({"key": "deps-3"}, "deps-3"),
        ({"key": "%"}, ""),
        ({"ref": "refs/heads/topic"}, "other-4 deps-2"),
        ({"ref": "refs/heads/topic", "key": "deps"}, "deps-2"),
        ({"ref": "topic"}, ""),
        ({"per_page": 2}, "deps-1 other-5"),
        ({"per_page": 2, "page": 3}, "deps-2"),
        ({"per_page": 2, "page": 4}, ""),
        ({"per_page": 0, "page": 0}, "deps-1"),
        ({"per_page": "many", "page": "-1"}, "deps-1 other-5 other-4 deps-3 deps-2"),
    ],
)
def test_listing(shelf: Job, asked: dict[str, str | int], keys: str) -> None:
    """Caches are listed by ref and key prefix, in each order and in pages."""
    assert listed(shelf, **asked) == keys.split()


@pytest.mark.parametrize("asked", [{"sort": "key"}, {"direction": "up"}])
def test_an_order_there_is_not(shelf: Job, asked: dict[str, str]) -> None:
    """An order that GitHub does not have is refused."""
    assert shelf.rest("actions/caches", params=asked).status_code == 422


def test_one_entry_in_full(shelf: Job) -> None:
    """An entry tells its ref, version, size, and both times in RFC 3339."""
    answer = shelf.rest("actions/caches", params={"key": "other-5"}).json()
    (entry,) = answer["actions_caches"]
    assert answer["total_count"] == 1
    assert (entry["ref"], entry["version"], entry["size_in_bytes"]) == ("refs/heads/main", VERSION, 5)
    assert Instant.parse(entry["created_at"]) == Instant.parse(entry["last_accessed_at"])


def test_pages_are_linked(shelf: Job) -> None:
    """Following rel=next from page to page gives every entry once, and the last page names no next."""
    path: str | None = "actions/caches?per_page=2&key=&sort=created_at"
    keys: list[list[str]] = []
    while path:
        answer = shelf.rest(path)
        keys.append([cache["key"] for cache in answer.json()["actions_caches"]])
        path = answer.links.get("next", {}).get("url", "").removeprefix(shelf.served.address)
    assert keys == [["other-5", "other-4"], ["deps-3", "deps-2"], ["deps-1"]]
    assert set(answer.links) == {"prev", "first"}


def test_usage_is_the_sum(shelf: Job) -> None:
    """Usage counts the repository's entries and their bytes."""
    usage = check(f"GET {LIMIT}usage", shelf.rest("actions/cache/usage"))
    assert usage == {"full_name": shelf.repo, "active_caches_size_in_bytes": 15, "active_caches_count": 5}


def test_an_organisation_adds_up(served: Served) -> None:
    """An organisation's usage is the sum over its repositories, and is listed by repository."""
    first = served.job("main", repo="org-of-two/one")
    second = served.job("main", repo="org-of-two/two")
    first.save("a", b"123")
    second.save("b", b"4567")
    whole = check("GET /orgs/{org}/actions/cache/usage", first.rest("/orgs/org-of-two/actions/cache/usage"))
    assert whole == {"total_active_caches_count": 2, "total_active_caches_size_in_bytes": 7}
    page = first.rest("/orgs/org-of-two/actions/cache/usage-by-repository", params={"per_page": 1})
    listing = check("GET /orgs/{org}/actions/cache/usage-by-repository", page)
    assert (listing["total_count"], listing["repository_cache_usages"][0]["full_name"]) == (2, "org-of-two/one")
    assert page.links["next"]["url"].endswith("per_page=1&page=2")
    check_error(first.rest("/orgs/nobody/actions/cache/usage"), 404, "Not Found")


def test_delete_by_id(job: Job) -> None:
    """A deleted entry is gone from every view, and its key is free at once."""
    number = job.save("deps", b"first")
    check(f"DELETE {CACHES}/{{cache_id}}", job.rest(f"actions/caches/{number}", "DELETE"))
    assert job.restore("deps") is None
    assert listed(job) == []
    check_error(job.rest(f"actions/caches/{number}", "DELETE"), 404, "Not Found")
    assert job.save("deps", b"second") > number
    assert job.restore("deps") == ("deps", b"second")


@pytest.mark.parametrize("number", [0, 10**18, 10**30])
def test_delete_what_is_not(job: Job, number: int) -> None:
    """An id that no entry has is 404, however large."""
    check_error(job.rest(f"actions/caches/{number}", "DELETE"), 404, "Not Found")


def test_delete_in_another_repository(job: Job, served: Served) -> None:
    """An id of another repository is not found there, and stays."""
    number = job.save("deps")
    other = served.job("main")
    other.save("other")
    check_error(other.rest(f"actions/caches/{number}", "DELETE"), 404, "Not Found")
    assert job.keys() == ["deps"]


def test_delete_by_key(job: Job) -> None:
    """A complete key is deleted on one ref, or on all; a prefix deletes nothing."""
    branches = [job, job.also("a"), job.also("b")]
    for branch in branches:
        branch.save("deps")
        branch.save("deps-long")
    check_error(job.rest("actions/caches", "DELETE", params={"key": "dep"}), 404, "Not Found")
    one = job.rest("actions/caches", "DELETE", params={"key": "deps", "ref": "refs/heads/a"})
    assert [cache["ref"] for cache in check(f"DELETE {CACHES}", one)["actions_caches"]] == ["refs/heads/a"]
    rest = check(f"DELETE {CACHES}", job.rest("actions/caches", "DELETE", params={"key": "deps"}))
    assert (rest["total_count"], {cache["key"] for cache in rest["actions_caches"]}) == (2, {"deps"})
    assert job.keys() == ["deps-long"] * 3
    assert job.rest("actions/caches", "DELETE").status_code == 422


def test_only_finished_entries_are_listed(job: Job) -> None:
    """An entry is listed once it is finished, created then; its id is as old as its reservation."""
    url = job.reserve("slow")
    quick = job.save("quick")
    assert job.keys() == ["quick"]
    put_blob(url, b"12345")
    slow = int(job.finalize("slow", 5).json()["entry_id"])
    assert job.keys() == ["quick", "slow"]
    assert slow < quick


def test_a_lookup_is_an_access_and_a_listing_is_none(job: Job) -> None:
    """Only restoring moves the last access."""
    job.save("deps")
    (before,) = job.rest("actions/caches").json()["actions_caches"]
    assert job.rest("actions/caches").json()["actions_caches"] == [before]
    job.url_of("de")
    (after,) = job.rest("actions/caches").json()["actions_caches"]
    assert Instant.parse(after["last_accessed_at"]) > Instant.parse(before["last_accessed_at"])
    assert after["created_at"] == before["created_at"]


def test_limits(job: Job) -> None:
    """Storage and retention limits are GitHub's defaults until they are set."""
    job.save("deps")
    assert check(f"GET {LIMIT}storage-limit", job.rest("actions/cache/storage-limit")) == {"max_cache_size_gb": 10}
    days = check(f"GET {LIMIT}retention-limit", job.rest("actions/cache/retention-limit"))
    assert days == {"max_cache_retention_days": 7}
    for name, body in (("storage", {"max_cache_size_gb": 3}), ("retention", {"max_cache_retention_days": 2})):
        path = f"actions/cache/{name}-limit"
        check(f"PUT {LIMIT}{name}-limit", job.rest(path, "PUT", json=body))
        assert job.rest(path).json() == body
        for wrong in ({}, {next(iter(body)): 0}, {next(iter(body)): "many"}):
            check(f"PUT {LIMIT}{name}-limit", refused := job.rest(path, "PUT", json=wrong))
            assert refused.status_code == 400
    assert job.keys() == ["deps"]


# What every endpoint does.


def test_an_answer_that_did_not_change(job: Job) -> None:
    """A known ETag is answered 304 without a body and without cost; a change is answered in full."""
    job.save("deps")
    first = job.rest("actions/caches")
    again = job.rest("actions/caches", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    job.save("more")
    changed = job.rest("actions/caches", headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["total_count"]) == (200, 2)


def test_the_budget_is_told(job: Job) -> None:
    """Every answer tells what is left of the hour, also an error."""
    job.save("deps")
    seen = [job.rest(path).headers for path in ("actions/caches", "actions/caches", "actions/artifacts/1")]
    used = [int(headers["x-ratelimit-used"]) for headers in seen]
    assert used == [used[0], used[0] + 1, used[0] + 2]
    assert all(
        int(one["x-ratelimit-limit"]) == int(one["x-ratelimit-remaining"]) + int(one["x-ratelimit-used"])
        for one in seen
    )
    assert {one["x-ratelimit-resource"] for one in seen} == {"core"}


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Authorization": "Bearer ghs_wrong"}, 401, "Bad credentials"),
        ({"Authorization": "Basic eDp5"}, 401, "Bad credentials"),
        ({"Authorization": None}, 401, "Requires authentication"),
        ({"X-GitHub-Api-Version": "2020-01-01"}, 400, "Supported API versions: 2022-11-28, 2026-03-10"),
        (
            {"User-Agent": ""},
            403,
            "Request forbidden by administrative rules. A User-Agent header is required.",
        ),
    ],
)
def test_who_is_not_answered(job: Job, headers: dict[str, str], status: int, message: str) -> None:
    """A missing or wrong token, no user agent and an unknown version are refused in GitHub's form."""
    job.save("deps")
    check_error(job.rest("actions/caches", headers=headers), status, message)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token"])
def test_how_a_token_is_sent(job: Job, scheme: str) -> None:
    """Both schemes that GitHub takes are taken, and both API versions."""
    headers = {"Authorization": f"{scheme} {job.rest_token}", "X-GitHub-Api-Version": "2026-03-10"}
    job.save("deps")
    assert job.rest("actions/caches", headers=headers).status_code == 200


def test_a_token_that_only_reads(job: Job) -> None:
    """A read-only GITHUB_TOKEN lists, and is told what it lacks when it would change something."""
    number = job.save("deps")
    reader = {"Authorization": f"Bearer {job.served.signer.rest_token(write=False)}"}
    assert job.rest("actions/caches", headers=reader).status_code == 200
    for path in (f"actions/caches/{number}", "actions/caches?key=deps"):
        refused = job.rest(path, "DELETE", headers=reader)
        check_error(refused, 403, "Resource not accessible by integration")
        assert refused.headers["x-accepted-github-permissions"] == "actions=write"
    assert job.keys() == ["deps"]


@pytest.mark.parametrize("path", ["/repos/no/body/actions/caches", "/repos/tests", "/", "/user", "/repos/a/b/c/d"])
def test_what_is_not_there(job: Job, path: str) -> None:
    """A repository nobody has, and a path that is no endpoint, are GitHub's 404."""
    check_error(job.rest(path), 404, "Not Found")


def test_a_repository_is_known_by_its_jobs(served: Served) -> None:
    """A repository that lost its last cache is still there, and empty."""
    job = served.job("main")
    number = job.save("deps")
    job.rest(f"actions/caches/{number}", "DELETE")
    assert listed(job) == []


def test_the_token_tells_nothing(job: Job) -> None:
    """No answer and no URL holds the GITHUB_TOKEN or the runtime token."""
    job.save("deps")
    found = job.url_of("deps")
    assert found
    answers = [job.rest("actions/caches"), job.rest("nothing"), send("GET", job.served.address), get(found[1])]
    for answer in answers:
        text = answer.text + str(answer.headers) + found[1]
        assert job.token not in text
        assert job.rest_token not in text
