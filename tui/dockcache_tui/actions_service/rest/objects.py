"""What REST tells of an owner, a repository, a pull request and a workflow run, in GitHub's own form."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from dockcache_tui.actions_service.artifacts import StoredArtifact
from dockcache_tui.actions_service.repositories import NO_COMMIT, ServedPull, Tip, branches, default_branch, number_of
from dockcache_tui.actions_service.rest.endpoint import node_id
from dockcache_tui.core.instant import Instant

_OWNER_PATHS = {
    **{name: name for name in ("followers", "received_events", "repos", "subscriptions")},
    "events": "events{/privacy}",
    "following": "following{/other_user}",
    "gists": "gists{/gist_id}",
    "organizations": "orgs",
    "starred": "starred{/owner}{/repo}",
}
"""Where each `*_url` leads, below the owner's own."""
_PLAIN = (
    *("contributors", "deployments", "downloads", "events", "forks", "hooks", "languages", "merges"),
    *("stargazers", "subscribers", "subscription", "tags", "teams"),
)
_PATHS = {
    **{name: name for name in _PLAIN},
    "archive": "{archive_format}{/ref}",
    "assignees": "assignees{/user}",
    "blobs": "git/blobs{/sha}",
    "branches": "branches{/branch}",
    "collaborators": "collaborators{/collaborator}",
    "comments": "comments{/number}",
    "commits": "commits{/sha}",
    "compare": "compare/{base}...{head}",
    "contents": "contents/{+path}",
    "git_commits": "git/commits{/sha}",
    "git_refs": "git/refs{/sha}",
    "git_tags": "git/tags{/sha}",
    "issue_comment": "issues/comments{/number}",
    "issue_events": "issues/events{/number}",
    "issues": "issues{/number}",
    "keys": "keys{/key_id}",
    "labels": "labels{/name}",
    "milestones": "milestones{/number}",
    "notifications": "notifications{?since,all,participating}",
    "pulls": "pulls{/number}",
    "releases": "releases{/id}",
    "statuses": "statuses/{sha}",
    "trees": "git/trees{/sha}",
}
"""Where each `*_url` leads, below the repository's own."""
_NOT_KNOWN = ("homepage", "language", "license", "mirror_url")
_NOT_HERE = (
    *("archived", "disabled"),
    *(f"has_{what}" for what in ("discussions", "downloads", "issues", "pages", "projects", "wiki")),
)
_NONE_HERE = (
    *("forks", "forks_count", "network_count", "open_issues", "open_issues_count", "size"),
    *("stargazers_count", "subscribers_count", "watchers", "watchers_count"),
)
_PULL_NOT_KNOWN = ("assignee", "auto_merge", "body", "closed_at", "merged_at", "milestone")
_PULL_NOT_COUNTED = ("additions", "changed_files", "comments", "commits", "deletions", "review_comments")
_RUN_NOT_KNOWN = ("conclusion", "head_commit", "pull_requests", "status")
_RUN_PATHS = ("artifacts", "cancel", "jobs", "logs", "rerun")


def owner_json(base: str, login: str) -> Mapping[str, object]:
    """Return an owner; `base` ends with a slash. That it is a user and no organisation is a guess."""
    number, url = number_of(login), f"{base}users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id("User", number),
        "url": url,
        "html_url": f"{base}{login}",
        "avatar_url": f"{base}{login}.png",
        "gravatar_id": None,
        **{f"{name}_url": f"{url}/{path}" for name, path in _OWNER_PATHS.items()},
        "type": "User",
        "site_admin": False,
    }


def minimal_json(base: str, repo: str) -> Mapping[str, object]:
    """Return a repository as other things name it; `base` ends with a slash."""
    owner, _, name = repo.partition("/")
    number, url = number_of(repo), f"{base}repos/{repo}"
    return {
        "id": number,
        "node_id": node_id("Repository", number),
        "name": name,
        "full_name": repo,
        "owner": owner_json(base, owner),
        "private": True,
        "description": None,
        "fork": False,
        "url": url,
        "html_url": f"{base}{repo}",
        **{f"{name}_url": f"{url}/{path}" for name, path in _PATHS.items()},
    }


