"""The filter language: words that all must hold; see docs/filter.md."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, TypeVar

from dockcache_tui.core.field import Field, Kind
from dockcache_tui.core.filter.comparing import Test, condition, free_text
from dockcache_tui.core.filter.words import FilterError, Word, words
from dockcache_tui.core.instant import Instant

T = TypeVar("T")
_KEY = re.compile("([A-Za-z_]+)(>=|<=|[:=<>])")


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
        """Tell whether it lets everything through for want of words."""
        return not self.clauses

    @property
    def terms(self) -> tuple[str, ...]:
        """Return the texts that rows were found by, each once."""
        return tuple(dict.fromkeys(term for clause in self.clauses if not clause.negated for term in clause.terms))

    def compile(self, now: Instant) -> Callable[[T], bool]:
        """Return the predicate for many rows; ages count up to now."""
        tests = [(clause.test, clause.negated) for clause in self.clauses]
        return lambda row: all(test(row, now.ns) is not negated for test, negated in tests)

    def matches(self, row: T, now: Instant) -> bool:
        """Tell whether one row passes."""
        return self.compile(now)(row)


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
