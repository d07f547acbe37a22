"""What became of a build, from how its command ended and what it said."""

import re
from collections.abc import Sequence

from dockcache_tui.core.builds.build import BuildStatus, Step, StepState

_LOST = re.compile(
    r"code = Unavailable|error reading from server|unexpected EOF|closing transport|transport is closing"
    r"|connection (refused|reset)|broken pipe|Cannot connect to the Docker daemon|graceful_stop|no such container"
)
_POINTED_AT = re.compile(r"\s*(\d{1,9}) \| >>> ")
_WRAPPING = re.compile(r"^(ERROR: |failed to build: |failed to solve: )+")


def outcome(returncode: int, *, canceled: bool, steps: Sequence[Step], said: Sequence[str]) -> tuple[BuildStatus, str]:
    """Return the status of a build that ended, and the reason when it did not succeed.

    `said` is what the command printed beside progress.
    """
    if returncode == 0:
        return BuildStatus.SUCCEEDED, ""
    if canceled:
        return BuildStatus.CANCELED, ""
    reason = next((line for line in reversed(said) if line.startswith("ERROR: ")), "")
    failed = next((step.error for step in steps if step.state is StepState.FAILED), "")
    if not failed and steps and _LOST.search(reason):
        return BuildStatus.LOST, _WRAPPING.sub("", reason)
    if returncode < 0 and not reason:
        return BuildStatus.LOST, f"the docker command was killed by signal {-returncode}"
    return BuildStatus.FAILED, _WRAPPING.sub("", reason) or failed or "\n".join(
        said[-5:]
    ) or "docker failed without a word"


def failing_line(said: Sequence[str]) -> int | None:
    """Return the Dockerfile's line that buildx points at when a build failed; None when it points at none."""
    return next((int(match[1]) for line in said if (match := _POINTED_AT.match(line))), None)
