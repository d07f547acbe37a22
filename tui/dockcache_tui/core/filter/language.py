"""The filter language: words that all must hold; see docs/filter.md."""

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from dockcache_tui.core.field import Field, Kind, Value, branches
from dockcache_tui.core.filter.units import READERS
from dockcache_tui.core.filter.words import FilterError, Word, words
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
_KEY = re.compile("([A-Za-z_]+)(>=|<=|[:=<>])")


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


@dataclass(frozen=True, slots=True)
class Clause(Generic[T]):
    """One word of a filter."""

    test: Test[T]
    negated: bool
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Filter(Generic[T]):
    """A filter that was read; `terms` are the texts to highlight, in any case of letters. An empty one matches all."""

    text: str
    clauses: tuple[Clause[T], ...]

    @property
    def empty(self) -> bool:
        """Tell whether it has no words, and so lets everything through."""
        return not self.clauses

    @property
    def terms(self) -> tuple[str, ...]:
        """Return the texts that rows were found by, each once."""
        return tuple(dict.fromkeys(term for clause in self.clauses if not clause.negated for term in clause.terms))

    def compile(self, now: Instant) -> Callable[[T], bool]:
        """Return the predicate for many rows; ages count up to now."""
        tests = [(clause.test, clause.negated) for clause in self.clauses]
        return lambda row: all(test(row, now.ns) is not negated for test, negated in tests)


def parse(text: str, fields: Sequence[Field[T]]) -> Filter[T]:
    """Read a filter over these fields; raises FilterError, and nothing else, on any text that makes no sense."""
    return Filter(text, tuple(_clause(word, fields) for word in words(text)))


def _clause(word: Word, fields: Sequence[Field[T]]) -> Clause[T]:
    negated = False
    while word.starts_with("!"):
        word, negated = word.after(1), not negated
    if not word.chars:
        raise FilterError("expected something to leave out after !", word.column - 1, 1, hint="such as !type:frontend")
    plain = next((index for index, char in enumerate(word.chars) if char.literal), len(word.chars))
    match = _KEY.match(word.text, 0, plain)
    if match is None:
        return Clause(free_text(fields, word.text), negated, (word.text,) if word.text else ())
    alternatives = word.after(match.end()).split("|")
    if match[1].lower() == "is":
        return Clause(_is(alternatives, fields), negated, ())
    field = _field(match[1], word, fields)
    terms = tuple(one.text for one in alternatives) if field.kind in (Kind.TEXT, Kind.BRANCH) else ()
    return Clause(condition(field, match[2], alternatives), negated, terms)


def _field(key: str, word: Word, fields: Sequence[Field[T]]) -> Field[T]:
    named = {key: field for field in fields for key in field.keys}
    if field := named.get(key.lower()):
        return field
    close = get_close_matches(key.lower(), named, 1)
    guess = f", did you mean '{close[0]}'?" if close else ""
    known = ", ".join(field.keys[0] for field in fields if field.keys)
    hint = f"quote it to find it as text; the fields are {known}"
    raise FilterError(f"unknown field '{key}'{guess}", word.column, len(key), hint=hint)


def _is(alternatives: Sequence[Word], fields: Sequence[Field[T]]) -> Test[T]:
    flags = {key: field.get for field in fields if field.kind is Kind.FLAG for key in field.keys}
    wanted = []
    for word in alternatives:
        name = word.text.lower().replace("-", "_")
        if name not in flags:
            close = get_close_matches(name, flags, 1)
            guess = f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(flags)}"
            found = f"unknown flag '{word.text}', " if word.text else ""
            raise FilterError(f"{found}{guess}", word.column, max(1, word.end - word.column))
        wanted.append(flags[name])
    return lambda row, _: any(get(row) is True for get in wanted)
