"""Text of any bytes in SQLite, which takes only Unicode: a file's name on Unix need not be that."""

import json
import re
import sqlite3
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_STORED = re.compile("\0([0-9a-f]{4})")


class AnyTextConnection(sqlite3.Connection):
    """A connection that stores lone surrogates as a NUL and four hex digits, a NUL too, and reads them back."""

    def __init__(self, *words: Any, **settings: Any) -> None:
        """Open the file."""
        super().__init__(*words, **settings)
        self.text_factory = _restored

    def execute(self, query: str, values: Any = (), /) -> sqlite3.Cursor:
        """Run one statement; its values are a sequence."""
        return super().execute(query, _storable(values))

    def executemany(self, query: str, rows: Iterable[Any], /) -> sqlite3.Cursor:
        """Run one statement for each row."""
        return super().executemany(query, map(_storable, rows))


def to_json(value: object) -> str:
    """Write a dataclass as JSON, in ASCII."""
    return json.dumps(msgspec.to_builtins(value))


def from_json(text: str, kind: type[T]) -> T:
    """Read what `to_json` wrote."""
    return msgspec.convert(json.loads(text), kind)


def _storable(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(
        _UNSTORABLE.sub(lambda one: f"\0{ord(one[0]):04x}", value) if isinstance(value, str) else value
        for value in values
    )


def _restored(raw: bytes) -> str:
    return _STORED.sub(lambda one: chr(int(one[1], 16)), raw.decode("utf-8", "surrogateescape"))
