"""What a cache mount's id tells: the cache scope that it ends in, and the branches of that scope."""

import re
from collections import defaultdict
from collections.abc import Iterable

from dockcache_tui.core.records.record import Record
from dockcache_tui.core.scope import BranchScope

CACHE_MOUNT = "exec.cachemount"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_JOINTS = "-_./:"


def mount_id(record: Record) -> str | None:
    """Return a cache mount's id, read from `cached mount PATH from exec ARGS with id "ID"`; None when it says none.

    BuildKit quotes the id as Go's %q does: an escaped quote or backslash is undone, any other escape stays as written.
    """
    head, _, tail = record.description.rpartition(' with id "')
    if record.type != CACHE_MOUNT or not head.startswith("cached mount ") or not tail.endswith('"'):
        return None
    return re.sub(r'\\(["\\])', r"\1", tail[:-1])


def sanitised(branch: BranchScope) -> str:
    """Return how a ref's name looks in a cache scope: whatever is not a letter, digit, `.`, `_` or `-` is a dash."""
    return _UNSAFE.sub("-", re.sub(r"^refs/(heads|tags|pull)/", "", branch.ref))


class ScopeIndex:
    """Known branches by the cache scope they leave at the end of a mount's id."""

    def __init__(self, branches: Iterable[BranchScope]) -> None:
        """Index the branches; several may share a scope, as `a/b` and `a-b` do."""
        by_scope: defaultdict[str, set[BranchScope]] = defaultdict(set)
        for branch in branches:
            by_scope[sanitised(branch)].add(branch)
        self._by_scope = {scope: tuple(sorted(found)) for scope, found in by_scope.items() if scope}
        self._longest = max(map(len, self._by_scope), default=0)

    def find(self, id_: str) -> tuple[str | None, tuple[BranchScope, ...]]:
        """Return the longest known scope that the id is, or ends in after one of `-_./:`, and its branches."""
        for start in range(max(0, len(id_) - self._longest), len(id_)):
            if (start == 0 or id_[start - 1] in _JOINTS) and (branches := self._by_scope.get(id_[start:])):
                return id_[start:], branches
        return None, ()
