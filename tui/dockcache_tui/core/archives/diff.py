"""What makes two archives differ: configs, layers by digest, then files by content, mode, owner and time."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Fault, Image, Layer
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, xattr_text
from dockcache_tui.core.archives.path import order_of
from dockcache_tui.core.wording import cut


@dataclass(frozen=True, slots=True)
class LayerDiff:
    """A layer of either side; both sides when the digests agree."""

    first: Layer | None
    second: Layer | None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A path whose entries differ, and in what.

    That is `content`, `kind`, `link`, `device`, `mode`, `owner`, `xattr`, `time`, or `added` or `removed` alone.
    """

    path: str
    first: FileEntry | None
    second: FileEntry | None
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImageDiff:
    """One platform of both archives; `first` or `second` is None where only the other has it."""

    platform: str
    first: Image | None
    second: Image | None
    layers: tuple[LayerDiff, ...]
    files: tuple[FileDiff, ...]
    config: tuple[str, ...] = ()
    """What differs in the config, as lines."""
    counts: tuple[tuple[str, int], ...] = ()
    """How many paths are `added`, `removed`, or differ in `content`, `mode`, ...; all of them."""
    left_off: int = 0
    """How many differing paths `files`, which has what matters most first, has no room for."""
    paths: int = 0
    """How many paths differ in all."""


@dataclass(frozen=True, slots=True)
class ArchiveDiff:
    """Two archives, platform by platform."""

    images: tuple[ImageDiff, ...]
    faults: tuple[Fault, ...] = ()
    """What could not be read of either: it may look like a difference."""

    @property
    def same(self) -> bool:
        """Tell whether nothing differs that a container could see."""
        return all(image.first and image.second and not image.files and not image.config for image in self.images)


MAX_LINES = 200
_MAX_SHOWN = 200
_LAYERS = "rootfs"
"""Says what the layers' digests say."""

Json = object
"""What a JSON document decodes to."""


def diff_configs(first: Json, second: Json) -> tuple[str, ...]:
    """Return a line for each value that differs, such as `config.Env.PATH: /bin, then /usr/bin`."""
    one, other = dict(_flat(first)), dict(_flat(second))
    steps = sum(one.get(path) != value for path, value in other.items() if _is_step_time(path) and path in one)
    paths = [path for path in {**one, **other} if one.get(path) != other.get(path)]
    lines = [
        f"{cut(path, _MAX_SHOWN)}: {_shown(one, path)}, then {_shown(other, path)}"
        for path in paths
        if not (_is_step_time(path) and path in one and path in other)
    ]
    if steps:
        lines.append(f"history: {steps:,} steps have another time" if steps > 1 else "history: a step has another time")
    more = len(lines) - MAX_LINES
    return (*lines[:MAX_LINES], f"and {more:,} more values") if more > 0 else tuple(lines)


def _flat(document: Json) -> Iterator[tuple[str, str]]:
    """Yield every value with the path to it; an environment variable goes by its name."""
    todo: list[tuple[str, Json]] = [("", document)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, Mapping):
            todo += [(f"{path}.{key}" if path else str(key), below) for key, below in value.items()][::-1]
        elif isinstance(value, list):
            todo += [(_item(path, number, below), _value(path, below)) for number, below in enumerate(value)][::-1]
        elif path.partition(".")[0] != _LAYERS and value not in (None, "", False):
            yield path, str(value)


def _item(path: str, number: int, value: Json) -> str:
    if _is_env(path) and isinstance(value, str):
        return f"{path}.{value.partition('=')[0]}"
    return f"{path}.{number}"


def _value(path: str, value: Json) -> Json:
    return value.partition("=")[2] if _is_env(path) and isinstance(value, str) else value


def _is_env(path: str) -> bool:
    return path == "config.Env"


def _is_step_time(path: str) -> bool:
    return path.startswith("history.") and path.endswith(".created")


