"""Which step of a build a record's description names, and which cache scope a cache mount's id ends in."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.record import Record
from dockcache_tui.core.scope import BranchScope

CACHE_MOUNT = "exec.cachemount"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_JOINTS = "-_./:"
_PREFIX = re.compile(r"\[[^\]]*\] +")
_FLAGS = re.compile(r"(?:--\S+\s+)+")
_CONTEXT = re.compile(r"\[context ([^\]]+)\] load from client")
_VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\})")
_MOUNT = re.compile(r"--mount=(\S+)")
_WORD = re.compile(r"([a-z]+)=([^,]*)")
_SHELL = re.compile(r"^\S+(?: -\S+| pipefail)*? -\w*c ")
RAN = frozenset({StepState.BUILT, StepState.FALSE_HIT, StepState.RUNNING, StepState.FAILED, StepState.CANCELED})
FOREVER_NS = 2**63
"""The end of what has not ended."""
StepKey = tuple[str, str]
"""What kind of thing, and the text that names it in descriptions and in step names alike."""


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


def description_key(description: str) -> StepKey:
    """Return the key of a record's description (the texts are BuildKit's: solver ops, mounts and sources)."""
    head, made, command = description.partition(" from exec ")
    if made and head.startswith(("mount ", "cached mount ")):
        if head.startswith("cached ") and command.endswith('"'):
            command = command.rpartition(' with id "')[0] or command
        return "run", _unshelled(command)
    for start, kind in (("local source for ", "local"), ("pulled from ", "from")):
        if description.startswith(start):
            return kind, description.removeprefix(start).partition("@")[0]
    return name_key(description)


def name_key(name: str) -> StepKey:
    """Return the key of a step's name, without its `[stage n/m]`, which changes when other lines are added."""
    if name in ("[internal] load build context", "[internal] load .dockerignore"):
        return "local", "context"
    if name.startswith("[internal] load build definition"):
        return "local", "dockerfile"
    if context := _CONTEXT.fullmatch(name):
        return "local", context[1]
    prefix = _PREFIX.match(name)
    instruction = name[prefix.end() :] if prefix else name
    word, _, rest = instruction.partition(" ")
    rest = rest[flags.end() :] if (flags := _FLAGS.match(rest)) else rest
    if word == "RUN":
        return "run", _even(rest) if (words := _json_words(rest)) is None else _unshelled(" ".join(words))
    return ("from", rest.partition("@")[0]) if word == "FROM" else ("step", instruction)


def pattern_of(key: StepKey) -> re.Pattern[str]:
    """Return what a RUN's text is like when its variables are expanded, as BuildKit does in a step's name."""
    return re.compile(".*".join(map(re.escape, _VARIABLE.split(key[1]))), re.DOTALL)


def keys_of_record(record: Record) -> tuple[StepKey, ...]:
    """Return the keys that may name a record: a cache mount has its id too, by which other steps know it."""
    id_ = mount_id(record)
    return (description_key(record.description), *((("cache", id_.lstrip("/")),) if id_ else ()))


def keys_of_step(step: Step) -> tuple[StepKey, ...]:
    """Return the keys that a step names records by: its own, and those of the cache mounts among its flags."""
    return (name_key(step.name), *cache_mounts(step))


def cache_mounts(step: Step) -> Mapping[StepKey, Mapping[str, str]]:
    """Return the options of the cache mounts among a step's flags, by the keys that name their records."""
    mounts = (dict(_WORD.findall(flags)) for flags in _MOUNT.findall(step.name))
    named = ((mount.get("id") or mount_target(mount), mount) for mount in mounts if mount.get("type") == "cache")
    return {("cache", name.lstrip("/")): mount for name, mount in named if name}


def mount_target(mount: Mapping[str, str]) -> str:
    """Return where a mount is, from its options; empty where they do not say."""
    return mount.get("target") or mount.get("dst") or mount.get("destination") or ""


def _unshelled(arguments: str) -> str:
    """Return a command without the shell it is given to."""
    return _even(_SHELL.sub("", arguments))


def _even(command: str) -> str:
    return " ".join(command.split())


def _json_words(text: str) -> list[str] | None:
    if not text.startswith("["):
        return None
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None


def fitness(step: Step | None, at: Instant) -> int:
    """Return how well a step fits a moment: 3 it was running then, 2 it ran, 1 it did not run, 0 there is none."""
    if step is None or step.state not in RAN:
        return 0 if step is None else 1
    under_way = step.started_at is not None and step.started_at.ns <= at.ns
    return 3 if under_way and (step.completed_at is None or at.ns <= step.completed_at.ns) else 2
