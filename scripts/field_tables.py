"""Write the tables of fields in docs/ from their declarations: `python scripts/field_tables.py [--check]`.

A table stands between `<!-- FORM: AREA -->` and `<!-- / -->`; the form is `json`, `filter` or `columns`. With --check
nothing is written, and the exit code is 1 when one is not as declared.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dockcache_tui.core.archives.fields import ARCHIVE_FIELDS, ARTIFACT_FIELDS, FILE_FIELDS, LAYER_FIELDS
from dockcache_tui.core.builds.fields import BUILD_FIELDS, STEP_FIELDS, WHOLE_FIELDS
from dockcache_tui.core.caches.fields import CACHE_FIELDS, REPOSITORY_FIELDS
from dockcache_tui.core.field import Field
from dockcache_tui.core.lab.fields import LAB_FIELDS
from dockcache_tui.core.records.fields import GONE_FIELDS, RECORD_FIELDS

DOCS = Path(__file__).parents[1] / "docs"
FIELDS: Mapping[str, Iterable[Field[Any]]] = {
    "archives": ARCHIVE_FIELDS,
    "artifacts": ARTIFACT_FIELDS,
    "builds": BUILD_FIELDS,
    "caches": CACHE_FIELDS,
    "gone": GONE_FIELDS,
    "files": FILE_FIELDS,
    "lab": LAB_FIELDS,
    "layers": LAYER_FIELDS,
    "records": RECORD_FIELDS,
    "repositories": REPOSITORY_FIELDS,
    "steps": STEP_FIELDS,
    "whole builds": WHOLE_FIELDS,
}
_TABLE = re.compile(r"(<!-- (json|filter|columns): ([a-z ]+) -->\n).*?(<!-- / -->)", re.DOTALL)


def table(form: str, fields: Iterable[Field[Any]]) -> str:
    """Return the Markdown of a table: the names of JSON, those of the filter with their kind, or plain ones."""
    head: tuple[str, ...] = ("field", "what it is")
    rows: list[tuple[str, ...]]
    if form == "filter":
        head = ("field", "kind", "what it is")
        rows = [(f"`{'` `'.join(field.keys)}`", field.kind, field.about) for field in fields if field.keys]
    elif form == "json":
        rows = [(f"`{field.name}`", field.about) for field in [one for one in fields if one.listed] or fields]
    else:
        head, rows = ("column", "what it is"), [(field.name, field.about) for field in fields]
    lines = [f"| {' | '.join(cells)} |\n" for cells in (head, *rows)]
    return "".join((lines[0], "|---" * len(head), "|\n", *lines[1:]))


def main(*, check: bool) -> int:
    """Bring every page up to date, or tell those that are not, and the areas that no page has a table of."""
    wrong, missing = [], set(FIELDS)
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text()
        missing -= {found[3] for found in _TABLE.finditer(text)}
        due = _TABLE.sub(lambda found: found[1] + table(found[2], FIELDS[found[3]]) + found[4], text)
        if due != text:
            wrong.append(f"{page.name}: its tables are not those of the declarations\n")
            if not check:
                page.write_text(due)
    wrong += [f"{area}: no page has a table of its fields\n" for area in sorted(missing)]
    sys.stdout.writelines(wrong)
    return int(check and bool(wrong))


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
