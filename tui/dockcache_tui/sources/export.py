"""Writes a view to a file that was not there before."""

import csv
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.json_csv import csv_cell, json_text

Row = Mapping[str, Any]


def write_export(folder: Path, name: str, kind: str, rows: Sequence[Row]) -> Path:
    """Write rows as `json` (the document of `--json`, without totals) or `csv`; never over a file.

    Returns the file; raises DockcacheError when it can't be written.
    """
    for number in count(1):
        path = folder / f"{name}{f'-{number}' if number > 1 else ''}.{kind}"
        try:
            with path.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
                if kind == "csv":
                    writer = csv.writer(file, lineterminator="\n")
                    writer.writerow(rows[0] if rows else ())
                    writer.writerows(map(csv_cell, row.values()) for row in rows)
                else:
                    file.write(json_text({"schema": 1, "items": list(rows)}, 2))
        except FileExistsError:
            continue
        except OSError as error:
            raise DockcacheError(
                f"{path} can't be written: {error.strerror}", title="Nothing was exported", hint="Is the folder yours?"
            ) from error
        return path
    raise AssertionError("count() never ends")
