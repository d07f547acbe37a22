"""Logs within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.builds.progress import LINE_BYTES, LogView, StepLog


def view_of(*chunks: bytes) -> tuple[str, ...]:
    """Return the lines that chunks of one stream make."""
    log = StepLog()
    for chunk in chunks:
        log.append(chunk)
    return log.view().lines


def test_partial_lines_are_joined() -> None:
    """Chunks are joined to lines, and an unfinished line is shown as it stands."""
    assert view_of(b"one\ntw", b"o\nthr") == ("one", "two", "thr")


def test_streams_do_not_mix_within_a_line() -> None:
    """Unfinished lines of stdout and stderr stay apart."""
    log = StepLog()
    log.append(b"out", 1)
    log.append(b"err", 2)
    log.append(b"put\n", 1)
    assert log.view().lines == ("output", "err")


def test_progress_lines_show_their_last_state() -> None:
    """A line drawn over itself with carriage returns reads as it last looked."""
    assert view_of(b"10%\r50%\r100%\r\nnext\r\n") == ("100%", "next")


def test_bytes_that_are_no_text_are_literal() -> None:
    """Invalid UTF-8 reads as backslash escapes and escape sequences stay as they are."""
    assert view_of(b"\xff\xc3(\n\x1b[31m\n") == ("\\xff\\xc3(", "\x1b[31m")


def test_bounds() -> None:
    """Oldest lines go first, by number and by bytes, and are counted."""
    log = StepLog(max_bytes=10, max_lines=3)
    log.append(b"1\n2\n3\n4\n")
    assert log.view() == LogView(("2", "3", "4"), 1)
    log.append(b"123456789\n")
    assert log.view() == LogView(("4", "123456789"), 3)


def test_endless_line_is_broken() -> None:
    """A line without end does not grow without end."""
    lines = view_of(*[b"x" * 1_000] * 100)
    assert max(map(len, lines)) == LINE_BYTES
    assert sum(map(len, lines)) == 100_000


@given(st.lists(st.binary(max_size=20)))
def test_cuts_do_not_matter(chunks: list[bytes]) -> None:
    """However output is cut into chunks, the lines are the same."""
    assert view_of(*chunks) == view_of(b"".join(chunks))
