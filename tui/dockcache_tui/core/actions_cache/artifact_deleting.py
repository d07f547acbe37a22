"""What becomes of an artifact that is to be deleted."""

from dataclasses import dataclass

from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.deleting import Fate


@dataclass(frozen=True, slots=True)
class ArtifactDeletion:
    """What became of one artifact.

    `detail` says more, in GitHub's words where it refused; `unaudited` why it is not in the audit log.
    """

    artifact: Artifact
    fate: Fate
    detail: str = ""
    unaudited: str = ""


def recheck_artifact(planned: Artifact, now: Artifact | None) -> Fate | None:
    """Compare an artifact with its re-reading: id, name and time of creation must be the same; None says delete it."""
    if now is None:
        return Fate.GONE
    return None if _identity(now) == _identity(planned) else Fate.CHANGED


def _identity(artifact: Artifact) -> tuple[object, ...]:
    return artifact.id, artifact.name, artifact.created_at
