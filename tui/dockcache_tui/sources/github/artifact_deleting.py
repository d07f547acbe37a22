"""Deletes workflow artifacts one by one, each only after it was read again."""

from collections.abc import Iterator, Sequence

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.artifact_deleting import ArtifactDeletion, recheck_artifact
from dockcache_tui.sources.audit import AuditLog
from dockcache_tui.sources.github.answers import ArtifactAnswer
from dockcache_tui.sources.github.api import Api
from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.serially import Serially


def delete_artifacts(
    api: Api, repo: str, artifacts: Sequence[Artifact], audit: AuditLog, pace: float
) -> Iterator[ArtifactDeletion]:
    """Delete in order and yield what became of each; see Serially."""

    def path(artifact: Artifact) -> str:
        return f"/repos/{repo}/actions/artifacts/{artifact.id}"

    serially: Serially[Artifact] = Serially(
        lambda one: recheck_artifact(one, _read_again(api, path(one))), lambda one: api.delete(path(one)), audit, pace
    )
    for artifact, fate, detail, unaudited in serially.run(artifacts):
        yield ArtifactDeletion(artifact, fate, detail, unaudited)


def _read_again(api: Api, path: str) -> Artifact | None:
    try:
        return api.decoded(api.get(path), ArtifactAnswer).artifact()
    except GitHubError as error:
        if error.status == 404:
            return None
        raise
