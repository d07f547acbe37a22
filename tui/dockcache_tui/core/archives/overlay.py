"""The tree that an image's layers make together, and what each layer did to it: one pass, memory by depth only."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby

from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, LayerChange
from dockcache_tui.core.archives.path import order_of

Moved = Mapping[tuple[int, str], int]
"""What paths of a layer count for, where that is not the bytes stored under them: hard links."""


@dataclass(frozen=True, slots=True)
class PathChange:
    """What a layer (by position) did to a path, or to what is below it; the fields are a TreeEntry's."""

    layer: int
    entry: FileEntry
    change: LayerChange
    size: int
    wasted: int
    children: int


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A path that ever was: `whole` tells what it is after all layers, `changes` who had a hand in it or below it.

    Numbers grow in the order of paths, a folder before what it holds; the root is 0 and its own parent.
    """

    number: int
    parent: int
    name: str
    whole: PathChange
    changes: tuple[PathChange, ...]


@dataclass(slots=True)
class _Sum:
    """What is below a folder."""

    size: int = 0
    wasted: int = 0
    children: int = 0

    def add(self, change: PathChange) -> None:
        self.size += change.size
        self.wasted += change.wasted
        self.children += 1


@dataclass(slots=True)
class _Frame:
    """A path while what is below it is read."""

    number: int
    path: str
    above: tuple[int, ...] = ()
    """The layers, lowest first, that hide all that lower ones have here, by what they do to a folder above."""
    puts: dict[int, FileEntry] = field(default_factory=dict)
    outs: set[int] = field(default_factory=set)
    cuts: set[int] = field(default_factory=set)
    """The layers that hide what lower ones have below, and not the path itself."""
    live: set[int] = field(default_factory=set)
    """The layers that put something below it, or take something away there, and so have a folder here."""
    whole: _Sum = field(default_factory=_Sum)
    sums: dict[int, _Sum] = field(default_factory=dict)
    below: tuple[int, ...] | None = None

    def hiders(self) -> tuple[int, ...]:
        """Return the layers that hide all that lower ones have below it."""
        if self.below is None:
            own = self.outs or self.cuts
            self.below = tuple(sorted({*self.above, *self.outs, *self.cuts})) if own else self.above
        return self.below


def overlay(layers: Sequence[Iterable[FileEntry]], moved: Moved | None = None) -> Iterator[TreeNode]:
    """Lay settled layers over each other, the lowest first; a folder is yielded after all that is below it.

    Parents that a layer lacks are made up, as engines do, for whiteouts too. What is hidden by a whiteout, an opaque
    folder or something else at its place or above is removed there, and its bytes are wasted.
    """
    stack = [_Frame(0, "", puts={0: FileEntry("", FileKind.FOLDER, mode=0o755)})]
    count = 1
    keyed = [_keyed(layer, number) for number, layer in enumerate(layers)]
    for _, group in groupby(merge(*keyed, key=lambda one: one[:2]), key=lambda one: one[0]):
        path = ""
        puts: dict[int, FileEntry] = {}
        outs: set[int] = set()
        cuts: set[int] = set()
        live: set[int] = set()
        for _, layer, entry in group:
            path = entry.path
            if entry.kind is FileKind.WHITEOUT:
                outs.add(layer)
            elif entry.kind is FileKind.OPAQUE:
                cuts.add(layer)
                live.add(layer)
            else:
                puts[layer] = entry
                if entry.kind is not FileKind.FOLDER:
                    cuts.add(layer)
        while stack[-1].path and not path.startswith(f"{stack[-1].path}/"):
            yield from _close(stack, moved or {})
        if not path:
            stack[0].puts.update(puts)
            stack[0].cuts |= cuts
            continue
        for end in _folder_ends(path, len(stack[-1].path)):
            stack.append(_Frame(count, path[:end], stack[-1].hiders()))
            count += 1
        stack.append(_Frame(count, path, stack[-1].hiders(), puts, outs, cuts, live))
        count += 1
    while stack:
        yield from _close(stack, moved or {})


def _keyed(layer: Iterable[FileEntry], number: int) -> Iterator[tuple[bytes, int, FileEntry]]:
    for entry in layer:
        yield order_of(entry.path), number, entry


def _folder_ends(path: str, begin: int) -> Iterator[int]:
    """Yield where the folders between an ancestor's path and this path end."""
    at = path.find("/", begin + 1)
    while at > 0:
        yield at
        at = path.find("/", at + 1)


