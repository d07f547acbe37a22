"""Two images are compared by layers, files and configs, and what makes them differ is said in one sentence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.archives.archive import Image, Layer
from dockcache_tui.core.archives.diff import (
    MAX_LINES,
    FileDiff,
    ImageDiff,
    LayerDiff,
    changes,
    counted,
    diff_configs,
    diff_files,
    diff_layers,
    pairs_of,
    verdict,
    what_differs,
)
from dockcache_tui.core.archives.file_entry import FileEntry, FileKind
from dockcache_tui.core.archives.path import order_of
from dockcache_tui.core.instant import Instant

ENTRY = FileEntry("a", FileKind.FILE, 1, 0o644, modified_at=Instant(1), digest="sha256:1")
PATHS = st.lists(st.sampled_from(["a", "b", "a."]), min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PATHS, st.sampled_from([0o644, 0o755])).map(
    lambda tree: [FileEntry(path, FileKind.FILE, mode=tree[path]) for path in sorted(tree, key=order_of)]
)


def image(digest: str, *layers: str, platform: str = "linux/amd64", names: tuple[str, ...] = ()) -> Image:
    """Return an image of layers by digest, each unpacking to its digest's last letter."""
    return Image(digest, tuple(Layer(one, 1, diff_id=one[-1:]) for one in layers), platform, names)


@given(TREES, TREES)
def test_trees_are_compared_path_by_path(first: list[FileEntry], second: list[FileEntry]) -> None:
    """Each path that is in one only, or differs, is told once and in order."""
    ones, others = {entry.path: entry for entry in first}, {entry.path: entry for entry in second}
    expected = {
        path: (ones.get(path), others.get(path)) for path in {*ones, *others} if ones.get(path) != others.get(path)
    }
    found = list(diff_files(first, second))
    assert [diff.path for diff in found] == sorted(expected, key=order_of)
    assert {diff.path: (diff.first, diff.second) for diff in found} == expected


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (replace(ENTRY, digest="sha256:2"), ("content",)),
        (replace(ENTRY, mode=0o755, uid=5), ("mode", "owner")),
        (replace(ENTRY, modified_at=None), ("time",)),
        (replace(ENTRY, kind=FileKind.SYMLINK, link="b", digest=""), ("kind",)),
        (ENTRY, ()),
    ],
)
def test_in_what_a_file_differs(other: FileEntry, differs: tuple[str, ...]) -> None:
    """Content, mode, owner, time and kind are told apart."""
    assert what_differs(ENTRY, other) == differs


def test_links_differ_by_their_target() -> None:
    """A symlink to elsewhere is no other content, and its mode is none."""
    link = FileEntry("a", FileKind.SYMLINK, link="b")
    assert what_differs(link, replace(link, mode=0o777)) == ()
    assert what_differs(link, replace(link, link="c")) == ("link",)


def test_layers_pair_by_digest_once_each() -> None:
    """A layer that one image has twice pairs once."""
    first, second = image("1", "x", "y", "x"), image("2", "x", "z")
    pairs = [
        (diff.first and diff.first.digest, diff.second and diff.second.digest) for diff in diff_layers(first, second)
    ]
    assert pairs == [("x", "x"), ("y", None), ("x", None), (None, "z")]


def test_images_pair_by_platform_digest_and_name() -> None:
    """Of several of a platform those of a digest pair first, then those of a name, then the rest as they come."""
    first = [image("1"), image("2", names=("a:1",)), image("3"), image("4", platform="linux/arm64")]
    second = [image("5", names=("a:1",)), image("3"), image("6"), image("7", platform="windows/amd64")]
    pairs = [(one and one.digest, other and other.digest) for one, other in pairs_of(first, second)]
    assert pairs == [("1", "6"), ("2", "5"), ("3", "3"), ("4", None), (None, "7")]


def test_attestations_and_missing_images_are_not_compared() -> None:
    """They hold no files."""
    assert pairs_of([replace(image("1"), attestation_of="2")], [replace(image("3"), missing=True)]) == ()


def test_an_unknown_platform_pairs_with_the_only_other_image() -> None:
    """An old `docker save` may not tell its platform."""
    first, second = image("1", platform=""), image("2")
    assert pairs_of([first], [second]) == ((first, second),)


def difference(first: Image | None, second: Image | None, *counts: tuple[str, int], config: bool = False) -> ImageDiff:
    """Return a difference whose paths differ so often in these."""
    files = (FileDiff("a", None, ENTRY, ("added",)),) * max((count for _, count in counts), default=0)
    return ImageDiff("", first, second, (), files, ("x",) if config else (), counts, paths=len(files))


