"""The instructions of a Dockerfile, each with the lines it takes, by the rules of BuildKit's parser."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_DIRECTIVE = re.compile(r"#\s*(syntax|escape|check)\s*=\s*(\S.*?)\s*", re.IGNORECASE)
_WITH_HEREDOCS = ("RUN", "COPY", "ADD")
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""", re.DOTALL)
_HEREDOC = re.compile(r"""\d*<<(-?)(["']?)([^<"'\\$\s]+)\2""")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; lines are counted from 0."""

    word: str
    """In capitals."""
    rest: str
    """What follows the word, its lines joined."""
    above: int
    """The first line of the comments right above it; its own first where there are none."""
    first: int
    last: int
    """Its last line, that of its heredocs included."""
    text: str
    """All its lines."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Return its options, as `--chown=app`."""
        words = self.rest.split()
        end = next((number for number, word in enumerate(words) if not word.startswith("--")), len(words))
        return tuple(words[:end])

    @property
    def arguments(self) -> str:
        """Return what follows its options, its white space evened out."""
        return " ".join(self.rest.split()[len(self.flags) :])

    def names(self, variable: str) -> bool:
        """Tell whether the name of a variable is in it, if only as another word."""
        return bool(re.search(rf"(?<!\w){re.escape(variable)}(?!\w)", self.text))


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A whole Dockerfile; `lines` have their ends."""

    lines: tuple[str, ...]
    instructions: tuple[Instruction, ...]

    def at(self, line: int) -> Instruction | None:
        """Return the instruction at a line, counted from 1 as BuildKit does."""
        return next((one for one in self.instructions if one.first < line <= one.last + 1), None)

    def stage(self, of: Instruction) -> tuple[Instruction, ...]:
        """Return the instructions of the stage that one is in, its FROM first; none for what is above all stages."""
        found: list[Instruction] = []
        for one in self.instructions:
            if one.word == "FROM":
                if of in found:
                    break
                found = []
            found.append(one)
        return tuple(found) if of in found and found[0].word == "FROM" else ()


@lru_cache(maxsize=8)
def read_dockerfile(text: str) -> Dockerfile | None:
    """Read a Dockerfile; None for one of which it is not sure where its instructions end."""
    lines = tuple(re.findall("[^\n]*\n|[^\n]+", text))
    try:
        return Dockerfile(lines, tuple(_instructions(lines)))
    except _UnclearError:
        return None


class _UnclearError(Exception):
    """It is not sure where an instruction ends."""


def _instructions(lines: Sequence[str]) -> Iterator[Instruction]:
    number, escape = _directives(lines)
    above = number
    while number < len(lines):
        first, line = number, lines[number].strip("\r\n").removeprefix("\ufeff").lstrip()
        number += 1
        if not line or line.startswith("#"):
            above = above if line else number
            continue
        joined, goes_on = _cut(line, escape)
        while goes_on and number < len(lines):
            line = lines[number].rstrip("\r\n")
            number += 1
            if line.strip() and not line.lstrip().startswith("#"):
                part, goes_on = _cut(line, escape)
                joined += part
        word, rest = [*re.split(r"\s+", joined.strip(), maxsplit=1), ""][:2]
        for name, after_tabs in _heredocs(word.upper(), rest):
            number = _end_of(name, lines, number, after_tabs=after_tabs)
        yield Instruction(word.upper(), rest, above, first, number - 1, "".join(lines[first:number]))
        above = number


def _directives(lines: Sequence[str]) -> tuple[int, str]:
    """Return how many lines the directives at the top take, and the character that continues lines."""
    escape = "\\"
    for number, line in enumerate(lines):
        found = _DIRECTIVE.fullmatch(line.removeprefix("\ufeff").strip())
        if not found:
            return number, escape
        if found[1].lower() == "escape":
            escape = found[2]
    return len(lines), escape


def _cut(line: str, escape: str) -> tuple[str, bool]:
    """Return a line without what continues it, and whether that was there."""
    cut = re.sub(rf"(^|[^{re.escape(escape)}]){re.escape(escape)}[ \t]*$", r"\1", line)
    return cut, cut != line


def _heredocs(word: str, rest: str) -> Iterator[tuple[str, bool]]:
    """Yield the names of the heredocs that an instruction begins, and whether tabs may stand before their ends."""
    if word == "ONBUILD":
        word, rest = [*rest.split(maxsplit=1), "", ""][:2]
    if word.upper() not in _WITH_HEREDOCS or "<<" not in rest or _is_json(rest):
        return
    if _WORD.sub("", rest).strip():
        raise _UnclearError
    for one in _WORD.findall(rest):
        if re.fullmatch(r"\d*<<-?[^<]+", one):
            found = _HEREDOC.fullmatch(one)
            if not found:
                raise _UnclearError
            yield found[3], bool(found[1])


def _is_json(rest: str) -> bool:
    try:
        return isinstance(json.loads(rest), list)
    except ValueError:
        return False


def _end_of(name: str, lines: Sequence[str], number: int, *, after_tabs: bool) -> int:
    """Return the number of the line below the heredoc that begins at a line."""
    for at in range(number, len(lines)):
        line = lines[at].rstrip("\r\n")
        if name == (line.lstrip("\t") if after_tabs else line):
            return at + 1
    raise _UnclearError