def _shown(values: Mapping[str, str], path: str) -> str:
    return cut(values[path], _MAX_SHOWN) if path in values else "nothing"


ADDED, REMOVED = "added", "removed"
DIFFERENCES = ("content", "kind", "link", "device", "mode", "owner", "xattr", ADDED, REMOVED, "time")
"""In what paths differ, what matters most first."""
MAX_FILES = 10_000
"""So many differing paths of an image are kept unless more are asked for."""


def diff_layers(first: Image, second: Image) -> tuple[LayerDiff, ...]:
    """Pair the layers that have files by digest, in the first's order; then those only the second has."""
    left: defaultdict[str, dict[int, Layer]] = defaultdict(dict)
    for number, layer in reversed([*enumerate(_layers(second))]):
        left[layer.digest][number] = layer
    found = [
        LayerDiff(layer, left[layer.digest].popitem()[1] if left[layer.digest] else None) for layer in _layers(first)
    ]
    rest = {number: layer for numbered in left.values() for number, layer in numbered.items()}
    return (*found, *(LayerDiff(None, rest[number]) for number in sorted(rest)))


def same_layers(first: Image, second: Image) -> bool:
    """Tell whether both have the same layers in the same order, and so the same files."""
    return [layer.digest for layer in _layers(first)] == [layer.digest for layer in _layers(second)]


def diff_files(first: Iterable[FileEntry], second: Iterable[FileEntry]) -> Iterator[FileDiff]:
    """Compare two trees whose entries come in the order of paths; yields what differs, memory of one entry each."""
    firsts, seconds = iter(first), iter(second)
    one, other = next(firsts, None), next(seconds, None)
    while one or other:
        if other is None or (one and order_of(one.path) < order_of(other.path)):
            yield FileDiff(one.path if one else "", one, None, (REMOVED,))
            one = next(firsts, None)
        elif one is None or order_of(other.path) < order_of(one.path):
            yield FileDiff(other.path, None, other, (ADDED,))
            other = next(seconds, None)
        else:
            if differs := what_differs(one, other):
                yield FileDiff(one.path, one, other, differs)
            one, other = next(firsts, None), next(seconds, None)


def what_differs(first: FileEntry, second: FileEntry) -> tuple[str, ...]:
    """Return in what two entries differ; those of another kind have another content anyway.

    Whatever mode a header gives a symbolic link, Linux keeps none: it is no difference.
    """
    kind = first.kind is second.kind
    bytes_ = kind and first.kind is FileKind.FILE and (first.size, first.digest) != (second.size, second.digest)
    if kind and first.kind is FileKind.HARDLINK and first.digest and second.digest:
        bytes_ = first.digest != second.digest
    checks = (
        ("kind", not kind),
        ("content", bytes_),
        ("link", kind and first.link != second.link),
        ("device", kind and first.device != second.device),
        ("mode", first.mode != second.mode and not (kind and first.kind is FileKind.SYMLINK)),
        ("owner", (first.uid, first.gid) != (second.uid, second.gid)),
        ("xattr", first.xattrs != second.xattrs),
        ("time", first.modified_at != second.modified_at),
    )
    return tuple(word for word, holds in checks if holds)


def counted(
    files: Iterable[FileDiff], most: int, only: Collection[str] = ()
) -> tuple[tuple[FileDiff, ...], tuple[tuple[str, int], ...], int, int]:
    """Return the paths that matter most, how many differ in what, how many were left off, and how many differ in all.

    With `only` just paths that differ in one of these are kept or left off; all are counted.
    """
    kept: list[list[FileDiff]] = [[] for _ in DIFFERENCES]
    counts: Counter[str] = Counter()
    total = held = left_off = 0
    for file in files:
        total += 1
        counts.update(file.differs)
        if only and not {*only} & {*file.differs}:
            continue
        kept[min(map(DIFFERENCES.index, file.differs))].append(file)
        held += 1
        if held > most:
            next(rank for rank in reversed(kept) if rank).pop()
            held, left_off = held - 1, left_off + 1
    told = tuple((word, counts[word]) for word in DIFFERENCES if word in counts)
    return tuple(file for rank in kept for file in rank), told, left_off, total


