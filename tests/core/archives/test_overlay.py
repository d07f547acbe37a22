"""Layers laid over each other make the tree that unpacking them one after the other makes."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.archives.file_entry import FileEntry, FileKind, LayerChange
from dockcache_tui.core.archives.overlay import PathChange, TreeNode, overlay, settle
from dockcache_tui.core.archives.path import order_of

FOLDER, FILE, WHITEOUT, OPAQUE = FileKind.FOLDER, FileKind.FILE, FileKind.WHITEOUT, FileKind.OPAQUE
Layer = tuple[FileEntry, ...]
Tree = dict[str, FileEntry]

PATHS = st.lists(st.sampled_from(["a", "b", "a.", "ü", "\udc80"]), min_size=1, max_size=4).map("/".join)
ENTRIES = st.builds(
    FileEntry,
    PATHS,
    st.sampled_from([FOLDER, FOLDER, FILE, FILE, FileKind.SYMLINK, WHITEOUT, OPAQUE]),
    mode=st.sampled_from([0o755, 0o700]),
).flatmap(
    lambda entry: st.integers(0, 99).map(
        lambda size: FileEntry(entry.path, entry.kind, size if entry.kind is FILE else 0, entry.mode)
    )
)
LAYERS = st.lists(st.lists(ENTRIES, max_size=8).map(tuple), max_size=5)


class Did(NamedTuple):
    """What the model says of a path in a layer's view, or in the whole image's."""

    layer: int
    entry: FileEntry
    change: LayerChange
    size: int
    wasted: int
    children: int


def file(path: str, size: int = 1) -> FileEntry:
    """Return a file."""
    return FileEntry(path, FILE, size, 0o644)


def folder(path: str) -> FileEntry:
    """Return a folder."""
    return FileEntry(path, FOLDER, mode=0o755)


def settled(layer: Iterable[FileEntry], dropped: list[FileEntry] | None = None) -> list[FileEntry]:
    """Settle a layer's members, as they were read."""
    ordered = sorted(layer, key=lambda entry: order_of(entry.path))
    return list(settle(ordered, ([] if dropped is None else dropped).append))


def nodes(*layers: Iterable[FileEntry]) -> dict[str, TreeNode]:
    """Lay layers over each other; nodes by path."""
    found = list(overlay([settled(layer) for layer in layers]))
    paths: dict[int, str] = {}
    for node in sorted(found, key=lambda node: node.number):
        above = paths.get(node.parent, "")
        paths[node.number] = f"{above}/{node.name}" if above else node.name
    assert len(set(paths.values())) == len(found), "no path twice"
    return {paths[node.number]: node for node in found}


def below(path: str, other: str) -> bool:
    """Tell whether another path lies below a path; all lie below the root."""
    return bool(other) and (not path or other.startswith(f"{path}/"))


def unpack(tree: Tree, layer: Iterable[FileEntry]) -> tuple[Tree, set[str]]:
    """Unpack a layer over a tree, plainly; returns the new tree and the paths it put."""
    new = dict(tree)
    for entry in layer:
        if entry.kind is WHITEOUT:
            new = {path: old for path, old in new.items() if path != entry.path and not below(entry.path, path)}
        elif entry.kind is OPAQUE:
            new = without(new, entry.path)
    last = {entry.path: entry for entry in layer if entry.kind not in {WHITEOUT, OPAQUE}}
    put: set[str] = set()
    for entry in sorted(last.values(), key=lambda entry: entry.path.count("/")):
        if any(one in last and last[one].kind is not FOLDER for one in parents(entry.path)):
            continue
        made = [one for one in parents(entry.path) if one not in new or new[one].kind is not FOLDER]
        new.update((one, folder(one)) for one in made)
        if entry.kind is not FOLDER:
            new = without(new, entry.path)
        new[entry.path] = entry
        put.update((*made, entry.path))
    for entry in layer:
        if entry.kind in {WHITEOUT, OPAQUE}:  # each has a folder to lie in
            held = [*parents(entry.path), *[entry.path] * (entry.kind is OPAQUE)]
            if not any(one in last and last[one].kind is not FOLDER for one in held):
                made = [one for one in held if one not in new or new[one].kind is not FOLDER]
                new.update((one, folder(one)) for one in made)
                put.update(made)
    return new, put


def without(tree: Tree, path: str) -> Tree:
    """Return a tree without what lies below a path."""
    return {one: entry for one, entry in tree.items() if not below(path, one)}


def model(layers: list[Layer]) -> tuple[dict[str, Did], dict[tuple[str, int], Did]]:
    """Return what the whole image, and each layer by itself, shows of every path."""
    tree: Tree = {"": folder("")}
    own: dict[tuple[str, int], tuple[FileEntry, LayerChange, int, int]] = {
        ("", 0): (folder(""), LayerChange.ADDED, 0, 0)
    }
    states: list[tuple[Tree, Tree]] = []
    for number, layer in enumerate(layers):
        new, put = unpack(tree, layer)
        for path in {*tree, *new}:
            before, now = tree.get(path), new.get(path)
            if before is None and now:
                own[path, number] = now, LayerChange.ADDED, now.size, 0
            elif before and now is None:
                own[path, number] = before, LayerChange.REMOVED, 0, before.size
            elif before and now and path in put:
                same = before.kind is now.kind is FOLDER and before.mode == now.mode
                if not same:
                    own[path, number] = now, LayerChange.CHANGED, now.size, before.size
        states.append((tree, new))
        tree = new
    views: dict[tuple[str, int], Did] = {}
    shown = {(parent, number) for path, number in own for parent in ("", *parents(path), path)}
    for path, number in shown:
        now_tree, was_tree = (states[number][1], states[number][0]) if states else (tree, tree)
        entry = now_tree.get(path) or was_tree[path]
        change = own[path, number][1] if (path, number) in own else LayerChange.SAME
        inside = [did for (one, layer), did in own.items() if layer == number and (one == path or below(path, one))]
        direct = {one for one, layer in shown if layer == number and is_child(path, one)}
        views[path, number] = Did(
            number, entry, change, sum(did[2] for did in inside), sum(did[3] for did in inside), len(direct)
        )
    whole: dict[str, Did] = {}
    for path in {path for path, _ in own}:
        number = max(layer for one, layer in own if one == path)
        entry, change = own[path, number][:2]
        size = sum(one.size for at, one in tree.items() if at == path or below(path, at))
        wasted = sum(did[3] for (one, _), did in own.items() if one == path or below(path, one))
        children = {one for one, _ in own if is_child(path, one)}
        whole[path] = Did(number, entry, change, size, wasted, len(children))
    return whole, views


