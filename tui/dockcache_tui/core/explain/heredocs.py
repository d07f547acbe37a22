"""Files that a Dockerfile holds itself: what `COPY <<EOF` and `RUN <<EOF` take is made by an operation of their own."""

import stat
from base64 import b64decode
from hashlib import sha256
from os import fsencode

from dockcache_tui.core.explain.context import SentFile
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.headers import header
from dockcache_tui.core.explain.inputs import clean
from dockcache_tui.core.explain.op_keys import file_action
from dockcache_tui.core.explain.ops import Body, Op
from dockcache_tui.core.explain.tree import Entry, PathKind, Tree


def heredoc_files(op: Op) -> tuple[SentFile, ...] | None:
    """Return the files that an operation makes from nothing, None for one that does anything else."""
    if op.kind != "file" or op.inputs:
        return None
    actions = [file_action(one) for one in op.body["actions"]]
    if any(kind != "mkfile" or body.get("owner") for kind, body in actions):
        return None
    return tuple(_file(body) for _, body in actions)


def heredoc_tree(op: Op) -> Tree | None:
    """Return the same files as a step that takes them finds them."""
    files = heredoc_files(op)
    if files is None:
        return None
    entries = (Entry(file.path, PathKind.FILE, file.digest) for file in files)
    return Tree(entries, root_header=digest(header(stat.S_IFDIR | 0o755)))


def _file(body: Body) -> SentFile:
    content = b64decode(body.get("data", ""))
    mode = stat.S_IFREG | body.get("mode", 0)
    named = fsencode(clean(body["path"])[1:])
    hashed = digest(header(mode, len(content)) + content)
    return SentFile(named, mode, hashed, len(content), content=sha256(content).hexdigest())
