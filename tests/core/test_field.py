"""Fields are declared once: their names are told apart, and the docs' tables are those of the declarations."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dockcache_tui.core.archives.fields import ARCHIVE_FIELDS, ARTIFACT_FIELDS, FILE_FIELDS, LAYER_FIELDS
from dockcache_tui.core.builds.fields import BUILD_FIELDS, STEP_FIELDS
from dockcache_tui.core.caches.fields import CACHE_FIELDS, REPOSITORY_FIELDS
from dockcache_tui.core.field import Field, Kind, json_row, long_text, names, ordered, sort_key
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.fields import LAB_FIELDS
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.scope import BranchScope

AREAS: list[tuple[Field[Any], ...]] = [
    RECORD_FIELDS,
    CACHE_FIELDS,
    REPOSITORY_FIELDS,
    ARTIFACT_FIELDS,
    ARCHIVE_FIELDS,
    LAYER_FIELDS,
    FILE_FIELDS,
    BUILD_FIELDS,
    STEP_FIELDS,
    LAB_FIELDS,
]
ROOT = Path(__file__).parents[2]
MAIN, DEV = BranchScope("refs/heads/main"), BranchScope("refs/heads/dev")


@pytest.mark.parametrize("fields", AREAS)
def test_no_name_stands_twice(fields: tuple[Field[Any], ...]) -> None:
    """A name means one field in JSON, and one in the filter."""
    for used in (names(fields), [key for field in fields for key in field.keys]):
        assert max(Counter(used).values()) == 1


def test_a_time_is_shown_to_the_second() -> None:
    """Where there is room for all of a value its time has no fraction; JSON has all of it."""
    field: Field[Instant] = Field("at", Kind.AGE, lambda row: row, "when it was")
    at = Instant(1_999_999_999)
    assert long_text(field, at, Instant(61_000_000_000)) == "59s ago, 1970-01-01T00:00:01Z"
    assert json_row((field,), at) == {"at": "1970-01-01T00:00:01.999999999Z"}


def test_the_docs_have_the_tables_of_the_declarations() -> None:
    """The tables of fields in docs/ are as scripts/field_tables.py writes them."""
    script = str(ROOT / "scripts" / "field_tables.py")
    done = subprocess.run((sys.executable, script, "--check"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), f"run {script}"


@pytest.mark.parametrize(
    ("kind", "value", "json", "sorts"),
    [
        (Kind.TEXT, "a", "a", "a"),
        (Kind.TEXT, ("a", "b"), ["a", "b"], 2),
        (Kind.TEXT, None, None, None),
        (Kind.AGE, Instant(5), "1970-01-01T00:00:00.000000005Z", 5),
        (Kind.BRANCH, MAIN, MAIN.ref, MAIN.ref),
        (Kind.BRANCH, (MAIN, DEV), [MAIN.ref, DEV.ref], f"{MAIN.ref} {DEV.ref}"),
        (Kind.BRANCH, None, None, None),
        (Kind.BRANCH, (), [], None),
        (Kind.FLAG, False, False, False),
    ],
)
def test_values_in_json_and_sorted(kind: Kind, value: Any, json: Any, sorts: Any) -> None:
    """Times are RFC 3339 and branches full refs in JSON; lists sort by their length, branches by their refs."""
    field: Field[None] = Field("x", kind, lambda _: value, "a value")
    assert json_row((field,), None) == {"x": json}
    assert sort_key(field)(None) == sorts


def test_times_sort_as_times() -> None:
    """A whole second comes before a fraction after it, though not as text."""
    fields: tuple[Field[Instant], ...] = (Field("at", Kind.AGE, lambda row: row, "a time"),)
    whole, later = Instant.parse("2026-05-31T00:00:00Z"), Instant.parse("2026-05-31T00:00:00.25Z")
    assert ordered(fields, [whole, later], "-at") == [later, whole]


def test_equal_and_unknown_values_keep_their_order() -> None:
    """What is equal stays as it came either way, and what has no value is last either way."""
    fields: tuple[Field[tuple[str, int | None]], ...] = (Field("n", Kind.INT, lambda row: row[1], "a number"),)
    rows = [("a", 1), ("b", None), ("c", 2), ("d", 1), ("e", None)]
    assert "".join(row[0] for row in ordered(fields, rows, "n")) == "adcbe"
    assert "".join(row[0] for row in ordered(fields, rows, "-n")) == "cadbe"
