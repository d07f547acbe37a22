"""What one condition asks of a row, as a function of the row and of now in ns."""

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from dockcache_tui.core.field import Field, Kind, Value, branches
from dockcache_tui.core.filter.units import READERS
from dockcache_tui.core.filter.words import FilterError, Word
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

T = TypeVar("T")
Test = Callable[[T, int], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ":": operator.eq,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_FLAGS = {"": True, "true": True, "yes": True, "false": False, "no": False}


def texts(value: Value) -> tuple[str, ...]:
    """Return the texts of a text or branch field's value; branches by their short name."""
    if value is None:
        return ()
    found = value if isinstance(value, tuple) else (value,)
    return tuple(one.short if isinstance(one, BranchScope) else str(one) for one in found)


def free_text(fields: Sequence[Field[T]], wanted: str) -> Test[T]:
    """Ask that a text or branch field holds the text, in upper or lower case."""
    gets = [field.get for field in fields if field.keys and field.plain and field.kind in (Kind.TEXT, Kind.BRANCH)]
    wanted = wanted.casefold()

    def test(row: T, _: int) -> bool:
        for get in gets:
            value = get(row)
            if isinstance(value, str):
                if wanted in value.casefold():
                    return True
            elif value and any(wanted in text.casefold() for text in texts(value)):
                return True
        return False

    return test


def condition(field: Field[T], sign: str, alternatives: Sequence[Word]) -> Test[T]:
    """Return the test that a field meets one of the alternatives; raises FilterError at the one that makes no sense."""
    if field.kind in READERS:
        return _numeric(field, sign, alternatives)
    if sign not in ":=":
        raise _unfit(field, alternatives[0], f"use {field.keys[0]}:value")
    if field.kind is Kind.FLAG:
        return _flag(field, alternatives)
    _expect_text(field, alternatives)
    wanted = [word.text for word in alternatives]
    if field.kind is Kind.BRANCH:
        return _branch(field, wanted, exact=sign == "=")
    if sign == "=":
        return lambda row, _: any(text in wanted for text in texts(field.get(row)))
    folded = [text.casefold() for text in wanted]
    return lambda row, _: any(part in text.casefold() for text in texts(field.get(row)) for part in folded)


def _branch(field: Field[T], wanted: Sequence[str], *, exact: bool) -> Test[T]:
    def meets(branch: BranchScope) -> bool:
        if exact:
            return any(text in (branch.ref, branch.short) for text in wanted)
        # Every full ref has `refs/` in it, so it counts only where a full ref is asked for.
        return any(
            branch.ref.startswith(text) if text.startswith("refs/") else text.casefold() in branch.short.casefold()
            for text in wanted
        )

    return lambda row, _: any(meets(branch) for branch in branches(field.get(row)))


def _flag(field: Field[T], alternatives: Sequence[Word]) -> Test[T]:
    wanted = set()
    for word in alternatives:
        flag = _FLAGS.get(word.text.lower())
        if flag is None:
            raise _expected("true or false", word)
        wanted.add(flag)
    return lambda row, _: (field.get(row) is True) in wanted


def _numeric(field: Field[T], sign: str, alternatives: Sequence[Word]) -> Test[T]:
    read, expected = READERS[field.kind]
    if field.kind in (Kind.AGE, Kind.DURATION) and sign in ":=":
        raise _unfit(field, alternatives[0], f"use {field.keys[0]}>7d or {field.keys[0]}<2h")
    bounds = []
    for word in alternatives:
        bound = read(word.text)
        if bound is None:
            raise _expected(expected, word)
        bounds.append(bound)
    compare = _COMPARE[sign]

    def test(row: T, now: int) -> bool:
        value = field.get(row)
        if value is None:
            return False
        number = now - value.ns if isinstance(value, Instant) else value
        return any(compare(number, bound) for bound in bounds)

    return test


def _expect_text(field: Field[T], alternatives: Sequence[Word]) -> None:
    for word in alternatives:
        if not word.chars:
            raise _expected(f"a {field.kind} after it", word)


def _expected(what: str, word: Word) -> FilterError:
    found = f", not {word.text!r}" if word.text else ""
    return FilterError(f"expected {what}{found}", word.column, max(1, word.end - word.column))


def _unfit(field: Field[T], word: Word, hint: str) -> FilterError:
    length = max(1, word.end - word.column)
    return FilterError(f"{field.keys[0]} can't be compared that way", word.column, length, hint=hint)
