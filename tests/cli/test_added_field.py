"""A field that is added to a list of fields is everywhere."""

import csv
import io
import json
import os
import subprocess
import sys

import pytest

from service.serving import Job

ADDED = """
import sys
from dockcache_tui.core.caches import fields
from dockcache_tui.core.field import Field, Kind, ColumnLook

fields.CACHE_FIELDS += (
    Field("length", Kind.INT, lambda row: len(row.cache.key), "its length", look=ColumnLook("Length", width=8)),
)
"""
COMMAND = """
from dockcache_tui.cli.main import run
sys.exit(run(sys.argv[1:]))
"""
TABLE = """
from core.cache_making import cache, entries, snapshot
from dockcache_tui.ui.caches.cache_rows import CacheRow
from dockcache_tui.ui.caches.caches_table import CachesTable

column = next(one for one in CachesTable().columns if one.id == "length")
entry = entries(snapshot(cache(1, "12345")))[1]
row, group = CacheRow(1, "12345", (entry,), entry), CacheRow(2, "group", (entry,))
print(column.title, column.width, column.justify, column.text(row), column.sort_key(row))
print(repr(column.text(group)), column.sort_key(group))
"""


@pytest.fixture(autouse=True)
def job(job: Job, rest_alone: pytest.MonkeyPatch) -> Job:
    """The job, which saved keys of three lengths."""
    for key in ("four", "3-3", "fives"):
        job.save(key)
    rest_alone.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return job


def python(program: str, *words: str) -> str:
    """Run a program with the field added, in an interpreter of its own, and return what it prints."""
    command = (sys.executable, "-c", ADDED + program, *words)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_command_line_has_it() -> None:
    """JSON and CSV have the field as their last, `--sort` orders by it, and the filter compares it."""
    items = json.loads(python(COMMAND, "caches", "--json", "--sort", "-length", "--filter", "length>3"))["items"]
    assert [(item["key"], item["length"], list(item)[-1]) for item in items] == [
        ("fives", 5, "length"),
        ("four", 4, "length"),
    ]
    lines = csv.DictReader(io.StringIO(python(COMMAND, "caches", "--csv", "--sort", "length")))
    assert [line["length"] for line in lines] == ["3", "4", "5"]


def test_the_table_of_the_app_has_it() -> None:
    """It has a column that sorts, empty for what is no entry."""
    assert python(TABLE).splitlines() == ["Length 8 right 5 5", "'' None"]
