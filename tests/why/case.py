"""One case: a project, a change, and what is true of the build after it."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.names import parse_name

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """A folder of `cases`; README.md beside it says what is in one."""

    folder: Path

    @classmethod
    def named(cls, name: str) -> "Case":
        """Return a case by the name of its folder."""
        return cls(CASES / name)

    @cached_property
    def told(self) -> Mapping[str, Any]:
        """Return what case.json says."""
        told: Mapping[str, Any] = json.loads((self.folder / "case.json").read_text())
        return told

    def script(self, name: str) -> str:
        """Return a script, empty when the case has none."""
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def expected(self, step: Step, names: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return what is true of a step in the build after the change, None where it is not judged.

        `names` are what stands for the names between @ in this run.
        """
        place = place_of(step)
        for key, expected in self.told["expect"].items():
            wanted = filled(key, names)
            if wanted in ("*", place) or (wanted.startswith("~") and fnmatchcase(place, wanted[1:])):
                return expected  # type: ignore[no-any-return]
        return {"v": "H"}


def place_of(step: Step) -> str:
    """Return `stage|instruction`; BuildKit names no stage where a build has one only."""
    name = parse_name(step.name)
    return f"{name.stage or 'stage-0'}|{name.instruction}"


def filled(text: str, names: Mapping[str, str]) -> str:
    """Put in what stands for the names between @."""
    for name, value in names.items():
        text = text.replace(f"@{name}@", value)
    return text


def all_cases() -> list[str]:
    """Return the names of all cases."""
    return sorted(path.name for path in CASES.iterdir())


def judged(
    names: Iterable[str], folder: Path, of_case: Callable[[str, Path], tuple[Counter[str], Sequence[str]]]
) -> tuple[Counter[str], list[str]]:
    """Return the counts of cases, and what is wrong with them; each is run in a folder of its own and printed."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for name in names:
        (folder / name).mkdir()
        found, otherwise = of_case(name, folder / name)
        counts += found
        wrong += [f"{name}: {one}" for one in otherwise]
        print(f"{name:42} {dict(found)} {otherwise or ''}", flush=True)  # noqa: T201 - the table
    return counts, wrong
