"""The daemon's own account of builds, read with buildx: each step we tell of must be told so there."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.names import StepKind, parse_name
from why.surroundings import Surroundings

_ENDS = {
    StepState.REUSED: ({True},),
    StepState.BUILT: ({False}, {False, True}),  # what one target of a bake built may then be cached for another
    StepState.FALSE_HIT: ({False, True},),
}
"""Whether a step ended cached, in each of the intervals that the daemon tells of."""


def kept_refs(around: Surroundings) -> set[str]:
    """Return the refs of all builds in the daemon's history."""
    listed = _history(around, "ls", "--no-trunc", "--format", "{{.Ref}}").stdout
    return {ref.rpartition("/")[2] for ref in listed.split()}


def compare(around: Surroundings, build: Build, refs: Iterable[str]) -> tuple[int, list[str]]:
    """Return how many steps of a build were compared, and what the daemon tells otherwise.

    `refs` are the build's own: a bake has one for each target. The steps that count are those that ran or were reused
    of the operations that change files, by the daemon's provenance; an old frontend's names no step that it tells of.
    """
    ends: dict[str, set[bool]] = defaultdict(set)
    operations: dict[str, str] = {}
    for ref in refs:
        for line in log(around, ref).splitlines():
            for vertex in json.loads(line).get("vertexes") or ():
                if vertex.get("completed") and vertex.get("inputs"):
                    ends[vertex["digest"]].add(vertex.get("cached", False))
        if build.status is BuildStatus.SUCCEEDED:  # there is no provenance of others
            operations |= _operations(around, ref)
    steps = [step for step in build.steps if _could_be_reused(step) and step.state in _ENDS]
    otherwise = [
        f"{step.name} was told as {step.state}, it ended there cached: {ends[step.digest]}"
        for step in steps
        if ends[step.digest] not in _ENDS[step.state]
    ]
    counting = {digest for digest in ends if operations.get(digest) in ("exec", "file")}
    counted = {step.digest for step in build.steps if step.cacheable}
    if operations.keys() & ends.keys() and counting != counted:
        otherwise.append(f"counted {sorted(counted)}, there are {sorted(counting)}")
    return len(steps), otherwise


def log(around: Surroundings, ref: str) -> str:
    """Return what the daemon told of a build while it ran, in BuildKit's JSON."""
    return _history(around, "logs", "--progress=rawjson", ref).stderr


def provenance(around: Surroundings, ref: str) -> str:
    """Return the provenance of a build of one platform."""
    return _history(around, "inspect", "attachment", "--type=provenance", ref).stdout


def _operations(around: Surroundings, ref: str) -> dict[str, str]:
    """Return the kind of each operation of a build, by the digest of its step."""
    build = json.loads(_history(around, "inspect", "--format=json", ref).stdout)
    found: dict[str, str] = {}
    for platform in build.get("Platform") or [""]:
        words = ("--type=provenance", f"--platform={platform}", ref)
        told = json.loads(_history(around, "inspect", "attachment", *words).stdout)
        config = told["buildDefinition"]["internalParameters"]["buildConfig"]
        kinds = {one["id"]: next(iter(one["op"]["Op"] or ("",))) for one in config["llbDefinition"]}
        found |= {digest: kinds[step] for digest, step in config["digestMapping"].items()}
    return found


def _could_be_reused(step: Step) -> bool:
    return step.cacheable or parse_name(step.name).kind is StepKind.MERGE


def _history(around: Surroundings, *words: str) -> subprocess.CompletedProcess[str]:
    command = ("docker", "buildx", "--builder", around.builder, "history", *words)
    return subprocess.run(command, env=around.engine.variables, check=True, capture_output=True, text=True, timeout=60)
