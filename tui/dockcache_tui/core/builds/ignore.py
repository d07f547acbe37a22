"""What .dockerignore leaves out of a build context, by the rules of moby's patternmatcher."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from posixpath import normpath

from dockcache_tui.core.errors import UsageError

_WILD = {"*": "[^/]*", "?": "[^/]"}
_ESCAPED = set(".+()|{}$")
_ESCAPES = set("aBbDdfnrSstvWw")
"""Letters that mean something after a backslash, in Go and Python the same."""
_FIXED = re.compile(r"(?:[^*?\[\]\\/]+/)*(?:[^*?\[\]\\/]+\Z)?")
"""The parts of a pattern before its first with a wildcard, with the slash that follows."""
_CLASS = re.compile(r"\\.|\[\^?+\]?+(?:\\.|[^\]\\])*\]|\[", re.DOTALL)


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One line: a pattern that leaves out what it matches, or takes it in again."""

    pattern: re.Pattern[str]
    takes_in: bool
    fixed: str = ""
    """What a path that it matches begins with: the folders before its first wildcard."""


@dataclass(frozen=True, slots=True)
class IgnoreVerdict:
    """Whether a path is left out, and which rules matched it (they match all below it)."""

    ignored: bool = False
    matched: tuple[bool, ...] = ()


def parse_ignore(text: str) -> tuple[IgnoreRule, ...]:
    """Read a .dockerignore; raises UsageError on a pattern that Docker refuses."""
    rules = []
    for line in text.removeprefix("\ufeff").splitlines():
        words = line.strip()
        if not words or line.startswith("#"):
            continue
        takes_in = words.startswith("!")
        pattern = words[takes_in:].strip()
        if not pattern:
            raise UsageError(
                f"illegal exclusion pattern in .dockerignore: {line!r}", hint="Write a path after the `!`."
            )
        clean = normpath(pattern)
        rules.append(_rule(clean.lstrip("/") or clean, f".dockerignore: {line!r}", takes_in=takes_in))
    return tuple(rules)


def parse_patterns(patterns: Iterable[str]) -> tuple[IgnoreRule, ...]:
    """Read the patterns of an instruction, as `COPY --exclude` has them; raises UsageError on one that is refused."""
    rules = []
    for pattern in patterns:
        if pattern.strip():
            text = normpath(pattern.strip())
            rules.append(_rule(text.removeprefix("!"), repr(pattern), takes_in=text.startswith("!")))
    return tuple(rules)


def judge(rules: Sequence[IgnoreRule], path: str, parent: IgnoreVerdict) -> IgnoreVerdict:
    """Decide about a path (relative, with slashes) from the verdict about the folder it is in.

    Where that folder was not asked about, a rule that matches any folder above matches the path.
    """
    ignored = False
    matched = []
    for number, rule in enumerate(rules):
        match = bool(parent.matched) and parent.matched[number]
        if not match and rule.takes_in == ignored:
            folders = () if parent.matched else _above(path)
            match = any(rule.pattern.fullmatch(one) for one in (path, *folders))
        matched.append(match)
        if match:
            ignored = not rule.takes_in
    return IgnoreVerdict(ignored, tuple(matched))


def may_take_in(rules: Iterable[IgnoreRule], folder: str) -> bool:
    """Tell whether a rule may take in again something below a folder that is left out."""
    inside = f"{folder}/"
    takers = (rule.fixed for rule in rules if rule.takes_in)
    return any(fixed.startswith(inside) or inside.startswith(fixed) for fixed in takers)


def _above(path: str) -> Iterable[str]:
    return (path[: slash.start()] for slash in re.finditer("/", path))


def _rule(pattern: str, place: str, *, takes_in: bool) -> IgnoreRule:
    try:
        fixed = _FIXED.match(pattern)
        return IgnoreRule(_compile(pattern), takes_in, fixed[0] if fixed else "")
    except re.error as error:
        raise UsageError(f"bad pattern in {place}: {error}", hint="Close the bracket.") from error


def _compile(pattern: str) -> re.Pattern[str]:
    """Translate a pattern as moby does, by way of Go's expressions, to which some of its characters mean more."""
    plain = r"[^*?\[\]\\]"
    if re.fullmatch(f"{plain}*", pattern):
        return re.compile(re.escape(pattern))
    if ends := re.fullmatch(rf"\*\*(/?)({plain}*)", pattern):
        return re.compile(f"{'(.*/)?' if ends[1] else '.*'}{re.escape(ends[2])}", re.DOTALL)
    if begins := re.fullmatch(rf"({plain}*)\*\*", pattern):
        return re.compile(f"{re.escape(begins[1])}.*", re.DOTALL)
    words = re.findall(r"\*\*/?|\\?.", pattern, re.DOTALL)
    translated = "".join(_regex(word, last=number == len(words)) for number, word in enumerate(words, 1))
    return re.compile(_CLASS.sub(_in_python, translated), re.ASCII)


def _regex(word: str, *, last: bool) -> str:
    if word.startswith("**"):
        return ".*" if last else "(.*/)?"
    if word == "\\" or (len(word) == 2 and word[1].isalnum() and word[1] not in _ESCAPES):
        raise re.error("a backslash before nothing that it could take")
    return _WILD.get(word) or (f"\\{word}" if word in _ESCAPED else word)


def _in_python(part: re.Match[str]) -> str:
    """Return a class of Go's in Python's words, to which some pairs of characters mean more."""
    if part[0] == "[":
        raise re.error("unterminated bracket")
    return re.sub(r"(?<!^)\[|(?<=[-&~|])[-&~|]", r"\\\g<0>", part[0]) if part[0].startswith("[") else part[0]
