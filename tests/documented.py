"""What the pages in docs/ say of the JSON that commands print."""

import re
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_FREE = {"labels", "xattrs"}
"""Objects whose names come from the image."""


def check_documented(document: object, section: str, *others: str) -> None:
    """Assert that sections (`page.md#anchor`) name every field of a document, and the tables of the first no other."""
    text = _section(section)
    tables = re.findall(r"^\| field \|.*\n\|[-|]+\n((?:\|.*\n)*)", text, re.MULTILINE)
    rows = [row.split("|")[1] for table in tables for row in table.splitlines()]
    in_tables = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    code = re.findall(r"`([^`]+)`", "".join((text, *map(_section, others))))
    named = set(re.findall(r"[a-z_]+", " ".join(code)))
    fields = set(_fields(document))
    undocumented, missing = fields - named - {"schema", "items", "totals"}, in_tables - fields
    assert not undocumented, f"not documented: {sorted(undocumented)}"
    assert not missing, f"documented, but not there: {sorted(missing)}"


def _section(name: str) -> str:
    page, _, anchor = name.partition("#")
    parts = re.split(r"^#+ (.*)\n", (DOCS / page).read_text(), flags=re.MULTILINE)
    heads = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in parts[1::2]]
    return parts[2 * heads.index(anchor) + 2]


def _fields(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            if name not in _FREE:
                yield from _fields(inner)
    elif isinstance(value, list):
        for one in value:
            yield from _fields(one)
