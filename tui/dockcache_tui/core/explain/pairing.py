"""Which operation of an earlier build is which of a later one: equal ones first, then those in the same place."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.op_keys import action_kind, file_action
from dockcache_tui.core.explain.ops import Op

_MAX_COMPARED = 200
"""Operations left over on a side that are compared with those of the other."""


def pair(old: KeyedGraph, new: KeyedGraph) -> Mapping[str, str]:
    """Return the old operation of each new one that has one; no old one has two."""
    return _Pairing(old, new).all()


class _Pairing:
    def __init__(self, old: KeyedGraph, new: KeyedGraph) -> None:
        self._old, self._new = old, new
        self._pairs: dict[str, str] = {}
        self._left = dict.fromkeys(old.ops)
        self._users, self._new_users = _users(old), _users(new)
        self._alike: dict[tuple[str, str], float] = {}

    def all(self) -> Mapping[str, str]:
        for op in self._new.ops.values():
            equal = [one for one in self._left if self._is_equal(one, op.id)]
            if equal:
                self._take(op.id, max(equal, key=lambda one: self._place(one, op)))
        for new, old in sorted(self._of_one_text(), reverse=True):
            if new not in self._pairs and old in self._left:
                self._take(new, old)
        while best := max(self._candidates(), default=None):
            self._take(best[-2], best[-1])
        return self._pairs

    def _take(self, new: str, old: str) -> None:
        self._pairs[new] = old
        del self._left[old]

    def _is_equal(self, old: str, new: str) -> bool:
        one, other = self._old.ops[old], self._new.ops[new]
        return bool(_name(one) and _name(one) == _name(other)) or self._has_key(old, new)

    def _has_key(self, old: str, new: str) -> bool:
        return not set(self._old.keys[old].known).isdisjoint(self._new.keys[new].known)

    def _place(self, old: str, op: Op) -> tuple[bool, int]:
        """Return whether an old operation has the key of one, and how many of its inputs."""
        inputs = self._old.ops[old].inputs
        paired = sum(self._pairs.get(edge.op) == one.op for edge, one in zip(op.inputs, inputs, strict=False))
        return self._has_key(old, op.id), paired

    def _of_one_text(self) -> Iterator[tuple[str, str]]:
        """Yield all pairs of what is left that have one text."""
        olds: dict[object, list[str]] = defaultdict(list)
        for old in self._left:
            olds[_kind(self._old.ops[old]), *_words(self._old.ops[old])].append(old)
        for op in self._new.ops.values():
            if op.id not in self._pairs:
                yield from ((op.id, old) for old in olds.get((_kind(op), *_words(op)), ()))

    def _candidates(self) -> Iterator[tuple[float, str, str]]:
        """Yield pairs of what is left that stand in one place, or are sources, with how alike they are."""
        left = [op for op in self._new.ops.values() if op.id not in self._pairs][:_MAX_COMPARED]
        for op in left:
            for old in list(self._left)[:_MAX_COMPARED]:
                if _kind(self._old.ops[old]) == _kind(op):
                    alike = self._likeness(old, op)
                    if self._is_in_place(old, op) or (alike > 0 and not op.inputs):
                        yield alike, op.id, old

    def _likeness(self, old: str, op: Op) -> float:
        if (old, op.id) not in self._alike:
            words = _words(self._old.ops[old]), _words(op)
            self._alike[old, op.id] = SequenceMatcher(None, *words, autojunk=False).ratio()
        return self._alike[old, op.id]

    def _is_in_place(self, old: str, op: Op) -> bool:
        """Tell whether both stand on one operation, or the same one stands on them."""
        bases = self._old.ops[old].inputs[:1], op.inputs[:1]
        on_one = bool(bases[0] and bases[1]) and self._pairs.get(bases[1][0].op) == bases[0][0].op
        user, new_user = self._users.get(old), self._new_users.get(op.id)
        under_one = (
            user is not None and new_user is not None and (self._pairs.get(new_user) if new_user else "") == user
        )
        return on_one or under_one


def _users(graph: KeyedGraph) -> Mapping[str, str]:
    """Return what stands on each operation first; the end of a graph is called nothing."""
    told = graph.graph.ops.ops if graph.graph.ops else ()
    return {edge.op: op.id if op.id in graph.ops else "" for op in told for edge in op.inputs[:1]}


def _name(op: Op) -> str:
    """Return what tells a source from others, whatever it came to."""
    return re.sub("@sha256:.*", "", op.body["identifier"]) if op.kind == "source" else ""


def _kind(op: Op) -> tuple[str, str]:
    return op.kind, action_kind(op) or _name(op).partition("://")[0]


def _words(op: Op) -> list[str]:
    if op.kind == "exec":
        return [word for one in op.body["meta"].get("args") or () for word in one.split()]
    if op.kind == "file":
        bodies = [file_action(one)[1] for one in op.body["actions"]]
        return [str(body[name]) for body in bodies for name in ("src", "path", "dest") if name in body]
    return re.split("[/:#]", _name(op))
