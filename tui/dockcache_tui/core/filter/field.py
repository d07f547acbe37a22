"""What a row offers to the filter: its fields, each of one kind."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

T = TypeVar("T")
Value = str | int | float | bool | Instant | tuple[str, ...] | tuple[BranchScope, ...] | None


class Kind(StrEnum):
    """How a field's value is written and compared; the comment says what `get` returns."""

    TEXT = "text"  # str or a tuple of str; None is no text
    BRANCH = "branch"  # a tuple of BranchScope
    SIZE = "size"  # int bytes or None
    AGE = "age"  # Instant or None: how long ago it is counts
    DURATION = "duration"  # float seconds or None
    PERCENT = "percent"  # float from 0 to 1, or None
    INT = "int"  # int or None
    FLAG = "flag"  # bool


@dataclass(frozen=True, slots=True)
class Field(Generic[T]):
    """One field of a row type; `about` is its line in help and documentation."""

    name: str
    kind: Kind
    get: Callable[[T], Value]
    about: str
    aliases: tuple[str, ...] = ()
    plain: bool = True
    """Whether a plain word is looked for in it: in the path of a project's folder nearly every word would be found."""
