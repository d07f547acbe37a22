"""What .dockerignore leaves out of a build context, by the rules of moby's patternmatcher."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from posixpath import normpath

from dockcache_tui.core.errors import UsageError

_WILD = {"*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One line: a pattern that leaves out what it matches, or takes it in again."""

    pattern: re.Pattern[str]
    takes_in: bool


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
        try:
            rules.append(IgnoreRule(_compile(clean.lstrip("/") or clean), takes_in))
        except re.error as error:
            raise UsageError(f"bad pattern in .dockerignore: {line!r}: {error}", hint="Close the bracket.") from error
    return tuple(rules)


def judge(rules: Sequence[IgnoreRule], path: str, parent: IgnoreVerdict) -> IgnoreVerdict:
    """Decide about a path (relative, with slashes) from the verdict about the folder it is in."""
    ignored = False
    matched = []
    for number, rule in enumerate(rules):
        match = bool(parent.matched) and parent.matched[number]
        if not match and rule.takes_in == ignored:
            match = rule.pattern.fullmatch(path) is not None
        matched.append(match)
        if match:
            ignored = not rule.takes_in
    return IgnoreVerdict(ignored, tuple(matched))


def _compile(pattern: str) -> re.Pattern[str]:
    suffix = re.fullmatch(r"\*\*([^/*?\[\]\\][^*?\[\]\\]*)", pattern)
    if suffix:
        return re.compile(".*" + re.escape(suffix[1]), re.DOTALL)
    tokens = re.findall(r"\*\*/?|\*|\?|\\.|\[\^?(?:\\.|[^\]\\])+\]|.", pattern, re.DOTALL)
    words = [_regex(word, last=number == len(tokens)) for number, word in enumerate(tokens, 1)]
    return re.compile("".join(words), re.DOTALL)


def _regex(word: str, *, last: bool) -> str:
    if word.startswith("**"):
        return ".*" if last else "(.*/)?"
    if word == "[":
        raise re.error("unterminated bracket")
    if len(word) > 2:
        return re.sub(r"(?<!^)[\[&~|]", r"\\\g<0>", word)
    return _WILD.get(word) or re.escape(word.removeprefix("\\") or word)
