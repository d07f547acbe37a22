"""The filters of a builder's garbage collection, as containerd's parser reads them."""

import pytest

from core.record_making import Flags, record
from dockcache_tui.core.records.daemon_filter import UnforeseenFilterError, UnreadableFilterError, daemon_filter
from dockcache_tui.core.records.record import Record

MOUNT = record("abc", what=("exec.cachemount", 'cached mount "x", /root'), flags=Flags(mutable=True))


def passes(*filters: str, of: Record = MOUNT, shared: bool = False) -> bool:
    """Tell whether a record passes."""
    return daemon_filter(filters)(of, shared)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("id==abc", True),
        ("id==ab", False),
        ("id!=ab", True),
        ("type==exec.cachemount", True),
        (" type == exec.cachemount, mutable", True),
        ('type=="exec.cachemount",mutable', True),
        ('"type"==exec.cachemount', True),
        ("type==exec.cachemount,immutable", False),
        (r'description=="cached mount \"x\", /root"', True),
        (r'description=="cached\x20mount \042x\u0022, /root"', True),
        ("description~=mount", True),
        ("description~=/^cached mount/", True),
        ("description~=|ount .x., .root$|", True),
        ("description~=^mount", False),
        ("description~=(", False),
        ("description~=mount|never", True),
        ("shared", False),
        ("private", True),
        ("mutable==true", False),
        ("mutable!=true", True),
        ("mutable~=^$", True),
        ("parents", False),
        ("inuse", False),
        ("unheard.of", False),
        ("unheard!=x", True),
    ],
)
def test_what_passes(text: str, *, expected: bool) -> None:
    """Equality, presence and expressions, quoted or not; a field that a prune does not know is absent."""
    assert passes(text) is expected


def test_one_of_several_is_enough() -> None:
    """A list of filters is an or, a comma an and, and no filter at all passes everything."""
    assert passes("type==regular", "mutable")
    assert not passes("type==regular", "mutable,shared")
    assert passes()
    assert passes("shared", shared=True)
    assert passes("type==regular", of=record("r", what=("", "")))


@pytest.mark.parametrize(
    "text",
    [
        "type=source.local",
        "type===x",
        "type==",
        "type==x ",
        "type==x,",
        ",",
        "private ,mutable",
        "type==x y",
        "=x",
        "/type/==x",
        'id=="x',
        r'id=="\q"',
        "id==/x/",
        r"id~=|\"|",
        "id.==x",
        "type==.x",
    ],
)
def test_what_can_not_be_read(text: str) -> None:
    """What containerd's parser refuses is an error, also in the second filter of a list."""
    with pytest.raises(UnreadableFilterError):
        daemon_filter(["mutable", text])


@pytest.mark.parametrize("text", ["(a+)+$", "a*a*a*a*b", r"(a)\1", "(?i)X", "a*+", r"\pL"])
def test_an_expression_that_could_take_for_ever_or_means_something_else_is_not_tried(text: str) -> None:
    """It is said that what it matches is not foretold."""
    with pytest.raises(UnforeseenFilterError):
        daemon_filter([f"description~={text}"])