def changes(file: FileDiff) -> tuple[str, ...]:
    """Return each thing in which both sides of a path differ, what it was and what it is, what matters most first."""
    if file.first is None or file.second is None:
        return ()
    words = sorted(file.differs, key=DIFFERENCES.index)
    return tuple(f"{word} {_value_of(file.first, word)} -> {_value_of(file.second, word)}" for word in words)


def _value_of(entry: FileEntry, word: str) -> str:
    if word == "content":
        return f"{entry.digest[7:19] or 'unread'} ({wording.size(entry.size)})"
    if word == "xattr":
        return ", ".join(f"{name}={xattr_text(name, value)}" for name, value in entry.xattrs) or "none"
    values = {
        "kind": entry.kind.value,
        "link": entry.link,
        "device": entry.device,
        "mode": f"{entry.mode:04o}",
        "owner": f"{entry.uid}:{entry.gid}",
        "time": entry.modified_at,
    }
    return str(values[word])


def pairs_of(first: Sequence[Image], second: Sequence[Image]) -> tuple[tuple[Image | None, Image | None], ...]:
    """Pair images of the same platform: those of a digest, then those of a name, then as they come."""
    ones, others = _comparable(first), _comparable(second)
    if len(ones) == len(others) == 1 and "" in {ones[0].platform, others[0].platform}:
        return ((ones[0], others[0]),)
    pairs: dict[int, Image] = {}
    for alike in (_same_digest, _same_name, _same_platform):
        for position, one in enumerate(ones):
            twin = next((other for other in others if alike(one, other)), None)
            if position not in pairs and twin:
                pairs[position] = twin
                others.remove(twin)
    return (
        *((one, pairs.get(position)) for position, one in enumerate(ones)),
        *((None, other) for other in others),
    )


def verdict(diff: ImageDiff) -> str:
    """Say in one sentence what makes two images differ."""
    first, second, counts = diff.first, diff.second, dict(diff.counts)
    if first is None or second is None:
        return f"Only the {'second' if first is None else 'first'} has this platform."
    if first.digest == second.digest:
        return "They are the same image."
    if counts:
        return _of_files(counts, diff.paths)
    if same_layers(first, second):
        return "Their layers are the same; only their configs differ." if diff.config else "Their layers are the same."
    if [layer.diff_id for layer in _layers(first)] == [layer.diff_id for layer in _layers(second)]:
        return "Their layers unpack to the same tars and are packed differently."
    return "Their files are the same; the tars of their layers are cut or ordered differently."


def _of_files(counts: dict[str, int], paths: int) -> str:
    if set(counts) == {"time"}:
        return (
            f"Only times differ, of {wording.count(paths, 'path')}:"
            " SOURCE_DATE_EPOCH and rewrite-timestamp=true make builds the same."
        )
    words = [f"{word} in {count:,}" for word, count in counts.items() if word not in {ADDED, REMOVED}]
    words += [f"{counts[word]:,} {word}" for word in (ADDED, REMOVED) if word in counts]
    return f"{wording.count(paths, 'path')} differ{'s' if paths == 1 else ''}: {', '.join(words)}."


def _layers(image: Image) -> tuple[Layer, ...]:
    return tuple(layer for layer in image.layers if not layer.empty)


def _comparable(images: Sequence[Image]) -> list[Image]:
    return [image for image in images if image.has_files and not image.missing]


def _same_digest(one: Image, other: Image) -> bool:
    return one.platform == other.platform and one.digest == other.digest


def _same_name(one: Image, other: Image) -> bool:
    return one.platform == other.platform and bool({*one.names} & {*other.names})


def _same_platform(one: Image, other: Image) -> bool:
    return one.platform == other.platform
