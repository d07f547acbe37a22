"""Artifacts as the table people read."""

from collections.abc import Sequence

from dockcache_tui.cli.output import Row, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.artifact import Artifact
from dockcache_tui.core.actions_cache.artifact_row import ARTIFACT_COLUMNS
from dockcache_tui.core.instant import Instant


def totals(found: Sequence[Artifact]) -> Row:
    """Return the sums of what was found; what expired keeps no bytes."""
    return {
        "count": len(found),
        "size_in_bytes": sum(one.size for one in found),
        "expired": sum(one.expired for one in found),
    }


def ordered(found: Sequence[Artifact], sort: str) -> list[Artifact]:
    """Order by a column (descending with `-`), equal ones by id; what has no value comes last either way."""
    key = ARTIFACT_COLUMNS[sort.removeprefix("-")]
    by_id = sorted(found, key=lambda one: one.id)
    known = [one for one in by_id if key(one) is not None]
    known.sort(key=key, reverse=sort.startswith("-"))  # type: ignore[arg-type]
    return known + [one for one in by_id if key(one) is None]


def print_artifacts(found: Sequence[Artifact], now: Instant) -> None:
    """Print the table people read."""
    rows = [
        (
            str(one.id),
            one.branch.short if one.branch else "–",
            wording.size(one.size),
            wording.age(one.created_at, now),
            left(one, now),
            one.name,
        )
        for one in found
    ]
    print_table(("ID", "BRANCH", "SIZE", "CREATED", "LEFT", "NAME"), rows, right=("ID", "SIZE", "CREATED", "LEFT"))


def left(artifact: Artifact, now: Instant) -> str:
    """Return how long GitHub still keeps it."""
    if artifact.expired:
        return "expired"
    return wording.span(max(0.0, artifact.expires_at.seconds_since(now)) if artifact.expires_at else None)