@pytest.mark.parametrize(
    ("diff", "said"),
    [
        (difference(image("1"), None), "Only the first has this platform."),
        (difference(image("1"), image("1")), "They are the same image."),
        (
            difference(image("1", "ax"), image("2", "bx"), ("time", 3)),
            "Only times differ, of 3 paths: SOURCE_DATE_EPOCH and rewrite-timestamp=true make builds the same.",
        ),
        (
            difference(image("1"), image("2"), ("added", 1), ("content", 1), ("time", 2)),
            "2 paths differ: content in 1, time in 2, 1 added.",
        ),
        (
            difference(image("1", "ax"), image("2", "ax"), config=True),
            "Their layers are the same; only their configs differ.",
        ),
        (
            difference(image("1", "ax"), image("2", "bx")),
            "Their layers unpack to the same tars and are packed differently.",
        ),
        (
            difference(image("1", "ax"), image("2", "ay")),
            "Their files are the same; the tars of their layers are cut or ordered differently.",
        ),
    ],
)
def test_one_sentence_says_why(diff: ImageDiff, said: str) -> None:
    """What makes two images differ is the lowest cause: files, then packing, then the config."""
    assert verdict(diff) == said


def test_no_more_paths_are_kept_than_asked_for() -> None:
    """All are counted, and how many were left off is told."""
    files = [FileDiff(str(number), None, ENTRY, ("added",)) for number in range(5)]
    assert counted(files, 2) == ((files[0], files[1]), (("added", 5),), 3, 5)


def test_what_matters_comes_first_and_is_never_left_off() -> None:
    """Among 12,000 paths of another time one of other content is first, and a filter takes just what it names."""
    times = [FileDiff(f"{number:05}", ENTRY, replace(ENTRY, modified_at=None), ("time",)) for number in range(12_000)]
    content = FileDiff("z", ENTRY, replace(ENTRY, digest="sha256:2"), ("content", "time"))
    gone = FileDiff("zz", ENTRY, None, ("removed",))
    kept, counts, left_off, paths = counted((*times, gone, content), 10_000)
    assert kept[:3] == (content, gone, times[0])
    assert (len(kept), counts, left_off, paths) == (
        10_000,
        (("content", 1), ("removed", 1), ("time", 12_001)),
        2_002,
        12_002,
    )
    assert counted((*times, gone, content), 10_000, ("removed",))[0] == (gone,)


def test_each_change_tells_old_and_new() -> None:
    """Content, mode, owner, attributes and device are told with what they were."""
    other = replace(ENTRY, digest="sha256:2", mode=0o755, uid=5, xattrs=(("user.a", b"1"),))
    diff = FileDiff("a", ENTRY, other, what_differs(ENTRY, other))
    assert changes(diff) == (
        "content 1 (1 B) -> 2 (1 B)",
        "mode 0644 -> 0755",
        "owner 0:0 -> 5:0",
        "xattr none -> user.a=1",
    )
    assert what_differs(*(FileEntry("d", FileKind.DEVICE, device=text) for text in ("b 8:0", "c 8:0"))) == ("device",)


def test_configs_line_by_line() -> None:
    """A variable goes by its name, times of steps are counted, and what the layers' digests say is left to them."""
    first = {
        "created": "1",
        "config": {"Env": ["PATH=/bin", "A=1"], "Cmd": ["x"], "Labels": {"v": "1"}},
        "history": [{"created": "1", "created_by": "RUN a"}, {"created": "1"}],
        "rootfs": {"diff_ids": ["a"]},
    }
    second = {
        "created": "2",
        "config": {"Env": ["A=1", "PATH=/usr/bin"], "Cmd": ["x", "y"], "User": "me"},
        "history": [{"created": "2", "created_by": "RUN b"}, {"created": "2"}],
        "rootfs": {"diff_ids": ["b"]},
    }
    assert diff_configs(first, second) == (
        "created: 1, then 2",
        "config.Env.PATH: /bin, then /usr/bin",
        "config.Labels.v: 1, then nothing",
        "history.0.created_by: RUN a, then RUN b",
        "config.Cmd.1: nothing, then y",
        "config.User: nothing, then me",
        "history: 2 steps have another time",
    )


def test_configs_of_any_shape() -> None:
    """A config that is none, deep or endless in lines is no error."""
    deep: object = "end"
    for _ in range(5_000):
        deep = {"a": [deep]}
    assert len(diff_configs(None, deep)) == 1
    many = diff_configs([], list(range(1, MAX_LINES + 51)))
    assert (len(many), many[-1]) == (MAX_LINES + 1, "and 50 more values")


def test_a_layer_diff_of_both_sides() -> None:
    """A layer that both have is told with both, as each archive tells of it."""
    first, second = image("1", "x"), Image("2", (Layer("x", 7),), "linux/amd64")
    assert diff_layers(first, second) == (LayerDiff(first.layers[0], second.layers[0]),)
