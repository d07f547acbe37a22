"""The filters of BuildKit's garbage collection and prunes, which are in the language of containerd's filters."""

# Read in containerd's pkg/filters and in adaptUsageInfo of BuildKit's cache/manager.go.

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from dockcache_tui.core.records.record import Record

Match: TypeAlias = Callable[[Record, bool], bool]
"""Tells whether a record passes; the flag says whether an image holds the record itself."""

_QUOTED = r'"(?:[^"\\\n]|\\.)*"'
_FIELD = rf"(?:[A-Za-z0-9_]+|{_QUOTED})"
_SELECTOR = re.compile(
    rf"\s*(?P<field>{_FIELD})(?:\.\s*{_FIELD})*"
    rf"(?:\s*(?P<operator>==|!=|~=)\s*(?P<value>{_QUOTED}|/(?:[^/\\\n]|\\.)*/|\|(?:[^|\\\n]|\\.)*\||[^\s,.=!~\"/|][^\s,]*))?"
    r"(?P<end>,|\Z)"
)
_ESCAPE = re.compile(r"\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_MAX_REPEATS = 3
"""Python's regular expressions look back: more repeats in one, or repeated groups, could take for ever."""
_COSTLY = re.compile(r"\)[*+?{]|\(\?|\\[^\WdDsSwWbB]|[*+?}][+?]")


class UnreadableFilterError(ValueError):
    """A filter that BuildKit can't read: the rule that has it, and all after it, do nothing."""


class UnforeseenFilterError(ValueError):
    """A filter that BuildKit reads, but of which we can't tell what it matches."""


def daemon_filter(filters: Sequence[str]) -> Match:
    """Read the filters of one rule, of which a record has to pass one; raises the errors above."""
    alternatives = [_alternative(text) for text in filters]
    if not alternatives:
        return lambda _record, _shared: True
    return lambda record, shared: any(all(one(record, shared) for one in every) for every in alternatives)


def _alternative(text: str) -> list[Match]:
    selectors: list[Match] = []
    at = 0
    while at < len(text) or text.endswith(","):
        match = _SELECTOR.match(text, at)
        if match is None:
            raise UnreadableFilterError(f"{text!r} can't be read from {text[at:]!r} on")
        selectors.append(_selector(match))
        at = match.end()
        if not match["end"]:
            break
    return selectors


def _selector(match: re.Match[str]) -> Match:
    field, operator, value = _unquoted(match["field"]), match["operator"], match["value"]
    if operator is None:
        return lambda record, shared: _value(record, field, shared=shared) is not None
    if operator != "~=" and value[0] in "/|":
        raise UnreadableFilterError(f"{value!r} is quoted as an expression is")
    wanted = _unquoted(value)
    if operator == "==":
        return lambda record, shared: _value(record, field, shared=shared) == wanted
    if operator == "!=":
        return lambda record, shared: (_value(record, field, shared=shared) or "") != wanted
    expression = _expression(wanted)
    if expression is None:
        return lambda _record, _shared: False
    return lambda record, shared: bool(expression.search(_value(record, field, shared=shared) or ""))


def _value(record: Record, field: str, *, shared: bool) -> str | None:
    """Return what a prune knows of a record by a field's name, where it is present; parents and use it never knows."""
    flags = {"mutable": record.mutable, "immutable": not record.mutable, "shared": shared, "private": not shared}
    if field in flags:
        return "" if flags[field] else None
    return {"id": record.id, "description": record.description, "type": record.type or "regular"}.get(field) or None


def _expression(text: str) -> re.Pattern[str] | None:
    """Return a regular expression that means the same in Go, or None for one that Go refuses, which matches nothing."""
    if len(re.findall(r"[*+?{]", text)) > _MAX_REPEATS or _COSTLY.search(text):
        raise UnforeseenFilterError(f"what the regular expression {text!r} matches is not foretold")
    try:
        return re.compile(text, re.ASCII)
    except re.error:
        return None


def _unquoted(text: str) -> str:
    quote = text[0]
    if quote not in '"/|':
        return text

    def character(match: re.Match[str]) -> str:
        octal, *hexadecimal, other = match.groups()
        if other is None:
            return chr(int(octal, 8) if octal else int("".join(filter(None, hexadecimal)), 16))
        if other != quote and other not in _NAMED:
            raise UnreadableFilterError(f"{text!r} has an escape that does not exist")
        return _NAMED.get(other, other)

    return _ESCAPE.sub(character, text[1:-1])
