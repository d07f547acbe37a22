"""REST tells the branches and pull requests of the git repository here, or else of the caches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dockcache_tui.core.instant import Instant
from nobody import git
from service.openapi import check, check_error
from service.serving import Job, Served

REPO = "GET /repos/{owner}/{repo}"
BRANCHES, PULLS = f"{REPO}/branches", f"{REPO}/pulls"


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Job]:
    """A job of the repository that a service serves from a checkout: main, topic, pull request 7 and a tagged file."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=first")
    git(tmp_path, "branch", "topic/one")
    git(tmp_path, "update-ref", "refs/pull/7/merge", "HEAD")
    git(tmp_path, "update-ref", "refs/remotes/origin/far", "HEAD")
    git(tmp_path, "tag", "file", git(tmp_path, "hash-object", "-w", "/dev/null"))
    served = Served(tmp_path)
    yield served.job("main", repo="tests/served")
    served.stop()


def names(job: Job) -> list[str]:
    """Return the names of the branches."""
    return [branch["name"] for branch in check(BRANCHES, job.rest("branches"))]


def test_names_ignore_case(job: Job) -> None:
    """A repository and its owner are found however they are written, and told as they are written here."""
    job.save("deps")
    owner, _, name = job.repo.partition("/")
    shouted = job.rest(f"/repos/{owner.upper()}/{name.upper()}/actions/cache/usage").json()
    assert (shouted["full_name"], shouted["active_caches_count"]) == (job.repo, 1)
    listed = f"/orgs/{owner.upper()}/actions/cache/usage-by-repository?per_page=100&page="
    pages = range(1, job.rest(f"{listed}1").json()["total_count"] // 100 + 2)
    usages = [usage for page in pages for usage in job.rest(f"{listed}{page}").json()["repository_cache_usages"]]
    assert [usage["full_name"] for usage in usages].count(job.repo) == 1


def test_branches_are_gits(checkout: Job, tmp_path: Path) -> None:
    """Branches are git's, at their commits, and one that only caches name is not there."""
    checkout.also("deleted").save("deps")
    assert names(checkout) == ["far", "main", "topic/one"]
    assert checkout.rest("branches").json()[1]["commit"]["sha"] == git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "branch", "--delete", "topic/one")
    assert names(checkout) == ["far", "main"]


def test_a_pull_request_is_open_while_it_has_a_ref(checkout: Job, tmp_path: Path) -> None:
    """A pull request that git has a ref of is open; one that only caches name is closed."""
    checkout.also("refs/pull/9/merge").save("deps")
    assert [pull["number"] for pull in check(PULLS, checkout.rest("pulls"))] == [7]
    everything = check(PULLS, checkout.rest("pulls", params={"state": "all"}))
    assert [(pull["number"], pull["state"]) for pull in everything] == [(9, "closed"), (7, "open")]
    one = check(f"{PULLS}/{{pull_number}}", checkout.rest("pulls/9"))
    assert one["title"] == "Pull request 9"
    assert (one["state"], one["merged"], one["base"]["ref"]) == ("closed", False, "main")
    check_error(checkout.rest("pulls/8"), 404, "Not Found")
    git(tmp_path, "update-ref", "-d", "refs/pull/7/merge")
    assert check(PULLS, checkout.rest("pulls")) == []


def test_without_git_the_caches_tell(job: Job) -> None:
    """Away from a git repository the refs of the caches are all there is, and all of them are there."""
    job.restore("deps")
    assert names(job) == []
    since = Instant.parse(check(REPO, job.rest(""))["created_at"])
    assert since == Instant.parse(check(REPO, job.rest(""))["updated_at"])
    for ref in ("zeta", "master", "refs/pull/3/merge", "refs/tags/v1"):
        job.also(ref).save("deps")
    assert names(job) == ["master", "zeta"]
    told = check(REPO, job.rest(""))
    assert since < Instant.parse(told["created_at"]) < Instant.parse(told["pushed_at"])
    assert check(PULLS, job.rest("pulls"))[0]["number"] == 3
    one = check(f"{PULLS}/{{pull_number}}", job.rest("pulls/3"))
    assert (one["merge_commit_sha"], one["head"]["sha"], one["base"]["sha"]) == (None, "0" * 40, "0" * 40)
    page = job.rest("branches", params={"per_page": 1})
    assert ([branch["name"] for branch in page.json()], set(page.links)) == (["master"], {"next", "last"})


def test_the_repository(checkout: Job) -> None:
    """The repository tells its name, its default branch and whether the token may change things."""
    told = check(REPO, checkout.rest(""))
    assert (told["full_name"], told["default_branch"]) == ("tests/served", "main")
    assert told["permissions"] == {"admin": False, "push": True, "pull": True}
    assert told["url"] == f"{checkout.served.address}/repos/tests/served"
    assert told["owner"]["followers_url"] == f"{checkout.served.address}/users/tests/followers"
    reader = {"Authorization": f"Bearer {checkout.served.signer.rest_token(write=False)}"}
    assert checkout.rest("", headers=reader).json()["permissions"]["push"] is False


def test_commits_and_dates_are_gits(checkout: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository's dates are those of its oldest and newest branch; a pull request's of its newest commit."""
    first, seconds = git(tmp_path, "log", "-1", "--format=%H %ct").split()
    later = "2031-02-03T04:05:06Z"
    monkeypatch.setenv("GIT_COMMITTER_DATE", later)
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message=second")
    second = git(tmp_path, "rev-parse", "HEAD")
    told = check(REPO, checkout.rest(""))
    earlier = str(Instant(int(seconds) * 10**9))
    assert (told["created_at"], told["pushed_at"]) == (earlier, later)
    (pull,) = check(PULLS, checkout.rest("pulls"))
    shas = (pull["base"]["sha"], pull["head"]["sha"], pull["merge_commit_sha"])
    assert (*shas, pull["updated_at"]) == (second, "0" * 40, first, earlier)
    git(tmp_path, "update-ref", "refs/pull/7/head", second)
    (pull,) = check(PULLS, checkout.rest("pulls"))
    assert (pull["head"]["sha"], pull["merge_commit_sha"], pull["updated_at"]) == (second, first, later)


def test_another_repository_is_not_the_one_here(checkout: Job) -> None:
    """Git's branches are those of the repository that is served, not of every one."""
    other = checkout.served.job("elsewhere")
    other.save("deps")
    assert names(other) == ["elsewhere"]
    assert check(REPO, other.rest(""))["default_branch"] == "elsewhere"
