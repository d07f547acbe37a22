"""`dockcache-tui archive diff`."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from dockcache_tui.cli.output import narrate, print_json, print_line
from dockcache_tui.cli.progress import progress
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.images.diff import ArchiveDiff, FileDiff, ImageDiff
from dockcache_tui.core.images.diffing import DIFFERENCES, changes, verdict
from dockcache_tui.core.images.file_row import fault_row, image_diff_row

_SHORT = len("sha256:") + 12


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--only",
    multiple=True,
    metavar="KIND",
    type=click.Choice(DIFFERENCES),
    help=f"Only paths that differ in this; may be given again: {', '.join(DIFFERENCES)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/archives.md).")
def diff(first: Path, second: Path, only: Sequence[str], as_json: bool) -> int:
    """Show what makes the images of two archives differ: layers by digest, then files, then the config.

    The answer is on stdout; the exit code is 0 whether they differ or not, and 1 when something could not be read.
    """
    from dockcache_tui.sources.archives.local import LocalArchives

    with closing(LocalArchives()) as archives, progress("Reading both") as done:
        found = archives.diff(first, second, done=done, only=only)
    if as_json:
        _print_json(found)
    else:
        for number, image in enumerate(found.images):
            if number:
                print_line("")
            _print(image)
        if not found.images:
            print_line("Neither holds an image with files.")
    for fault in found.faults:
        narrate(str(fault))
    return int(ExitCode.FAILED if found.faults else ExitCode.OK)


def _print_json(found: ArchiveDiff) -> None:
    images = [image_diff_row(image) for image in found.images]
    faults = [fault_row(fault) for fault in found.faults]
    print_json({"schema": 1, "same": found.same, "images": images, "faults": faults})


def _print(image: ImageDiff) -> None:
    print_line(f"{image.platform or 'unknown platform'}: {verdict(image)}")
    for layer in image.layers:
        one = layer.first or layer.second
        mark = "=" if layer.first and layer.second else "-" if layer.first else "+"
        if one:
            print_line(f"{mark} layer {one.digest[:_SHORT]}  {wording.size(one.size):>8}  {one.created_by}".rstrip())
    for line in image.config:
        print_line(f"~ config {line}")
    for file in image.files:
        print_line(f"{_mark(file)} {file.path}{_what(file)}")
    if image.left_off:
        print_line(f"and {wording.count(image.left_off, 'more path', 'more paths')}")


def _mark(file: FileDiff) -> str:
    return "-" if file.second is None else "+" if file.first is None else "~"


def _what(file: FileDiff) -> str:
    return f": {', '.join(told)}" if (told := changes(file)) else ""
