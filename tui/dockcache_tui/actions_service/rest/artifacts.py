"""REST endpoints of artifacts and their runs: https://docs.github.com/rest/actions/artifacts."""

from collections.abc import Mapping, Sequence

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from dockcache_tui.actions_service.artifact_v4 import artifact_url, remove
from dockcache_tui.actions_service.artifacts import StoredArtifact
from dockcache_tui.actions_service.repositories import number_of
from dockcache_tui.actions_service.rest.endpoint import Ask, JsonAnswer, RestError, found, node_id, route
from dockcache_tui.actions_service.rest.objects import run_json
from dockcache_tui.actions_service.web import path_number

_REPO = "/repos/{owner}/{repo}/actions"
_ZIP_SECONDS = 60


async def _list(ask: Ask) -> JsonAnswer:
    return _listing(ask, ask.service.artifacts.listed(ask.repo, name=ask.text("name")))


async def _list_of_run(ask: Ask) -> JsonAnswer:
    run = path_number(ask.request, "run_id")
    artifacts = ask.service.artifacts.listed(ask.repo, run=run, name=ask.text("name"))
    descending = ask.choice("direction", "desc", "asc") == "desc"
    return _listing(ask, artifacts if descending else artifacts[::-1])


async def _get(ask: Ask) -> JsonAnswer:
    return JsonAnswer(_artifact(ask, _asked(ask)))


async def _zip(ask: Ask) -> Response:
    artifact = _asked(ask)
    if artifact.expired:
        raise RestError(410, "Artifact has expired")
    return RedirectResponse(artifact_url(ask.service, str(ask.request.base_url), artifact, _ZIP_SECONDS), 302)


async def _delete(ask: Ask) -> JsonAnswer:
    remove(ask.service, _asked(ask))
    return JsonAnswer(None, 204)


async def _runs(ask: Ask) -> JsonAnswer:
    """List the runs that uploaded artifacts; the service hears of no others."""
    runs: dict[int, list[StoredArtifact]] = {}
    for artifact in ask.service.artifacts.listed(ask.repo):
        runs.setdefault(artifact.run, []).append(artifact)
    branch = ask.text("branch")
    chosen = [runs[run] for run in sorted(runs, reverse=True) if branch in {None, runs[run][0].branch}]
    shown = [run_json(str(ask.request.base_url), run) for run in ask.paged(chosen)]
    return JsonAnswer({"total_count": len(chosen), "workflow_runs": shown}, headers=ask.links(len(chosen)))


def _asked(ask: Ask) -> StoredArtifact:
    return found(ask.service.artifacts.get(ask.repo, path_number(ask.request, "artifact_id")))


def _listing(ask: Ask, artifacts: Sequence[StoredArtifact]) -> JsonAnswer:
    shown = [_artifact(ask, artifact) for artifact in ask.paged(artifacts)]
    return JsonAnswer({"total_count": len(artifacts), "artifacts": shown}, headers=ask.links(len(artifacts)))


def _artifact(ask: Ask, artifact: StoredArtifact) -> Mapping[str, object]:
    url = f"{ask.request.base_url}repos/{artifact.repo}/actions/artifacts/{artifact.id}"
    return {
        "id": artifact.id,
        "node_id": node_id("Artifact", artifact.id),
        "name": artifact.name,
        "size_in_bytes": artifact.size,
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": artifact.expired,
        "created_at": str(artifact.created),
        "updated_at": str(artifact.created),
        "expires_at": str(artifact.expires),
        "digest": artifact.digest or None,
        "workflow_run": {
            "id": artifact.run,
            "repository_id": number_of(artifact.repo),
            "head_repository_id": number_of(artifact.repo),
            "head_branch": artifact.branch,
            "head_sha": artifact.sha,
        },
    }


ROUTES: tuple[BaseRoute, ...] = (
    route("GET", _REPO + "/artifacts", _list),
    route("GET", _REPO + "/artifacts/{artifact_id:number}", _get),
    route("DELETE", _REPO + "/artifacts/{artifact_id:number}", _delete),
    route("GET", _REPO + "/artifacts/{artifact_id:number}/zip", _zip),
    route("GET", _REPO + "/runs", _runs),
    route("GET", _REPO + "/runs/{run_id:number}/artifacts", _list_of_run),
)
