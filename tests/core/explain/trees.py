"""Trees made of few words."""

from collections.abc import Iterator, Mapping

from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.tree import Entry, PathKind, Tree


def tree(files: Mapping[str, str | None]) -> Tree:
    """Return a tree: a text is a file's content, one that begins with `->` a link's target, None a folder."""
    return Tree(entries(files))


def entries(files: Mapping[str, str | None]) -> Iterator[Entry]:
    """Yield what such a tree is made of."""
    return (_entry(path, content) for path, content in files.items())


def hashed(content: str) -> str:
    """Return the digest that `tree` gives a file, link (by its `->`) or folder's header (by its name)."""
    return digest(content.encode())


def folder(header: str, *inside: tuple[str, str]) -> str:
    """Return the digest of a folder from that of its header and the names and digests in it."""
    parts = (f"\0{name}{one}" for name, one in inside)
    return digest(f"\0{header}{''.join(parts)}".encode())


def _entry(path: str, content: str | None) -> Entry:
    name = path.encode("utf-8", "surrogateescape")
    if content is None:
        return Entry(name, PathKind.FOLDER, digest(name))
    if content.startswith("->"):
        return Entry(name, PathKind.LINK, hashed(content), content.removeprefix("->").encode())
    return Entry(name, PathKind.FILE, hashed(content))
