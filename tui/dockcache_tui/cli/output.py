"""How the headless commands print: data on stdout, narration on stderr, nothing from outside acted upon."""

import csv
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from textwrap import indent
from typing import TextIO

from dockcache_tui.core.json_csv import csv_cell, json_text
from dockcache_tui.core.literal import literal
from dockcache_tui.sources.secret import masked

JsonValue = str | int | float | bool | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
Row = Mapping[str, JsonValue]


def narrate(text: str) -> None:
    """Write one line on stderr, literally; where nobody can read it, the work goes on."""
    with suppress(OSError):
        print(_shown(text, sys.stderr.encoding), file=sys.stderr)  # noqa: T201


def has_terminal() -> bool:
    """Tell whether the app can open: it reads stdin and draws on stderr."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def drop(stream: TextIO) -> None:
    """Let go of a stream that can't be written: what is left in the buffer must not fail again at exit."""
    with suppress(OSError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def print_line(text: str) -> None:
    """Print one line, literally."""
    print(_shown(text, sys.stdout.encoding))  # noqa: T201


def print_document(items: Iterable[Row], totals: Row) -> None:
    """Print the stable JSON document of a list; see docs/json.md."""
    print_json({"schema": 1, "items": list(items), "totals": totals})


def print_long_document(items: Iterable[Row], totals: Row) -> None:
    """Print the same document item by item: there may be a million of them."""
    between = "\n"
    print('{\n  "schema": 1,\n  "items": [', end="")  # noqa: T201
    for item in items:
        print(between + indent(masked(json_text(item, 2)), "    "), end="")  # noqa: T201
        between = ",\n"
    end = "]" if between == "\n" else "\n  ]"
    print(f'{end},\n  "totals": {indent(json_text(totals, 2), "  ").lstrip()}\n}}')  # noqa: T201


def print_json(document: Row) -> None:
    """Print one JSON document, in ASCII: no terminal acts on it and any encoding holds it."""
    print(masked(json_text(document, 2)))  # noqa: T201


def print_csv(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Print CSV with a header; see csv_cell."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_encodable(masked(csv_cell(row[column])), sys.stdout.encoding) for column in columns])


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print aligned columns, those named in `right` to the right; in a terminal the last one is cut at its edge."""
    from rich.cells import cell_len

    cells = [[literal(masked(cell)) for cell in row] for row in (columns, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in cells:
        padded = []
        for name, cell, width in zip(columns, row, widths, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if name in right else cell + space)
        line = "  ".join(padded).rstrip()
        print(_encodable(line if edge is None else cut(line, edge), sys.stdout.encoding))  # noqa: T201


def cut(text: str, cells: int) -> str:
    """Return literal text cut to so many cells, with an ellipsis when something is missing."""
    from rich.cells import cell_len, split_text

    return text if cell_len(text) <= cells else f"{split_text(text, cells - 1)[0]}…"


def _shown(text: str, encoding: str) -> str:
    return _encodable(literal(masked(text)), encoding)


def _encodable(text: str, encoding: str) -> str:
    return text.encode(encoding, errors="backslashreplace").decode(encoding)
