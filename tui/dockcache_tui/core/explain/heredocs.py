"""Files that a Dockerfile holds itself: what `COPY <<EOF` and `RUN <<EOF` take is made by an operation of their own."""

import stat
from base64 import b64decode
from os import fsencode

from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.headers import header
from dockcache_tui.core.explain.inputs import clean
from dockcache_tui.core.explain.op_keys import file_action
from dockcache_tui.core.explain.ops import Body, Op
from dockcache_tui.core.explain.tree import Entry, PathKind, Tree


def heredoc_tree(op: Op) -> Tree | None:
    """Return the files that an operation makes from nothing, None for one that does anything else."""
    if op.kind != "file" or op.inputs:
        return None
    actions = [file_action(one) for one in op.body["actions"]]
    if any(kind != "mkfile" or body.get("owner") for kind, body in actions):
        return None
    return Tree((_entry(body) for _, body in actions), root_header=digest(header(stat.S_IFDIR | 0o755)))


def _entry(body: Body) -> Entry:
    content = b64decode(body.get("data", ""))
    begun = header(stat.S_IFREG | body.get("mode", 0), len(content))
    return Entry(fsencode(clean(body["path"])[1:]), PathKind.FILE, digest(begun + content))
