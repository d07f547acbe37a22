"""A pull request as REST tells one, from what its refs tell of it."""

from collections.abc import Mapping

from dockcache_tui.actions_service.repositories import NO_COMMIT, ServedPull, number_of
from dockcache_tui.actions_service.rest.endpoint import node_id

_NOT_KNOWN = ("assignee", "auto_merge", "body", "closed_at", "merged_at", "milestone")
_NOT_COUNTED = ("additions", "changed_files", "comments", "commits", "deletions", "review_comments")


def pull_json(home: Mapping[str, object], base_sha: str, pull: ServedPull) -> Mapping[str, object]:
    """Return a pull request of a whole repository as a list has it; its user is the owner for want of another."""
    number, html = number_of(f"{home['full_name']}#{pull.number}"), f"{home['html_url']}/pull/{pull.number}"
    links = _links(f"{home['url']}", pull)
    return {
        "id": number,
        "node_id": node_id("PullRequest", number),
        "number": pull.number,
        "title": f"ServedPull request {pull.number}",
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
        **dict.fromkeys(_NOT_KNOWN),
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
        **dict.fromkeys(_NOT_COUNTED, 0),
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
