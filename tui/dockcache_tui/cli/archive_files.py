"""`archive cat`, `tree` and `diff`: the files of images, and what differs between two."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import click

from dockcache_tui.cli.listing import CSV, expect_one, json_option
from dockcache_tui.cli.output import (
    narrate,
    print_csv,
    print_json,
    print_line,
    print_long_document,
)
from dockcache_tui.cli.waiting import progress, telling
from dockcache_tui.core import wording
from dockcache_tui.core.archives.diff import DIFFERENCES, ArchiveDiff, FileDiff, ImageDiff, changes, verdict
from dockcache_tui.core.archives.fields import FILE_FIELDS
from dockcache_tui.core.archives.file_entry import LayerChange, TreeEntry, mode_of
from dockcache_tui.core.archives.name import image_of, layer_of
from dockcache_tui.core.archives.path import holds
from dockcache_tui.core.archives.row import (
    fault_row,
    image_diff_row,
    name_marks,
    size_of,
)
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.field import json_row, names
from dockcache_tui.core.literal import MAX_LINES, hex_lines, is_text, text_lines

_MAX_SHOWN = 1 << 20
_MARKS = {LayerChange.ADDED: "+", LayerChange.CHANGED: "~", LayerChange.REMOVED: "-", LayerChange.SAME: " "}
_image = click.option(
    "--image",
    "wanted",
    default="",
    metavar="IMAGE",
    help="Which image, if there are several: a platform, name:tag or digest.",
)


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("path", metavar="PATH")
@_image
@click.option(
    "--layer", default="", metavar="DIGEST", help="As this layer left it: its number, or the beginning of its digest."
)
def cat(file: Path, path: str, wanted: str, layer: str) -> None:
    """Print a file of an image.

    PATH is looked up as a process in a container would. A file that was removed is printed as it was before. A file or
    pipe gets the exact bytes; a terminal gets the beginning, as text or in hex.
    """
    from dockcache_tui.sources.archives.local import LocalArchives

    with ExitStack() as stack:
        archives = stack.enter_context(closing(LocalArchives()))
        with telling(file.name):
            image = image_of(archives.read(file), wanted)
        digest = layer_of(image, layer).digest if layer else ""
        if sys.stdout.isatty():
            with telling(file.name):
                content = archives.content(file, image.digest, path, layer=digest, limit=_MAX_SHOWN)
            _show(content)
        else:
            with telling(file.name):
                parts = stack.enter_context(archives.parts(file, image.digest, path, layer=digest))
            for part in parts:
                sys.stdout.buffer.write(part)


def _show(content: bytes) -> None:
    lines = text_lines(content) if is_text(content) else hex_lines(content)
    for line in lines:
        print_line(line)
    if len(content) == _MAX_SHOWN or len(lines) == MAX_LINES:
        narrate("This is the beginning; redirect the output to a file to get all of it.")


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--only",
    multiple=True,
    metavar="KIND",
    type=click.Choice(DIFFERENCES),
    help=f"Only paths that differ in this: {', '.join(DIFFERENCES)}. May be repeated.",
)
@json_option("archives.md")
def diff(first: Path, second: Path, only: Sequence[str], as_json: bool) -> int:
    """Show how the images of two archives differ.

    Compares layers by digest, then the config, then files. The exit code is 0 whether they differ or not, and 1 when
    something could not be read.
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
            _print_diff(image)
        if not found.images:
            print_line("Neither of them holds an image with files.")
    for fault in found.faults:
        narrate(str(fault))
    return int(ExitCode.FAILED if found.faults else ExitCode.OK)


def _print_json(found: ArchiveDiff) -> None:
    images = [image_diff_row(image) for image in found.images]
    faults = [fault_row(fault) for fault in found.faults]
    print_json({"schema": 1, "same": found.same, "images": images, "faults": faults})


def _print_diff(image: ImageDiff) -> None:
    print_line(f"{image.platform or 'unknown platform'}: {verdict(image)}")
    for layer in image.layers:
        one = layer.first or layer.second
        mark = "=" if layer.first and layer.second else "-" if layer.first else "+"
        if one:
            digest, size = wording.short_digest(one.digest), wording.size(one.size)
            print_line(f"{mark} layer {digest}  {size:>8}  {one.created_by}".rstrip())
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


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("path", metavar="[PATH]", default="")
@_image
@click.option(
    "--layer",
    default="",
    metavar="DIGEST",
    help="Only what this layer did: its number, or the beginning of its digest.",
)
@click.option("--filter", "text", default="", metavar="TEXT", help="Only paths that contain this text.")
@json_option("archives.md")
@CSV
def tree(file: Path, path: str, wanted: str, layer: str, text: str, as_json: bool, as_csv: bool) -> int:
    """Show the files of an image, or of one of its layers.

    With a PATH it shows only what a process in a container finds there, and below it.

    The size of a folder includes everything below it. WASTED bytes are those that a later layer overwrites or removes.
    The mark says what the last layer that touched a path did, or the layer that was named: + added, ~ changed, -
    removed.
    """
    expect_one(as_json=as_json, as_csv=as_csv)
    from dockcache_tui.sources.archives.local import LocalArchives

    with closing(LocalArchives()) as archives:
        with progress(f"Reading {file.name}") as done:
            archive = archives.read(file)
            image = image_of(archive, wanted)
            digest = layer_of(image, layer).digest if layer else ""
            contents = archives.contents(file, image.digest, done=done)
        place = archives.place(file, image.digest, path, layer=digest) if path else ""
        entries = _holding(archives.walk(file, image.digest, layer=digest), place, text)
        if as_json:
            totals = {"paths": contents.paths, "size": contents.size, "wasted": contents.wasted}
            print_long_document((json_row(FILE_FIELDS, one) for one in entries), totals)
        elif as_csv:
            print_csv(names(FILE_FIELDS), (json_row(FILE_FIELDS, one) for one in entries))
        else:
            _print(entries)
            seen = f"{wording.size(contents.size)}, {wording.size(contents.wasted)} wasted"
            narrate(f"{wording.count(contents.paths, 'path')} in the whole image, {seen}.")
    faults = tuple(dict.fromkeys((*archive.faults, *contents.faults)))
    for fault in faults:
        narrate(str(fault))
    return int(ExitCode.FAILED if faults else ExitCode.OK)


def _holding(entries: Iterator[TreeEntry], place: str, text: str) -> Iterator[TreeEntry]:
    for one in entries:
        path = one.entry.path
        if (not place or path == place or path.startswith(f"{place}/")) and holds(path, text):
            yield one


def _print(entries: Iterator[TreeEntry]) -> None:
    """Print a line a path as it is read: a million do not fit a table."""
    print_line(f"{'MODE':<10}  {'OWNER':<9}  {'SIZE':>8}  {'WASTED':>8}    PATH")
    for one in entries:
        entry = one.entry
        owner, wasted = f"{entry.uid}:{entry.gid}", wording.size(one.wasted) if one.wasted else ""
        line = f"{mode_of(entry)}  {owner:<9}  {size_of(one):>8}  {wasted:>8}"
        print_line(f"{line}  {_MARKS[one.change]} {entry.path}{name_marks(entry)}")
