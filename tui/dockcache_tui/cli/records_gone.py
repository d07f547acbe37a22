"""`records gone`: which records a builder had, when they went, and what took them, as far as that can be known."""

from collections.abc import Sequence

import click

from dockcache_tui.cli.listing import BUILDER, CSV, FILTER, expect_one, json_option, print_fields, print_listing
from dockcache_tui.cli.output import narrate
from dockcache_tui.cli.reading import kept, opened, read
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, SourceError
from dockcache_tui.core.field import names, ordered
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.fields import GONE_FIELDS
from dockcache_tui.core.records.tombstone import Tombstone

_COLUMNS = click.Choice([f"{sign}{name}" for sign in ("", "-") for name in names(GONE_FIELDS)])


@click.command()
@BUILDER
@FILTER
@click.option("--sort", default="-gone_at", metavar="COL", type=_COLUMNS, help="Order by a field; -COL is descending.")
@json_option("json.md")
@CSV
def gone(*, builder: str, expression: str, sort: str, as_json: bool, as_csv: bool) -> int:
    """List what went from a builder, and what took it.

    What went is known from readings: by the app, by `records`, by this command, and at the end of each `rebuild`.
    """
    expect_one(as_json=as_json, as_csv=as_csv)
    passes = parse(expression, GONE_FIELDS).compile(Instant.now())
    whole = False
    with opened(builder) as source:
        name = source.name
        try:
            whole = not any(node.error for node in read(source).snapshot.nodes)
        except SourceError as error:  # what is known of it is worth telling
            narrate(f"{error.title}: {error}")
            narrate(error.hint)
    with kept() as journal:
        found = [one for one in journal.tombstones(name) if passes(one)]
    rows = ordered(GONE_FIELDS, found, sort)
    totals = {"count": len(rows), "size": sum(one.record.size for one in rows)}
    print_listing(GONE_FIELDS, rows, totals, _print, as_json=as_json, as_csv=as_csv)
    if not (as_json or as_csv):
        size = wording.exact_size(sum(one.record.size for one in rows))
        narrate(f"{wording.count(len(rows), 'record')}, {size} went from {name}")
    return int(ExitCode.OK if whole else ExitCode.FAILED)


def _print(found: Sequence[Tombstone]) -> None:
    several = len({one.record.node for one in found}) > 1
    cells = {
        "GONE": "gone_at",
        "SEEN": "last_seen_at",
        "ID": "id",
        **({"NODE": "node"} if several else {}),
        "SIZE": "size",
        "TAKEN BY": "story",
        "WHAT": "description",
    }
    print_fields(GONE_FIELDS, found, cells, Instant.now())
