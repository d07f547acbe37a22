"""Wildcards as COPY has them: Go's path.Match, which does not go back over a star that has found its place."""

import re
from functools import lru_cache

_WORD = re.compile(r"\\.|\[\^?+(?:\\.|[^\\\]])+\]|[^\\\[]", re.DOTALL)
_ITEM = re.compile(r"(\\.|[^\\\]-])(?:-(\\.|[^\\\]-]))?", re.DOTALL)

Chunk = tuple[bool, re.Pattern[str] | None]
"""Whether a star stands before, and what follows up to the next star; None after the last star."""


def path_match(pattern: str, name: str) -> bool:
    """Tell whether a whole path matches; raises ValueError for a pattern that Go refuses."""
    chunks = _chunks(pattern)
    at = 0
    for number, (star, chunk) in enumerate(chunks):
        if chunk is None:
            return "/" not in name[at:]
        last = number == len(chunks) - 1
        reach = at
        if star:
            slash = name.find("/", at)
            reach = len(name) if slash < 0 else slash
        ends = (match.end() for start in range(at, reach + 1) if (match := chunk.match(name, start)))
        found = next((end for end in ends if end == len(name) or not last), None)
        if found is None:
            return False
        at = found
    return at == len(name)


@lru_cache(maxsize=256)
def _chunks(pattern: str) -> tuple[Chunk, ...]:
    words = _WORD.findall(pattern)
    if "".join(words) != pattern:
        raise ValueError(f"bad pattern {pattern!r}")
    chunks: list[tuple[bool, list[str]]] = []
    for word in words:
        if not chunks or (word == "*" and chunks[-1][1]):  # several stars are one
            chunks.append((word == "*", []))
        if word != "*":
            chunks[-1][1].append(_regex(word))
    return tuple((star, re.compile("".join(some), re.DOTALL) if some else None) for star, some in chunks)


def _regex(word: str) -> str:
    if word == "?":
        return "[^/]"
    if word[0] != "[":
        return re.escape(word[-1])
    negated = word[1] == "^"
    inner = word[1 + negated : -1]
    items = list(_ITEM.finditer(inner))
    if "".join(item[0] for item in items) != inner:
        raise ValueError(f"bad range {word!r}")
    ranges = [(item[1][-1], (item[2] or item[1])[-1]) for item in items]
    inside = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in ranges if low <= high)
    if not inside:
        return "." if negated else "(?!)"
    return f"[{'^' * negated}{inside}]"