def parents(path: str) -> list[str]:
    """Return the folders above a path, without the root."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def is_child(path: str, other: str) -> bool:
    """Tell whether another path lies right in a folder."""
    return below(path, other) and "/" not in other[len(path) + 1 if path else 0 :]


def said(change: PathChange) -> Did:
    """Return a change as the model tells it; a folder's entry by rights only, as it may be the same for long."""
    return Did(change.layer, change.entry, change.change, change.size, change.wasted, change.children)


@given(LAYERS)
def test_the_tree_is_what_unpacking_makes(layers: list[Layer]) -> None:
    """Every path is told as the plain model tells it: for the whole image and for each layer by itself."""
    found = nodes(*layers)
    whole, views = model(layers)
    assert {path: said(node.whole) for path, node in found.items()} == whole
    assert {(path, change.layer): said(change) for path, node in found.items() for change in node.changes} == views


@given(LAYERS)
def test_sums_agree(layers: list[Layer]) -> None:
    """What the layers waste adds up to what the image wastes, and what is kept and wasted to all that was put."""
    found = nodes(*layers)
    put = sum(entry.size for layer in layers for entry in settled(layer))
    root = found[""]
    assert root.whole.size + root.whole.wasted == put
    assert sum(change.wasted for change in root.changes) == root.whole.wasted


@given(LAYERS)
def test_numbers_grow_in_the_order_of_paths(layers: list[Layer]) -> None:
    """A folder's number is lower than that of anything in it, and numbers are in the order of paths."""
    found = nodes(*layers)
    ordered = sorted(found, key=order_of)
    assert [found[path].number for path in ordered] == sorted(node.number for node in found.values())


def test_a_whiteout_removes_from_lower_layers_only() -> None:
    """A file that a layer puts beside its own whiteout stays."""
    found = nodes([file("a/x", 5)], [file("a/x", 3), FileEntry("a/x", WHITEOUT)])
    assert found["a/x"].whole == PathChange(1, file("a/x", 3), LayerChange.CHANGED, 3, 5, 0)


def test_an_opaque_folder_hides_what_was_in_it_and_stays() -> None:
    """The folder itself is as it was; what lower layers put in it is removed and wasted."""
    found = nodes([folder("a"), file("a/x", 5)], [FileEntry("a", OPAQUE), file("a/y", 2)])
    assert found["a/x"].whole == PathChange(1, file("a/x", 5), LayerChange.REMOVED, 0, 5, 0)
    assert found["a"].whole == PathChange(0, folder("a"), LayerChange.ADDED, 2, 5, 2)


def test_a_file_over_a_folder_hides_all_below_it() -> None:
    """And a folder over that file begins empty."""
    found = nodes([file("a/b/c", 7)], [file("a", 1)], [file("a/d", 2)])
    assert found["a/b/c"].whole.change is LayerChange.REMOVED
    assert [(one.layer, one.change, one.wasted) for one in found["a"].changes] == [
        (0, LayerChange.ADDED, 0),
        (1, LayerChange.CHANGED, 7),
        (2, LayerChange.CHANGED, 1),
    ]
    assert (found["a"].whole.size, found["a"].whole.entry.kind) == (2, FOLDER)


def test_a_folder_that_a_layer_passes_through_is_the_same() -> None:
    """A layer's tar holds the folders on the way to its files; with the same rights they are no change."""
    found = nodes([folder("a"), folder("b")], [folder("a"), file("a/x"), folder("b")])
    assert found["a"].changes[1].change is LayerChange.SAME
    assert [change.layer for change in found["b"].changes] == [0]


def test_what_is_below_a_file_of_the_same_layer_is_dropped() -> None:
    """A member that can't be unpacked is no part of the tree, and is told."""
    dropped: list[FileEntry] = []
    assert settled([file("a"), file("a/b"), file("a/c/d")], dropped) == [file("a")]
    assert [entry.path for entry in dropped] == ["a/b", "a/c/d"]


def test_the_last_of_equal_names_stays() -> None:
    """A folder that came before a file of the same name is gone, and the other way round."""
    assert settled([file("a", 1), folder("a"), file("a/b"), file("c", 1), file("c", 2)]) == [
        folder("a"),
        file("a/b"),
        file("c", 2),
    ]


def test_siblings_do_not_come_between_a_folder_and_its_files() -> None:
    """`a.` sorts before `a/` as text; here it comes after all that is in `a`."""
    paths: Mapping[str, TreeNode] = nodes([file("a/x"), file("a.")], [file("a/y")])
    assert sorted(paths, key=lambda path: paths[path].number) == ["", "a", "a/x", "a/y", "a."]
