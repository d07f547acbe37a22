"""What a builder keeps of its copy of a context, and which files it is sent."""

import stat
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.copies import bytes_received, kept_files, sent_files

FILE = SentFile(b"f", stat.S_IFREG | 0o644, "sha256:1", 5, 7)
FOLDER = SentFile(b"f", stat.S_IFDIR | 0o755, "sha256:1", 0, 7)


@pytest.mark.parametrize(
    ("old", "new", "stays"),
    [
        (FILE, replace(FILE, digest="sha256:2"), True),
        (FILE, FILE, False),
        (FILE, replace(FILE, digest="sha256:2", mtime_ns=8), False),
        (FILE, replace(FILE, digest="sha256:2", size=6), False),
        (FILE, replace(FILE, digest="sha256:2", mode=stat.S_IFREG | 0o755), False),
        (FILE, replace(FILE, digest="sha256:2", hard_link=b"e"), False),
        (FILE, replace(FILE, path=b"g", digest="sha256:2"), False),
        (FOLDER, replace(FOLDER, digest="sha256:2", mode=stat.S_IFDIR | 0o700, mtime_ns=8), True),
        (FOLDER, FILE, False),
    ],
)
def test_what_stays(old: SentFile, new: SentFile, stays: bool) -> None:  # noqa: FBT001
    """A builder keeps what looks the same though it is not, and of a folder what it was at first."""
    assert kept_files((old,), (new,)) == ((old,) if stays else ())


def test_a_new_link_to_what_stays() -> None:
    """A hard link to a file that stays as it was is one to the old file, unless it was there."""
    new = replace(FILE, digest="sha256:2")
    link = replace(new, path=b"g", hard_link=b"f")
    kept = replace(FILE, path=b"g", hard_link=b"f")
    assert kept_files((FILE,), (new, link)) == (FILE, kept)
    assert kept_files((FILE, link), (new, link)) == (FILE,)
    assert kept_files((FILE,), (new, replace(link, digest=FILE.digest))) == (FILE,)


TREE = {
    "a.txt": "",
    "d": None,
    "d/l": "../e/x",
    "d/y": "",
    "e": None,
    "e/x": "",
    "e/z": "",
    "l": "d",
    "m": "/l/l",
    "n.txt": "a.txt",
    "self": "self",
}


def files() -> tuple[SentFile, ...]:
    """Return a tree with links."""
    return tuple(_file(path, link) for path, link in TREE.items())


def _file(path: str, link: str | None) -> SentFile:
    kind = stat.S_IFDIR if link is None else stat.S_IFLNK if link else stat.S_IFREG
    return SentFile(path.encode(), kind | 0o755, path, link=(link or "").encode())


@pytest.mark.parametrize(
    ("follow", "sent"),
    [
        ((), list(TREE)),
        (("/",), list(TREE)),
        (("d",), ["d", "d/l", "d/y"]),
        (("d/y", "gone"), ["d", "d/y"]),
        (("d/l",), ["d", "d/l", "e", "e/x"]),
        (("l",), ["d", "d/l", "d/y", "l"]),
        (("l/y",), ["d", "d/y", "l"]),
        (("m",), ["d", "d/l", "e", "e/x", "l", "m"]),
        (("*.txt",), ["a.txt", "n.txt"]),
        (("n*",), ["a.txt", "n.txt"]),
        (("e/*", "gone*/x"), ["e", "e/x", "e/z"]),
        (("*/x",), list(TREE)),
        (("self/x",), ["self"]),
    ],
)
def test_what_is_sent(follow: Sequence[str], sent: list[str]) -> None:
    """The paths are sent, what links on their way lead to, and the folders above; of a wildcard with links all."""
    assert [file.path.decode() for file in sent_files(files(), follow)] == sent


def test_hard_links_to_what_is_not_sent() -> None:
    """The first link to a file that is not sent is sent as the file, and others as links to that."""
    links = tuple(replace(FILE, path=path, hard_link=b"a") for path in (b"d.x", b"d/e", b"z"))
    all_files = (replace(FILE, path=b"a"), replace(FOLDER, path=b"d"), *links)
    sent = {file.path: file.hard_link for file in sent_files(all_files, ["d*", "z"])}
    assert sent == {b"d": b"", b"d/e": b"", b"d.x": b"d/e", b"z": b"d/e"}
    assert sent_files(all_files, ["a", "z"]) == (all_files[0], links[2])


@given(st.lists(st.text("adelmnx/.*self", max_size=6), max_size=4))
def test_any_paths(follow: list[str]) -> None:
    """Whatever is named, loops of links included, what is sent is a part of what is there."""
    assert set(sent_files(files(), follow)) <= set(files())


def test_bytes() -> None:
    """A builder without a copy receives all bytes and some for each file, a hard link's not twice."""
    big = replace(FILE, size=100_000)
    assert 100_000 < bytes_received((big,)) < 100_200
    assert bytes_received((FOLDER,)) < 40
    hard = replace(big, path=b"g", hard_link=b"f")
    assert bytes_received((big, hard)) - bytes_received((big,)) == 17


def test_bytes_for_a_builder_with_a_copy() -> None:
    """It asks for what looks otherwise than in its copy, or is not there, and for nothing of a folder."""
    whole, again = bytes_received((FILE,)), bytes_received((FILE,), (replace(FILE, digest="sha256:2"),))
    assert whole - again == 5 + 6
    assert bytes_received((FILE,), (replace(FILE, mtime_ns=8),)) == whole
    assert bytes_received((FILE,), (replace(FILE, path=b"g"),)) == whole
    assert bytes_received((FOLDER,), (replace(FOLDER, mode=0o40700),)) == bytes_received((FOLDER,))
