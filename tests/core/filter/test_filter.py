"""The filter language on records and builds."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record_making import IN_USE, SCOPED, Flags, at, build, record
from dockcache_tui.core.builds.fields import BUILD_FIELDS
from dockcache_tui.core.filter import Filter, FilterError, parse, quote
from dockcache_tui.core.records.attribution import ScopedRecord
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.core.scope import BranchScope, Known, Owner, Project

DAY = 86_400
NOW = at(10 * DAY)
ROW = ScopedRecord(
    replace(
        record("abc123", "par1", "par2", size=10_485_760, created=0, used=9 * DAY, flags=Flags(shared=True)),
        usage_count=4,
        type="exec.cachemount",
        description='RUN go "build" | tee C:\\log',
    ),
    tuple(
        Owner(Project("/web", "acme/web"), BranchScope.of(name), Known.NAMED) for name in ("feature/x", "#7", "tag v1")
    ),
    "ci-feature-x",
    created_by=build("build-1", 0, 1),
)


def passes(text: str, row: ScopedRecord = ROW) -> bool:
    """Tell whether a record passes a filter."""
    return parse(text, RECORD_FIELDS).compile(NOW)(row)


def attempt(text: str) -> Filter[ScopedRecord] | FilterError:
    """Return what comes of a text: a filter, or the error."""
    try:
        return parse(text, RECORD_FIELDS)
    except FilterError as error:
        return error


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "GO",
        "go abc",
        '"go \\"build\\""',
        'go\\ \\"build',
        "\\\\log",
        "|",
        '""',
        "!absent",
        "!acme",
        "project:acme",
        "!!go",
        "type:cachemount",
        "TYPE:CacheMount",
        "type=exec.cachemount",
        "type:regular|cachemount",
        '!type:"regular|cachemount"',
        "desc:go",
        'description:"| tee"',
        "size>10MB",
        "size>=10MiB",
        "size=10MiB",
        "size:10485760",
        "size<10.5m",
        "size<=10240KIB",
        "size>1b|5t",
        "age>9d",
        "age<1w3d1h",
        "age<240.1h",
        "idle<2d",
        "uses>3",
        "used:4",
        "branch:feature",
        "branch:#7",
        'branch:"tag v1"',
        "branch:refs/pull/7",
        "branch=feature/x",
        "branch=refs/tags/v1",
        "!branch=feature",
        "!branch:refs",
        "feature/x",
        "parent:par2",
        "scope:ci-",
        "build:build-1",
        "node=node0",
        "shared:",
        "shared:true",
        "is:shared",
        "is:in-use|shared",
        "!is:in_use",
        "in_use:false",
        "in_use:no|yes",
        "is:known",
        "!is:reclaimable",
    ],
)
def test_what_a_record_passes(text: str) -> None:
    """Each of these holds for the record, and leaves it out when everything in it is turned round."""
    assert passes(text)
    if text.strip() and " " not in text and not text.startswith("!"):
        assert not passes(f"!{text}")


@pytest.mark.parametrize(
    "text",
    [
        "go absent",
        "type:regular",
        "type=cachemount",
        "size>10MiB",
        "size<1k",
        "age>10d",
        "age<9d23h",
        "idle>1d1s",
        "uses>4",
        "branch:refs/heads/x",
        "branch:heads",
        "branch=x",
        "is:mutable",
        "shared:false",
        "shared=no",
        "parent=par",
    ],
)
def test_what_leaves_a_record_out(text: str) -> None:
    """None of these holds for the record."""
    assert not passes(text)


@pytest.mark.parametrize(
    ("text", "column", "length", "says"),
    [
        ("go tpye:x", 3, 4, "unknown field 'tpye', did you mean 'type'? (column 4)"),
        ("golang:1.23", 0, 6, "unknown field 'golang' (column 1)"),
        ("!sise>1", 1, 4, "unknown field 'sise', did you mean 'size'? (column 2)"),
        ("size>", 5, 1, "expected a size such as 10MB or 1.5GiB (column 6)"),
        ("size>big go", 5, 3, "expected a size such as 10MB or 1.5GiB, not 'big' (column 6)"),
        ("size>1|", 7, 1, "expected a size such as 10MB or 1.5GiB (column 8)"),
        ("size>1ib", 5, 3, "expected a size such as 10MB or 1.5GiB, not '1ib' (column 6)"),
        ("age>7", 4, 1, "expected an age such as 7d or 1d12h, not '7' (column 5)"),
        ("age:7d", 4, 2, "age can't be compared that way (column 5)"),
        ("uses>-1", 5, 2, "expected a whole number, not '-1' (column 6)"),
        ("type:", 5, 1, "expected a text after it (column 6)"),
        ("branch:a|", 9, 1, "expected a branch after it (column 10)"),
        ("type>x", 5, 1, "type can't be compared that way (column 6)"),
        ("shared>1", 7, 1, "shared can't be compared that way (column 8)"),
        ("shared:maybe", 7, 5, "expected true or false, not 'maybe' (column 8)"),
        ("is:shred", 3, 5, "unknown flag 'shred', did you mean 'shared'? (column 4)"),
        ("is:", 3, 1, "expected one of in_use, shared, mutable, reclaimable, known (column 4)"),
        ("a !", 2, 1, "expected something to leave out after ! (column 3)"),
        ('a "b c', 2, 4, "the closing quote is missing (column 3)"),
        ("ab\\", 2, 1, "a character is missing after the backslash (column 3)"),
    ],
)
def test_errors_point_at_the_column(text: str, column: int, length: int, says: str) -> None:
    """What can't be read is told with its place and what was expected, also while it is being typed."""
    with pytest.raises(FilterError) as caught:
        parse(text, RECORD_FIELDS)
    assert (caught.value.column, caught.value.length, str(caught.value)) == (column, length, says)


