"""Deletes workflow artifacts one by one, each only after it was read again."""

from collections.abc import Iterable, Iterator

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.artifact_deleting import ArtifactDeletion, recheck_artifact
from dockcache_tui.core.actions_cache.deleting import Fate
from dockcache_tui.sources.github.answers import ArtifactAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.audit import AuditLog
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.serially import serially


def delete_artifacts(
    api: Api, repo: str, artifacts: Iterable[Artifact], audit: AuditLog, pace: float
) -> Iterator[ArtifactDeletion]:
    """Delete in order and yield what became of each; see serially."""
    for artifact, fate, detail in serially(artifacts, lambda one: _delete(api, repo, one), audit, pace):
        yield ArtifactDeletion(artifact, fate, detail)


def _delete(api: Api, repo: str, artifact: Artifact) -> tuple[Fate, str]:
    path = f"/repos/{repo}/actions/artifacts/{artifact.id}"
    if fate := recheck_artifact(artifact, _read_again(api, path)):
        return fate, ""
    try:
        api.delete(path)
    except GitHubError as error:
        if error.status == 404:
            return Fate.GONE, ""
        # Without a whole answer it may have been deleted all the same.
        if (error.status is None or error.status >= 500) and _read_again(api, path) is None:
            return Fate.DELETED, str(error)
        raise
    return Fate.DELETED, ""


def _read_again(api: Api, path: str) -> Artifact | None:
    try:
        return api.decoded(api.get(path), ArtifactAnswer).artifact()
    except GitHubError as error:
        if error.status == 404:
            return None
        raise
