"""A filter's text cut into words, with quotes and escapes undone and every column kept."""

from dataclasses import dataclass

from dockcache_tui.core.errors import UsageError


class FilterError(UsageError):
    """A filter that can't be read: `column` (from 0) and `length` say which characters of its text are meant."""

    title = "The filter can't be read"

    def __init__(self, reason: str, column: int, length: int, *, hint: str = "") -> None:
        """Keep where it is wrong; the message counts columns from 1, as people do."""
        super().__init__(f"{reason} (column {column + 1})", hint=hint)
        self.column = column
        self.length = length


@dataclass(frozen=True, slots=True)
class Char:
    """One character at its column; a literal one was quoted or escaped and is never syntax."""

    value: str
    column: int
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """Characters between blanks, from `column` up to `end` in the filter's text."""

    chars: tuple[Char, ...]
    column: int
    end: int

    @property
    def text(self) -> str:
        """Return the characters as text."""
        return "".join(char.value for char in self.chars)

    def starts_with(self, syntax: str) -> bool:
        """Tell whether it starts with this character as syntax."""
        return bool(self.chars) and not self.chars[0].literal and self.chars[0].value == syntax

    def after(self, count: int) -> "Word":
        """Return the word without its first characters, all of them syntax."""
        return Word(self.chars[count:], self.column + count, self.end)

    def split(self, syntax: str) -> tuple["Word", ...]:
        """Cut at every such character that is syntax."""
        parts, begin, column = [], 0, self.column
        for index, char in enumerate(self.chars):
            if char.value == syntax and not char.literal:
                parts.append(Word(self.chars[begin:index], column, char.column))
                begin, column = index + 1, char.column + 1
        return (*parts, Word(self.chars[begin:], column, self.end))


def words(text: str) -> tuple[Word, ...]:
    r"""Cut at blanks; `"..."` keeps them, `\` keeps the next character. Raises FilterError where an end is missing."""
    found: list[Word] = []
    chars: list[Char] = []
    begin = quote = escape = -1
    for column, value in enumerate(text):
        if begin < 0 and not value.isspace():
            begin = column
        if escape >= 0:
            chars.append(Char(value, column, literal=True))
            escape = -1
        elif value == "\\":
            escape = column
        elif value == '"':
            quote = column if quote < 0 else -1
            # Even when nothing is between them, quotes make a word: an empty literal character stands for them.
            chars.append(Char("", column, literal=True))
        elif quote < 0 and value.isspace():
            if begin >= 0:
                found.append(Word(tuple(chars), begin, column))
            chars, begin = [], -1
        else:
            chars.append(Char(value, column, literal=quote >= 0))
    if escape >= 0:
        raise FilterError("a character is missing after the backslash", escape, 1, hint=r"write \\ for a backslash")
    if quote >= 0:
        raise FilterError("the closing quote is missing", quote, len(text) - quote, hint='close it with "')
    return (*found, Word(tuple(chars), begin, len(text))) if begin >= 0 else tuple(found)


def quote(text: str) -> str:
    """Return the text as a word that stands for exactly this text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
