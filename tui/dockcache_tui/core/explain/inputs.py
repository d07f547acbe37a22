"""What a step takes from each of its inputs: by which a record of it is found.

Rules as in BuildKit's solver/llbsolver/ops: exec.go, file.go and opsutils/contenthash.go.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.op_keys import file_action
from dockcache_tui.core.explain.ops import Body, Op
from dockcache_tui.core.explain.rules import KeyRules

_NO_FILES = {1, 2, 4}
"""Mounts of secrets, ssh and tmpfs."""
_CACHE_CONTENT, _NO_CACHE_CONTENT = 1, 2


@dataclass(frozen=True, slots=True)
class Taken:
    """Files that a step takes from an input: a path in it, perhaps with wildcards, and filters."""

    path: str
    follows: bool = False
    """A link at the path's end is followed."""
    wildcard: bool = False
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Tell whether it is just a path."""
        return not (self.wildcard or self.includes or self.excludes)


@dataclass(frozen=True, slots=True)
class InputKey:
    """How a step is found through one input.

    `selector` is empty where there is none, None where it can't be known; `taken` is what counts by content, empty
    for an input that is only matched by definition.
    """

    selector: str | None = ""
    taken: tuple[Taken, ...] = ()

    @property
    def paths(self) -> str:
        """Return all paths for people."""
        return ", ".join(one.path for one in self.taken)


def input_keys(op: Op, rules: KeyRules) -> tuple[InputKey, ...]:
    """Return how an operation is found through each of its inputs."""
    keys: dict[int, InputKey] = {}
    if not op.kind:
        return (InputKey(None),) * len(op.inputs)
    if op.kind == "exec":
        keys = _of_mounts(op.body.get("mounts") or (), rules)
    elif op.kind == "file":
        keys = _of_actions(op)
    return tuple(keys.get(number, InputKey()) for number in range(len(op.inputs)))


def taken_by(op: Op, number: int) -> tuple[Taken, ...]:
    """Return the files that an operation takes from one of its inputs, whether it is matched by them or not."""
    everything = (Taken("/"),)
    if op.kind == "file":
        return _of_actions(op).get(number, InputKey(taken=everything)).taken
    mounts = op.body.get("mounts") or () if op.kind == "exec" else ()
    paths = [clean(mount.get("selector", "")) for mount in mounts if mount.get("input", 0) == number]
    return _of_paths(paths) if paths else ()


def clean(path: str) -> str:
    """Return an absolute path without dots and doubled slashes."""
    return f"/{posixpath.normpath(f'/{path}').lstrip('/')}"


def _of_mounts(mounts: Iterable[Body], rules: KeyRules) -> dict[int, InputKey]:
    selectors: dict[int, list[str]] = defaultdict(list)
    by_content: dict[int, bool] = {}
    for mount in mounts:
        number = mount.get("input", 0)
        if number < 0 or mount.get("mountType", 0) in _NO_FILES:
            continue
        if rules.selects_roots or mount.get("selector"):
            selectors[number].append(clean(mount.get("selector", "")))
        counts = _counts_by_content(mount) if rules.selects_roots else _counted_by_content(mount)
        by_content[number] = counts and (rules.selects_roots or by_content.get(number, True))
    return {
        number: _key(selectors[number], _of_paths(selectors[number]) if content else ())
        for number, content in by_content.items()
    }


def _counts_by_content(mount: Body) -> bool:
    """Tell whether a mount has its input matched by content, where it is the input's last."""
    asked = mount.get("contentCache", 0)
    safe = mount.get("output", 0) == -1 or mount.get("readonly") or clean(mount.get("selector", "")) == "/"
    return bool(safe) and asked != _NO_CACHE_CONTENT and (asked == _CACHE_CONTENT or mount["dest"] != "/")


def _counted_by_content(mount: Body) -> bool:
    """Tell whether a mount lets its input be matched by content, where all of the input's do (before 0.13)."""
    return bool(mount.get("output", 0) == -1 or (mount.get("readonly") and mount["dest"] != "/"))


def _of_paths(selectors: Sequence[str]) -> tuple[Taken, ...]:
    if not selectors or "/" in selectors:
        return (Taken("/"),)
    return tuple(Taken(path, follows=True) for path in _outermost(selectors))


def _of_actions(op: Op) -> dict[int, InputKey]:
    taken: dict[int, list[Taken]] = defaultdict(list)
    changed = set()
    for told in op.body["actions"]:
        changed.add(told["input"])
        kind, body = file_action(told)
        for who, file in (("user", "/etc/passwd"), ("group", "/etc/group")):
            name = ((body.get("owner") or {}).get(who) or {}).get("User", {}).get("byName")
            if name is not None:
                taken[name.get("input", 0)].append(Taken(file, follows=True))
        if kind == "copy" and told["secondaryInput"] >= 0:
            taken[told["secondaryInput"]].append(_copied(body))
    return {
        number: _key(sorted((one.path for one in some), reverse=True), _thinned(some))
        for number, some in taken.items()
        if number not in changed
    }


def _copied(body: Body) -> Taken:
    path = body.get("src", "")
    return Taken(
        path,
        follows=body.get("followSymlink", False),
        wildcard=body.get("allowWildcard", False) and has_wildcard(path),
        includes=tuple(body.get("include_patterns") or ()),
        excludes=tuple(body.get("exclude_patterns") or ()),
        required=tuple(body.get("required_paths") or ()),
    )


def has_wildcard(path: str) -> bool:
    """Tell whether a path has a wildcard that no backslash takes away."""
    return re.search(r"(?s)^(?:[^\\*?\[]|\\.)*[*?\[]", path) is not None


def _thinned(some: Sequence[Taken]) -> tuple[Taken, ...]:
    """Return what is hashed, in order: plain paths once and without those below another, then sorted with the rest."""
    followed = _outermost([one.path for one in some if one.is_plain and one.follows])
    others = _outermost([one.path for one in some if one.is_plain and not one.follows])
    plain = [*map(Taken, others), *(Taken(path, follows=True) for path in followed)]
    return tuple(sorted([*plain, *(one for one in some if not one.is_plain)], key=lambda one: one.path))


def _outermost(paths: Iterable[str]) -> list[str]:
    once = set(paths)
    lengths = {len(path) for path in once}
    return sorted(path for path in once if not any(_is_below(path, length, once) for length in lengths))


def _is_below(path: str, length: int, others: set[str]) -> bool:
    """Tell whether a path is below another of a length."""
    ends = length < len(path) and "/" in (path[length], path[length - 1 : length])
    return ends and path[:length] in others


def _key(paths: Sequence[str], taken: tuple[Taken, ...]) -> InputKey:
    return InputKey(digest("\0".join(paths).encode()) if paths else "", taken)
