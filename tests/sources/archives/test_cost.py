"""Reading archives costs in proportion to their bytes, whatever shape they have: twice as much takes twice as long."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import pytest

from dockcache_tui.core.archives.archive import Image, Layer
from dockcache_tui.core.archives.diff import diff_layers
from dockcache_tui.sources.archives.image_files import ImageFiles
from dockcache_tui.sources.archives.index_folder import IndexFolder
from dockcache_tui.sources.archives.reading import read_archive
from sources.archive_files_making import file, folder, link, oci, tar
from sources.layout_making import Layout, as_folder, layer_tar

DEEP = "d/" * 2_000
"""As deep as a path may be."""
MOST = 3.2
"""Twice as much may take so many times as long: a cost that grows with the square takes four times."""

Layers = list[bytes]


def _apart(count: int) -> Layers:
    return [tar(*(file(f"{number}/{DEEP}x") for number in range(10 * count)))]


def _deeper(count: int) -> Layers:
    return [tar(*(file(f"{number}/{'d/' * 1_000 * count}x") for number in range(15)))]


def _together(count: int) -> Layers:
    return [tar(*(file(f"{DEEP}{number}") for number in range(600 * count)))]


def _names(count: int) -> Layers:
    return [tar(*(file(f"folder/{number:0200}") for number in range(2_000 * count)))]


def _same_name(count: int) -> Layers:
    return [tar(*(file("folder/name") for _ in range(3_000 * count)))]


def _chain(count: int) -> Layers:
    links = (link(f"{number + 1}", f"{number}", hard=True) for number in range(2_000 * count))
    return [tar(file("0", b"content"), *links), tar(folder(".wh.0"))]


def _deep_links(count: int) -> Layers:
    links = (link(f"{DEEP}{number}", f"{DEEP}x", hard=True) for number in range(100 * count))
    return [tar(file(f"{DEEP}x", b"content"), *links), tar(file("other"))]


def _whiteouts(count: int) -> Layers:
    numbers = range(1_500 * count)
    return [tar(*(file(f"a/{one}") for one in numbers)), tar(*(file(f"a/.wh.{one}") for one in numbers))]


def _deep_whiteouts(count: int) -> Layers:
    return [tar(file(f"{DEEP}x"))] + [tar(file(f"{'d/' * number * 4}.wh..wh..opq")) for number in range(50 * count)]


def _layers(count: int) -> Layers:
    return [tar(file(f"{DEEP}{number}")) for number in range(20 * count)]


def _below_a_link(count: int) -> Layers:
    return [tar(link("a", "b"), *(file(f"a/{DEEP}{number}") for number in range(600 * count)))]


SHAPES = (
    *(_together, _chain, _whiteouts),
    *(
        pytest.param(shape, marks=pytest.mark.matrix)
        for shape in (_apart, _deeper, _names, _same_name, _deep_links, _deep_whiteouts, _layers, _below_a_link)
    ),
)


def cost(run: Callable[[], object]) -> float:
    """Return the seconds of processor time that something takes."""
    begin = process_time()
    run()
    return process_time() - begin


def ratio(run: Callable[[int], Callable[[], object]]) -> float:
    """Return how many times as long twice as much takes: what else runs only ever adds, so up to nine are tried."""
    once = twice = math.inf
    for turn in range(9):
        once, twice = min(once, cost(run(1))), min(twice, cost(run(2)))
        if turn > 1 and twice / once < MOST:
            break
    return twice / once


@pytest.mark.parametrize("shape", SHAPES)
def test_reading_all_files_costs_in_proportion(shape: Callable[[int], Layers], tmp_path: Path) -> None:
    """Depth, names in a folder, chains of hard links, whiteouts and layers: each is indexed, walked and compared."""
    made = {count: oci(tmp_path / f"{count}", shape(count)) for count in (1, 2)}
    fresh = iter(range(100))

    def reading(count: int) -> Callable[[], object]:
        files = ImageFiles(read_archive, IndexFolder(tmp_path / f"index {next(fresh)}"))

        def read() -> None:
            files.contents(made[count].path, made[count].image)
            for one in files.walk(made[count].path, made[count].image):
                assert one.entry.path
            files.close()

        return read

    assert ratio(reading) < MOST


@pytest.mark.matrix
def test_folders_cost_the_same_however_deep_they_lie(tmp_path: Path) -> None:
    """As many folders that nobody wrote, in a hundred long paths or in few that are ten times as deep."""
    shapes = {"wide": (200, 200), "deep": (20, 2_000)}
    made = {
        shape: oci(tmp_path / shape, [tar(*(file(f"{number}/{'d/' * depth}x") for number in range(count)))])
        for shape, (count, depth) in shapes.items()
    }

    def read(shape: str) -> None:
        with TemporaryDirectory(dir=tmp_path) as folder:
            files = ImageFiles(read_archive, IndexFolder(Path(folder)))
            assert files.contents(made[shape].path, made[shape].image).paths >= 40_000
            files.close()

    wide, deep = (min(cost(partial(read, shape)) for _ in range(3)) for shape in shapes)
    assert deep < 1.6 * wide


def test_many_names_of_one_image_cost_in_proportion(tmp_path: Path) -> None:
    """An index may lead to the same manifest under thousands of names."""

    def reading(count: int) -> Callable[[], object]:
        layout = Layout()
        image = layout.image(layer_tar(a="one"))
        names = (f"name:{number}" for number in range(4_000 * count))
        tagged = ({**image, "annotations": {"io.containerd.image.name": name}} for name in names)
        path = tmp_path / f"{count}"
        as_folder(layout.end(*tagged), path)
        return lambda: read_archive(path)

    assert ratio(reading) < MOST


def test_many_layers_are_compared_in_proportion() -> None:
    """Manifests may name thousands of layers, none of which the other has, or the same ones backwards."""

    def comparing(count: int) -> Callable[[], object]:
        first = [Layer(f"sha256:{number}", 1) for number in range(1_500 * count)]
        other = [Layer(f"sha256:{number}x", 1) for number in range(1_500 * count)]
        images = [Image("", tuple(layers)) for layers in (first, other, first[::-1])]
        return lambda: [diff_layers(images[0], one) for one in images]

    assert ratio(comparing) < MOST
