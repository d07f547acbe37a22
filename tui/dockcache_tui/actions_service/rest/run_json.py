"""A workflow run as REST tells one, from the artifacts that it uploaded."""

from collections.abc import Mapping, Sequence

from dockcache_tui.actions_service.artifacts import StoredArtifact
from dockcache_tui.actions_service.rest.endpoint import node_id
from dockcache_tui.actions_service.rest.repository_json import minimal_json

_NOT_KNOWN = ("conclusion", "head_commit", "pull_requests", "status")
_PATHS = ("artifacts", "cancel", "jobs", "logs", "rerun")


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
        **{f"{name}_url": f"{url}/{name}" for name in _PATHS},
        "created_at": str(artifacts[-1].created),
        "updated_at": str(newest.created),
        "repository": home,
        "head_repository": home,
        **dict.fromkeys(_NOT_KNOWN),
    }
