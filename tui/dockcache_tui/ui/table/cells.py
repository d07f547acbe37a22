"""Text cut to cells: literal, as wide as asked on every terminal, matches told apart."""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, split_text

from dockcache_tui.core.literal import literal

LONGEST = 4
"""Code points looked at for each cell: enough for stacked accents, little enough for endless texts."""

_GUIDES = str.maketrans("│├└─╰▸▾…·", "||`-`>v~.")


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs the table draws itself, each one cell wide."""

    cursor: str = "▶"
    mark: str = "●"
    ascending: str = "▲"
    descending: str = "▼"
    more: str = "…"
    ascii_only: bool = False

    def shown(self, text: str) -> str:
        """Return text as this terminal can show it."""
        text = literal(text)
        if self.ascii_only and not text.isascii():
            return text.translate(_GUIDES).encode("ascii", "backslashreplace").decode("ascii")
        return text


UNICODE = Glyphs()
ASCII = Glyphs(cursor=">", mark="*", ascending="^", descending="v", more="~", ascii_only=True)


def glyphs_for(encoding: str) -> Glyphs:
    """Return the signs a terminal with this encoding can show."""
    return UNICODE if codecs.lookup(encoding).name == "utf-8" else ASCII


def measure(text: str, most: int, glyphs: Glyphs) -> int:
    """Return the cells a text wants, up to `most`."""
    return min(most, cell_len(glyphs.shown(text[: most * LONGEST])))


def fit(text: str, width: int, glyphs: Glyphs, pan: int = 0) -> str:
    """Return at most `width` cells of the text, panned as far right as it has more to show; cuts end in a sign."""
    most = (pan + width + 1) * LONGEST
    endless = len(text) > most
    text = glyphs.shown(text[:most])
    hidden = cell_len(text) - width
    if pan and hidden > 0:
        shift = min(pan, hidden)
        text = glyphs.more + split_text(text, shift + 1)[1]
        hidden -= shift
    if endless or hidden > 0:
        return (split_text(text, width - 1)[0] if hidden > -1 else text) + glyphs.more
    return text


def matcher(highlights: Sequence[str], glyphs: Glyphs) -> re.Pattern[str] | None:
    """Return a pattern that finds any of the highlights whatever their case, or None when there are none."""
    wanted = sorted({glyphs.shown(text) for text in highlights if text}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE) if wanted else None


def split_matches(text: str, pattern: re.Pattern[str] | None) -> Iterator[tuple[str, bool]]:
    """Split a text into pieces that match and pieces that do not."""
    at = 0
    for match in pattern.finditer(text) if pattern else ():
        if match.start() > at:
            yield text[at : match.start()], False
        yield match.group(), True
        at = match.end()
    if at < len(text):
        yield text[at:], False