def _close(stack: list[_Frame], moved: Moved) -> Iterator[TreeNode]:
    """Take the last frame off, tell its parent and yield its node; a path that never was has none."""
    frame = stack.pop()
    whole, changes = _told(frame, moved)
    parent = stack[-1] if stack else None
    if parent:
        parent.live |= {*frame.live, *frame.puts, *frame.outs}
    if whole is None:
        return
    if parent:
        parent.whole.add(whole)
        for change in changes:
            parent.sums.setdefault(change.layer, _Sum()).add(change)
    name = frame.path.rpartition("/")[2]
    yield TreeNode(frame.number, parent.number if parent else 0, name, whole, tuple(changes))


def _told(frame: _Frame, moved: Moved) -> tuple[PathChange | None, list[PathChange]]:
    """Follow a path through the layers."""
    now: FileEntry | None = None
    held = 0
    last: tuple[int, FileEntry, LayerChange] | None = None
    wasted = 0
    changes = []
    hiders = _hiders(frame)
    for layer in sorted({*frame.puts, *frame.live, *frame.sums, *hiders}):
        before, hid = now, held
        if layer in hiders:
            now = None
        if layer in frame.puts:
            now = frame.puts[layer]
            held = moved.get((layer, frame.path), now.size)
        elif layer in frame.live and (now is None or now.kind is not FileKind.FOLDER):
            now, held = FileEntry(frame.path, FileKind.FOLDER, mode=0o755), 0
        change = _change(before, now)
        entry = now or before
        below = frame.sums.get(layer)
        if entry is None or (change is LayerChange.SAME and below is None):
            continue
        below = below or _Sum()
        gone = hid if before and before is not now else 0
        put = held if now and now is not before else 0
        wasted += gone
        if change is not LayerChange.SAME:
            last = layer, entry, change
        changes.append(PathChange(layer, entry, change, below.size + put, below.wasted + gone, below.children))
    if last is None:
        return None, []
    layer, entry, change = last
    below = frame.whole
    size = below.size + (held if now else 0)
    return PathChange(layer, entry, change, size, below.wasted + wasted, below.children), changes


def _hiders(frame: _Frame) -> set[int]:
    """Return the layers that hide what the path was before: of those above only the next after one that put it."""
    if not frame.above:
        return frame.outs
    after = (bisect_right(frame.above, layer) for layer in {*frame.puts, *frame.live})
    return frame.outs | {frame.above[at] for at in after if at < len(frame.above)}


def _change(before: FileEntry | None, now: FileEntry | None) -> LayerChange:
    """Tell what became of a path; a folder that a layer only passes through is the same, whatever its time."""
    if before is None:
        return LayerChange.SAME if now is None else LayerChange.ADDED
    if now is None:
        return LayerChange.REMOVED
    if before is now:
        return LayerChange.SAME
    if before.kind is now.kind is FileKind.FOLDER and _rights(before) == _rights(now):
        return LayerChange.SAME
    return LayerChange.CHANGED


def _rights(entry: FileEntry) -> tuple[int, int, int]:
    return entry.mode, entry.uid, entry.gid


WHITEOUTS = frozenset({FileKind.WHITEOUT, FileKind.OPAQUE})


def settle(entries: Iterable[FileEntry], dropped: Callable[[FileEntry], None]) -> Iterator[FileEntry]:
    """Yield of entries in `order_of` order (equal paths as they were read) those that stand, whiteouts first.

    Whiteouts are for the layers below only, whatever their place among the members (OCI image specification). What
    lies below something that is not a folder can't be unpacked: it is `dropped`.
    """
    blocked = ""
    for path, same in groupby(entries, key=lambda entry: entry.path):
        last: FileEntry | None = None
        kinds: dict[FileKind, FileEntry] = {}
        for entry in same:
            if entry.kind in WHITEOUTS:
                kinds[entry.kind] = entry
            else:
                last = entry
        if blocked and path.startswith(blocked):
            if last:
                dropped(last)
            continue
        yield from kinds.values()
        if last:
            yield last
            blocked = "" if last.kind is FileKind.FOLDER else f"{path}/"