def repository_json(base: str, repo: str, refs: Mapping[str, Tip], since: Instant) -> Mapping[str, object]:
    """Return a whole repository, its dates those of its branches' tips; without branches `since`."""
    times = [tip.time for tip in branches(refs).values()] or [since]
    host = urlsplit(base).netloc
    return {
        **minimal_json(base, repo),
        "default_branch": default_branch(refs),
        "clone_url": f"{base}{repo}.git",
        "git_url": f"git://{host}/{repo}.git",
        "ssh_url": f"git@{host}:{repo}.git",
        "svn_url": f"{base}{repo}",
        "created_at": str(min(times)),
        "pushed_at": str(max(times)),
        "updated_at": str(max(times)),
        **dict.fromkeys(_NOT_KNOWN),
        **dict.fromkeys(_NOT_HERE, False),
        **dict.fromkeys(_NONE_HERE, 0),
    }


def pull_json(home: Mapping[str, object], base_sha: str, pull: ServedPull) -> Mapping[str, object]:
    """Return a pull request of a whole repository as a list has it; its user is the owner for want of another."""
    number, html = number_of(f"{home['full_name']}#{pull.number}"), f"{home['html_url']}/pull/{pull.number}"
    links = _links(f"{home['url']}", pull)
    return {
        "id": number,
        "node_id": node_id("PullRequest", number),
        "number": pull.number,
        "title": f"Pull request {pull.number}",
        "state": "open" if pull.is_open else "closed",
        "locked": False,
        "labels": [],
        "user": home["owner"],
        "author_association": "OWNER",
        "url": links["self"],
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        **{f"{name}_url": url for name, url in links.items() if name != "self"},
        "_links": {name: {"href": url} for name, url in {**links, "html": html}.items()},
        "created_at": str(pull.time),
        "updated_at": str(pull.time),
        "merge_commit_sha": None if pull.merge == NO_COMMIT else pull.merge,
        "head": _side(home, f"pull/{pull.number}/head", pull.head),
        "base": _side(home, f"{home['default_branch']}", base_sha),
        **dict.fromkeys(_PULL_NOT_KNOWN),
    }


def one_pull_json(home: Mapping[str, object], base_sha: str, pull: ServedPull) -> Mapping[str, object]:
    """Return a pull request as it is told alone."""
    return {
        **pull_json(home, base_sha, pull),
        "merged": False,
        "merged_by": None,
        "mergeable": None,
        "mergeable_state": "unknown",
        "maintainer_can_modify": False,
        **dict.fromkeys(_PULL_NOT_COUNTED, 0),
    }


def _links(repo: str, pull: ServedPull) -> Mapping[str, str]:
    own, issue = f"{repo}/pulls/{pull.number}", f"{repo}/issues/{pull.number}"
    return {
        "self": own,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{own}/comments",
        "review_comment": f"{repo}/pulls/comments{{/number}}",
        "commits": f"{own}/commits",
        "statuses": f"{repo}/statuses/{pull.head}",
    }


def _side(home: Mapping[str, object], ref: str, sha: str) -> Mapping[str, object]:
    owner = f"{home['full_name']}".partition("/")[0]
    return {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "user": home["owner"], "repo": home}


def run_json(base: str, artifacts: Sequence[StoredArtifact]) -> Mapping[str, object]:
    """Return the run of some artifacts, the newest first; its number is its id, and which workflow ran is not known."""
    newest = artifacts[0]
    home = minimal_json(base, newest.repo)
    url = f"{home['url']}/actions/runs/{newest.run}"
    return {
        "id": newest.run,
        "node_id": node_id("WorkflowRun", newest.run),
        "run_number": newest.run,
        "display_title": f"Run {newest.run}",
        "event": "pull_request" if newest.branch.startswith("#") else "push",
        "head_branch": newest.branch,
        "head_sha": newest.sha,
        "path": "",
        "workflow_id": 0,
        "workflow_url": f"{home['url']}/actions/workflows/0",
        "check_suite_url": f"{home['url']}/check-suites/{newest.run}",
        "url": url,
        "html_url": f"{home['html_url']}/actions/runs/{newest.run}",
        **{f"{name}_url": f"{url}/{name}" for name in _RUN_PATHS},
        "created_at": str(artifacts[-1].created),
        "updated_at": str(newest.created),
        "repository": home,
        "head_repository": home,
        **dict.fromkeys(_RUN_NOT_KNOWN),
    }
