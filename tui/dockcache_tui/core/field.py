"""A field of a row type, declared once: the filter, JSON, CSV, `--sort`, the tables and the docs come from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

from dockcache_tui.core import wording
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

T = TypeVar("T")
Value: TypeAlias = str | int | float | Instant | BranchScope | tuple[str, ...] | tuple[BranchScope, ...] | None


class Kind(StrEnum):
    """How a field's value is written and compared; the comment says what `get` returns, None where it is not known."""

    TEXT = "text"  # str, a tuple of str, or the number of an id
    BRANCH = "branch"  # BranchScope or a tuple of them
    SIZE = "size"  # int bytes
    AGE = "age"  # Instant: how long ago it is counts
    DURATION = "duration"  # float seconds
    PERCENT = "percent"  # float from 0 to 1
    INT = "number"  # int
    FLAG = "flag"  # bool

    @property
    def numeric(self) -> bool:
        """Tell whether it is measured, and so stands to the right of its column."""
        return self not in (Kind.TEXT, Kind.BRANCH, Kind.FLAG)


@dataclass(frozen=True, slots=True)
class ColumnLook:
    """The column of a field in the app, in the terms of ui/table/columns.py; widths are in cells."""

    title: str
    width: int | None = None
    min_width: int = 1
    max_width: int | None = None
    weight: int = 0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One field: `name` is its name in JSON, CSV and `--sort`, `about` its sentence in the docs."""

    name: str
    kind: Kind
    get: Callable[[T], Value]
    about: str
    _: KW_ONLY
    filter: str | None = None
    """Its names in the filter where they are others, the usual one first; empty where the filter has it not."""
    listed: bool = True
    """Whether JSON, CSV and `--sort` have it."""
    plain: bool = True
    """Whether a plain word is looked for in it: in the path of a project's folder nearly every word would be found."""
    json: Callable[[T], Any] | None = None
    """What JSON has of it, where that is more than its value."""
    label: str = ""
    """What the detail pane calls it; empty where it leaves it out."""
    look: ColumnLook | None = None
    """Its column in the app, if it has one."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return its names in the filter, the usual one first."""
        return tuple((self.name if self.filter is None else self.filter).split())


def names(fields: Iterable[Field[T]]) -> tuple[str, ...]:
    """Return the columns of CSV, which are what `--sort` takes."""
    return tuple(field.name for field in fields if field.listed)


def json_row(fields: Iterable[Field[T]], one: T) -> dict[str, Any]:
    """Return a row as JSON gives it: sizes in bytes, times RFC 3339 in UTC, branches as full refs."""
    return json_values((field for field in fields if field.listed), one)


def json_values(fields: Iterable[Field[T]], one: T) -> dict[str, Any]:
    """Return what JSON has of these fields, also of those that lists leave out."""
    row = {}
    for field in fields:
        value = field.json(one) if field.json else field.get(one)
        convert = _IN_JSON.get(type(value))
        row[field.name] = convert(value) if convert else value
    return row


def ordered(fields: Iterable[Field[T]], found: Sequence[T], sort: str) -> list[T]:
    """Order by a listed field (descending with `-`), equal ones as they came; what has no value is last either way."""
    key = next(sort_key(field) for field in fields if field.listed and field.name == sort.removeprefix("-"))
    keyed = [(key(one), one) for one in found]
    known = [pair for pair in keyed if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=sort.startswith("-"))
    return [one for _, one in known] + [one for value, one in keyed if value is None]


def sort_key(field: Field[T]) -> Callable[[T], Any]:
    """Return what rows are ordered by: a plain value, or None; branches by their refs, other lists by their length."""
    get: Callable[[T], Any] = field.get
    if field.kind is Kind.BRANCH:
        return lambda one: " ".join(branch.ref for branch in branches(get(one))) or None
    if field.kind is Kind.AGE:
        return lambda one: None if (moment := get(one)) is None else moment.ns
    if field.kind is Kind.TEXT:
        return lambda one: len(value) if isinstance(value := get(one), tuple) else value
    return get


def text(field: Field[T], one: T, now: Instant) -> str:
    """Return a value as a narrow column shows it."""
    value: Any = field.get(one)
    if field.kind is Kind.BRANCH:
        return ", ".join(branch.short for branch in branches(value))
    if field.kind is Kind.AGE:
        return wording.age(value, now)
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(value)
    return _TEXTS[field.kind](value)


def long_text(field: Field[T], one: T, now: Instant) -> str:
    """Return a value where there is room for all of it."""
    value = field.get(one)
    if field.kind is Kind.SIZE and isinstance(value, int):
        return wording.exact_size(value)
    if isinstance(value, Instant):
        return f"{wording.age(value, now)} ago, {value.whole_second}"
    return text(field, one, now)


def branches(value: Value) -> tuple[BranchScope, ...]:
    """Return the branches of a branch field's value."""
    found = value if isinstance(value, tuple) else (value,)
    return tuple(one for one in found if isinstance(one, BranchScope))


_IN_JSON: dict[type, Callable[[Any], Any]] = {
    Instant: str,
    BranchScope: lambda branch: branch.ref,
    tuple: lambda values: [one.ref if isinstance(one, BranchScope) else one for one in values],
}
_TEXTS: dict[Kind, Callable[[Any], str]] = {
    Kind.TEXT: str,
    Kind.SIZE: wording.size,
    Kind.DURATION: wording.span,
    Kind.PERCENT: wording.share,
    Kind.INT: "{:,}".format,
    Kind.FLAG: lambda holds: "yes" if holds else "",
}
