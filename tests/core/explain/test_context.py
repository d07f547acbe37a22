"""The files of a context as its builder has them."""

import stat

import pytest

from core.explain.test_content import rules
from core.explain.trees import folder
from dockcache_tui.core.explain.content import content_digest
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.inputs import InputKey, Taken

A, D, X = (digest(text) for text in (b"a", b"d", b"x"))
FILES = (
    SentFile(b"a", stat.S_IFREG | 0o644, A),
    SentFile(b"d", stat.S_IFDIR | 0o755, D),
    SentFile(b"d/x", stat.S_IFREG | 0o644, X),
    SentFile(b"l", stat.S_IFLNK | 0o777, digest(b"l"), link=b"d/x"),
)
WHOLE = folder(digest(b""), ("a", A), ("d", folder(D, ("x", X))), ("l", digest(b"l")))


def taken(context: Context, *paths: Taken) -> str | None:
    """Return the digest of what an instruction takes."""
    return content_digest(context.tree, InputKey(taken=paths), rules())


def test_tree() -> None:
    """Files, folders and links stand in the tree with their digests, a link followed to what it points to."""
    context = Context("context", "/p", FILES)
    assert taken(context, Taken("/l", follows=True)) == digest(X.encode())
    assert taken(context, Taken("/")) == digest(WHOLE.encode())


def test_what_the_builder_kept() -> None:
    """What a builder kept from before stands in place of what is on disk."""
    context = Context("context", "/p", FILES, kept=(SentFile(b"d/x", stat.S_IFREG | 0o644, digest(b"old")),))
    assert taken(context, Taken("/d/x")) == digest(digest(b"old").encode())
    assert taken(context, Taken("/a")) == digest(A.encode())


@pytest.mark.parametrize("unsure", [(), (b"d/x",), (b"",)])
def test_a_tree_made_from_that_of_another_context(unsure: tuple[bytes, ...]) -> None:
    """It is the same as one made of all files, whatever is not known of either."""
    first = Context("context", "/p", FILES, unsure=unsure)
    other = (SentFile(b"a", stat.S_IFREG | 0o644, X), *FILES[1:3], SentFile(b"new", stat.S_IFREG, A))
    for kept in ((), (SentFile(b"d/x", stat.S_IFREG | 0o644, D),)):
        second = Context("context", "/p", other, kept=kept)
        for one, like in ((second, first), (first, second)):
            made = one.tree_from(like)
            assert list(made.keys_from(b"")) == list(one.tree.keys_from(b""))
            assert made.at(b"/", follows=False) == one.tree.at(b"/", follows=False)


@pytest.mark.parametrize("unread", [False, True])
def test_what_is_not_known(unread: bool) -> None:  # noqa: FBT001
    """What takes a file that is not known has no digest, as none of the folders around it; what takes others has."""
    if unread:
        files = tuple(SentFile(file.path, file.mode, link=file.link) if file.path == b"d/x" else file for file in FILES)
        context = Context("context", "/p", files)
    else:
        context = Context("context", "/p", FILES, unsure=(b"d/x",))
    unknown = (
        Taken("/d/x"),
        Taken("/d"),
        Taken("/"),
        Taken("/l", follows=True),
        Taken("/d/*", wildcard=True),
        Taken("/l*", follows=True, wildcard=True),
        Taken("/", excludes=("a",)),
    )
    for one in unknown:
        assert taken(context, one) is None
        assert taken(context, Taken("/a"), one) is None
    for known in (Taken("/a"), Taken("/l"), Taken("/", excludes=("d",)), Taken("/d", excludes=("x",))):
        assert taken(context, known) is not None
