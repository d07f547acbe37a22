"""How records are printed: tables for people, JSON and CSV for programs."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dockcache_tui.cli.output import cut, print_csv, print_document, print_table
from dockcache_tui.cli.records import by_id, print_records, totals
from dockcache_tui.core import wording
from dockcache_tui.core.field import json_row, names, ordered
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.scope import BranchScope, Known, Owner, Project

HOSTILE = '[red]\x1b]0;owned\x07 \u202eevil\u202c \ud800 =cmd()\r\n,"q"'


def scoped(
    id_: str = "a", *, size: int = 1, used: int | None = 5, node: str = "n0", text: str = "RUN x"
) -> ScopedRecord:
    """Return a record of branch main."""
    last = None if used is None else Instant(used)
    record = Record("b", node, id_, "regular", size, Instant(3), last, 2, ("p", "q"), False, True, True, text)  # noqa: FBT003
    return ScopedRecord(record, (Owner(Project("/web", "acme/web"), BranchScope("refs/heads/main"), Known.NAMED),))


def test_a_row_has_the_stable_fields() -> None:
    """The fields of a record, their order and their values are as documented."""
    assert json_row(RECORD_FIELDS, scoped()) == {
        "builder": "b",
        "node": "n0",
        "id": "a",
        "type": "regular",
        "size": 1,
        "created_at": "1970-01-01T00:00:00.000000003Z",
        "last_used_at": "1970-01-01T00:00:00.000000005Z",
        "usage_count": 2,
        "parents": ["p", "q"],
        "in_use": False,
        "shared": True,
        "mutable": True,
        "reclaimable": False,
        "description": "RUN x",
        "project": "acme/web",
        "branches": ["refs/heads/main"],
        "owners": [{"project": "acme/web", "branch": "refs/heads/main", "known": "named"}],
    }
    assert list(json_row(RECORD_FIELDS, scoped())) == list(names(RECORD_FIELDS))
    assert json_row(RECORD_FIELDS, scoped(used=None))["last_used_at"] is None


@given(st.text())
def test_json_keeps_any_text_and_is_ascii(text: str) -> None:
    """A description comes back from the document as it was, and nothing in it reaches a terminal."""
    with pytest.MonkeyPatch.context() as patch:
        stdout = io.StringIO()
        patch.setattr("sys.stdout", stdout)
        print_document([json_row(RECORD_FIELDS, scoped(text=text))], totals([scoped(text=text)]))
    assert stdout.getvalue().isascii()
    assert not set(stdout.getvalue()) & {"\x1b", "\x07", "\r"}
    document = json.loads(stdout.getvalue())
    assert document["schema"] == 1
    assert document["items"][0]["description"] == text
    assert document["totals"] == {"count": 1, "size": 1, "reclaimable_size": 0}


def test_csv_and_tables_show_hostile_text_literally(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, bidi controls and line breaks are visible, markup is text, and each record is one line."""
    print_csv(names(RECORD_FIELDS), [json_row(RECORD_FIELDS, scoped(text=HOSTILE))])
    out = capsys.readouterr().out
    (line,) = csv.DictReader(io.StringIO(out))
    assert line["description"] == '[red]␛]0;owned␇ \\u202eevil\\u202c \\ud800 =cmd()␍␊,"q"'
    assert (line["parents"], line["in_use"], line["branches"]) == ("p q", "false", "refs/heads/main")
    print_records([scoped(text=HOSTILE)])
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert "\x1b" not in out
    assert "[red]␛]0;owned␇" in out


def test_the_table_tells_the_node_only_when_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    """One node needs no column; two have one, and every cell is under its head."""
    print_records([scoped()])
    assert "NODE" not in capsys.readouterr().out
    print_records([scoped(), scoped("long-id", node="n1", size=4_100_000)])
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["ID", "NODE"]
    assert second[head.index("NODE") :].startswith("n1")
    ends = [
        line.index(size) + len(size) for line, size in ((first, wording.size(1)), (second, wording.size(4_100_000)))
    ]
    assert ends[0] == ends[1] == head.index("SIZE") + len("SIZE")
    assert "shared, mutable" in first


def test_an_empty_list_prints_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    """No records give the head alone, and a document with no items."""
    print_records([])
    assert capsys.readouterr().out.startswith("ID ")
    print_document([], totals([]))
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "items": [],
        "totals": {"count": 0, "size": 0, "reclaimable_size": 0},
    }


def test_sorting_puts_missing_values_last() -> None:
    """A column orders both ways, equal values by id, and what was never used comes last either way."""
    some = [scoped("c", size=1, used=None), scoped("b", size=9, used=7), scoped("a", size=9, used=4)]
    assert [one.record.id for one in ordered(RECORD_FIELDS, by_id(some), "-size")] == ["a", "b", "c"]
    assert [one.record.id for one in ordered(RECORD_FIELDS, by_id(some), "size")] == ["c", "a", "b"]
    assert [one.record.id for one in ordered(RECORD_FIELDS, by_id(some), "last_used_at")] == ["a", "b", "c"]
    assert [one.record.id for one in ordered(RECORD_FIELDS, by_id(some), "-last_used_at")] == ["b", "a", "c"]
    for column in names(RECORD_FIELDS):
        assert len(ordered(RECORD_FIELDS, by_id(some), column)) == 3


def test_wide_characters_take_two_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns line up by cells, not by characters, and a cut never goes over the edge."""
    print_table(("A", "B"), [("日本", "x"), ("abcd", "y")])
    _, wide, narrow = capsys.readouterr().out.splitlines()
    assert cell_len(wide[: wide.index("x")]) == narrow.index("y")
    assert cut("日本語", 5) == "日本…"
    assert cut("日本語", 6) == "日本語"


@given(st.text(st.characters(categories=["L", "N"]), max_size=30), st.integers(1, 40))
def test_a_cut_text_fits(text: str, cells: int) -> None:
    """Whatever is cut, it takes no more cells than it was given."""
    assert cell_len(cut(text, cells)) <= cells
