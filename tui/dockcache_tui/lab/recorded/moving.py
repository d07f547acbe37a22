"""Moments of a recording moved to when it is replayed."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from dockcache_tui.core.instant import Instant

T = TypeVar("T")


def moved(value: T, move: Callable[[Instant], Instant]) -> T:
    """Return frozen data with every moment in it moved."""
    return _moved(value, move)  # type: ignore[no-any-return]


def _moved(value: Any, move: Callable[[Instant], Instant]) -> Any:
    if isinstance(value, Instant):
        return move(value)
    if isinstance(value, tuple):
        return tuple(_moved(one, move) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _moved(getattr(value, field.name), move) for field in fields(value)})
    return value