def test_an_unknown_field_says_how_to_search_for_it() -> None:
    """The hint names the quotes and the fields that there are, and with quotes it is text."""
    with pytest.raises(FilterError) as caught:
        parse("golang:1.23", RECORD_FIELDS)
    assert caught.value.hint.startswith("quote it to find it as text; the fields are node, id, type, size, age, uses")
    assert parse('"golang:1.23"', RECORD_FIELDS).terms == ("golang:1.23",)


def test_terms_are_what_rows_were_found_by() -> None:
    """Texts to highlight come from words and text fields, not from what is left out, numbers or flags."""
    assert parse('go !not type:a|b branch:m size>1 is:shared go "" x', RECORD_FIELDS).terms == (
        "go",
        "a",
        "b",
        "m",
        "x",
    )
    assert parse("", RECORD_FIELDS).empty
    assert not parse("x", RECORD_FIELDS).empty


def test_what_never_was_meets_no_comparison() -> None:
    """A record never used has idled since it was made; a build under way took neither long nor short."""
    assert passes("idle>9d", ScopedRecord(record("never")))
    running = parse("took>0s|1s", BUILD_FIELDS).compile(NOW)(build("b", 0, None))
    short = parse("took<1h", BUILD_FIELDS).compile(NOW)(build("b", 0, None))
    assert not running
    assert not short


def test_builds_have_fields_too() -> None:
    """The same language reads builds."""
    row = build("b1", 0, 90, "main")
    for text in (
        "b1",
        "status:succ",
        "branch=main",
        "took>1m",
        "took<=1.5m",
        "age>9d",
        "is:ours",
        "steps:0",
        "!reuse>0%",
    ):
        assert parse(text, BUILD_FIELDS).compile(NOW)(row), text


def test_time_passes_between_matches() -> None:
    """The same filter is asked again later, with another now."""
    held = parse("age>1h in_use:", RECORD_FIELDS)
    row = ScopedRecord(record("r", flags=IN_USE))
    assert not held.compile(at(3600))(row)
    assert held.compile(at(3601))(row)


SYNTAX = st.lists(
    st.sampled_from(
        [
            *(key for field in RECORD_FIELDS for key in field.keys),
            *'!:=<>|"\\ .',
            ">=",
            "is:",
            "10MB",
            "7d",
            "true",
            "refs/",
            "é",
            "\0",
        ]
    ),
    max_size=12,
).map("".join)


@given(SYNTAX | st.text(), SCOPED)
def test_any_text_is_a_filter_or_a_filter_error(text: str, row: ScopedRecord) -> None:
    """Nothing that can be typed crashes, and errors point into the text or right behind it."""
    made = attempt(text)
    if isinstance(made, FilterError):
        assert 0 <= made.column <= len(text)
        assert 1 <= made.length <= max(1, len(text) - made.column)
    else:
        assert isinstance(made.compile(NOW)(row), bool)


@given(st.text(), SCOPED)
def test_quoting_finds_exactly_the_text(text: str, row: ScopedRecord) -> None:
    """A quoted text is one word that stands for itself, in free text and as a field's value."""
    assert parse(quote(text), RECORD_FIELDS).terms == ((text,) if text else ())
    assert parse(f"desc={quote(text)}", RECORD_FIELDS).compile(NOW)(row) == (row.record.description == text)
    assert passes(f"desc={quote(row.record.description)} {quote(row.record.description)}", row)


@given(SYNTAX, SCOPED)
def test_negation_is_the_complement(word: str, row: ScopedRecord) -> None:
    """Of a word and its negation exactly one lets a row through."""
    held, turned = attempt(word), attempt("!" + word.lstrip())
    if not word.strip():
        return
    if isinstance(held, FilterError) or isinstance(turned, FilterError):
        assert type(held) is type(turned)
    elif len(held.clauses) == 1:
        assert held.compile(NOW)(row) != turned.compile(NOW)(row)
