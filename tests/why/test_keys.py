"""The keys that we compute of builds are those in the daemon's own key store."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import BuildStatus
from why.case import Case, all_cases, judged
from why.keys import Comparison
from why.running import Ran, run_case
from why.surroundings import Surroundings

TELLING = (
    "092-wildcard-content",
    "118-bind-content",
    "142-fan-left-cut",
    "148-add-http-mtime",
    "156-add-git-keep-dir",
)


@pytest.mark.parametrize("name", TELLING)
def test_telling_cases(name: str, around: Surroundings, tmp_path: Path) -> None:
    """Every operation's key, selector and content digest is the daemon's, and it has none that we don't compute."""
    keys = of_case(name, around, tmp_path)
    assert (keys.counts["selectors"] > 0, keys.wrong) == (True, [])


@pytest.mark.matrix
@pytest.mark.parametrize("version", ["around", "around_older"])
def test_all_cases(version: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """All keys of all cases are the daemon's, of both versions; the counts are printed."""
    around: Surroundings = request.getfixturevalue(version)
    frontends = around.push_frontends()

    def of(name: str, folder: Path) -> tuple[Counter[str], list[str]]:
        keys = of_case(name, around, folder, frontends)
        return keys.counts, keys.wrong

    counts, wrong = judged(all_cases(), tmp_path, of)
    print(f"BuildKit {around.version}: {dict(counts)}, {len(wrong)} wrong")  # noqa: T201 - the count
    assert wrong == []


def of_case(name: str, around: Surroundings, folder: Path, frontends: Sequence[str] = ()) -> Comparison:
    """Compare the keys of both builds of a case."""
    case = Case.named(name)
    keys: Comparison | None = None

    def look(ran: Ran, work: Path) -> None:
        nonlocal keys
        first = keys is None
        keys = keys or Comparison(around, {"extra": work / "x2"}, frontends)
        if ran.build.status is BuildStatus.SUCCEEDED:
            stale = "STALE HIT" in case.told["why"]
            keys.compare(ran.build.ref, work, stale=stale and not first)
            flags = " ".join(case.told["flags_after"])
            if not (first or stale or case.told["between"] or "--no-cache" in flags):
                keys.judge(ran.build)

    run_case(case, around, folder, look)
    assert keys
    keys.check_all_explained()
    return keys
