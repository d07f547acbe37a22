"""A repository as REST tells one: GitHub's minimal one, and the whole one."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from dockcache_tui.actions_service.repositories import Tip, branches, default_branch, number_of
from dockcache_tui.actions_service.rest.endpoint import node_id
from dockcache_tui.actions_service.rest.owner_json import owner_json
from dockcache_tui.core.instant import Instant

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
