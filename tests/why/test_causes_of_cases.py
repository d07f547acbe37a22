"""The cause that we tell of each step of each case is the true one."""

import re
from collections import Counter
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.cause import CauseKind, MissCause, MissEvidence
from dockcache_tui.core.explain.causes import causes
from dockcache_tui.core.explain.traced_build import TracedBuild, is_missed
from why.case import Case, all_cases, filled, judged, place_of
from why.running import Ran, run_case
from why.surroundings import Surroundings
from why.tracing import traced

MOUNT_WORDS = ("mounts", "secretOpt", "cacheOpt", "readonly", "tmpfs", "shm")
COMMAND_WORDS = {"extraHosts": "hosts", "cgroupParent": "other"}


@pytest.mark.matrix
def test_all_cases(around: Surroundings, tmp_path: Path) -> None:
    """No step of any case has a wrong cause or wrong files, and none is unknown; the counts are printed."""
    around.push_frontends()

    def of(name: str, folder: Path) -> tuple[Counter[str], list[str]]:
        one = Judged(Case.named(name), around, folder)
        return one.counts, one.wrong

    counts, wrong = judged(all_cases(), tmp_path, of)
    print(f"{len(all_cases())} cases: {dict(counts)}")  # noqa: T201 - the count
    assert (len(all_cases()), wrong) == (93, [])


class Judged:
    """How the causes of the second build of a case compare with the true ones."""

    def __init__(self, case: Case, around: Surroundings, folder: Path) -> None:
        """Run the case."""
        self.counts: Counter[str] = Counter({"right": 0, "wrong": 0, "unknown": 0})
        self.wrong: list[str] = []
        builds: list[TracedBuild] = []

        def look(ran: Ran, work: Path) -> None:
            builds.append(traced(around, ran, work))

        self._case, self._outcome = case, run_case(case, around, folder, look)
        first, self._second = builds
        self._told = causes(self._second, first)
        for digest, cause in self._told.items():
            self._judge(digest, cause)

    def _judge(self, digest: str, cause: MissCause) -> None:
        step = self._step(digest)
        expected = self._expected(step)
        if self._case.told.get("expect_error"):
            expected = {"kind": "dead blob"}
        if not expected or expected["kind"] == "any":
            return
        right = self._is_right(step, cause, expected)
        verdict = "unknown" if cause.kind is CauseKind.UNKNOWN else "right" if right else "wrong"
        self.counts[verdict] += 1
        if not right:
            self.wrong.append(f"{step.name}: {cause}, expected {expected}")
        elif cause.kind is CauseKind.CONTENT and "://" not in cause.differences[0].name:
            files = are_right(cause.differences, expected["detail"], loose=self._case.told.get("loose", False))
            self.counts["files right" if files else "files wrong"] += 1
            self.wrong += [] if files else [f"{step.name}: {cause.differences}, expected {expected['detail']}"]

    def _step(self, digest: str) -> Step:
        return next(step for step in self._second.build.steps if step.digest == digest)

    def _expected(self, step: Step) -> Mapping[str, Any] | None:
        return self._case.expected(step, self._outcome.names)

    def _is_right(self, step: Step, cause: MissCause, expected: Mapping[str, Any]) -> bool:
        kind, detail = expected.get("kind"), expected.get("detail")
        if kind == "op":
            return is_operation(cause, str(detail))
        if kind == "source":
            return cause.kind in (CauseKind.BASE, CauseKind.PLATFORM) and str(detail) in cause.differences[0].name
        if kind == "content" and cause.kind is CauseKind.CASCADE:
            return "from=" in step.name or "://" in step.name
        if kind == "cascade":
            return cause.kind is CauseKind.CASCADE and self._is_end(cause.root, str(detail))
        if kind == "evicted" and cause.kind is CauseKind.NOT_IMPORTED:  # it is in a cache that was not read
            flags = " ".join(filled(one, self._outcome.names) for one in self._case.told["flags"])
            return cause.differences[0].name in flags
        return cause.kind.value == kind

    def _is_end(self, root: str, place: str) -> bool:
        """Tell whether a step is the end of a cascade that begins at a place."""
        while True:
            wanted = filled(place, self._outcome.names)
            step = next(one for one in self._second.build.steps if is_at(one, wanted))
            expected = self._expected(step)
            if not expected or expected["kind"] != "cascade":
                return root in (step.digest, self._told[step.digest].root)
            place = expected["detail"]


def is_at(step: Step, wanted: str) -> bool:
    """Tell whether a step is at `stage|instruction`, with wildcards after a tilde."""
    place = place_of(step)
    return is_missed(step) and (place == wanted or (wanted.startswith("~") and fnmatchcase(place, wanted[1:])))


def is_operation(cause: MissCause, detail: str) -> bool:
    """Tell whether a cause says what differs of an operation."""
    first = cause.differences[0] if cause.differences else None
    if named := re.fullmatch(r"env\[(.*)\]", detail):
        return cause.kind is CauseKind.ENVIRONMENT and first is not None and first.name == named[1]
    if detail == "Arch":
        return cause.kind is CauseKind.PLATFORM
    if detail.startswith(MOUNT_WORDS):
        return cause.kind is CauseKind.MOUNT
    return cause.kind is CauseKind.COMMAND and first is not None and first.what == COMMAND_WORDS.get(detail, detail)


def are_right(differences: tuple[MissEvidence, ...], detail: list[list[str]], *, loose: bool) -> bool:
    """Tell whether all files that differ are told, and no others."""
    wanted = [(path.split(" -> ")[-1].rpartition(":")[2].strip("/"), what) for path, what in detail]
    matches = [
        [
            what in ("*", one.what) and (not tail or fnmatchcase(one.name.strip("/"), f"*{tail}"))
            for tail, what in wanted
        ]
        for one in differences
    ]
    return all(map(any, zip(*matches, strict=True))) and (loose or all(map(any, matches)))
