"""`dockcache-tui archive tree`."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

from dockcache_tui.cli.output import narrate, print_csv, print_line, print_long_document
from dockcache_tui.cli.progress import progress
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.images.choosing import image_of, layer_of
from dockcache_tui.core.images.file_entry import FileChange, TreeEntry
from dockcache_tui.core.images.file_row import FILE_COLUMNS, file_row, mode_of, name_marks, size_of
from dockcache_tui.core.images.member_name import holds

_MARKS = {FileChange.ADDED: "+", FileChange.CHANGED: "~", FileChange.REMOVED: "-", FileChange.SAME: " "}


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--image", "wanted", default="", metavar="IMAGE", help="Of several images that of a platform, name:tag or digest."
)
@click.option(
    "--layer", default="", metavar="DIGEST", help="Only what one layer did: its digest's beginning or number."
)
@click.option("--filter", "text", default="", metavar="TEXT", help="Only paths that hold a text.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/archives.md).")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def tree(file: Path, wanted: str, layer: str, text: str, as_json: bool, as_csv: bool) -> int:
    """Show the files of an image, or of one of its layers, with what each layer added, changed and removed.

    Sizes of folders count all below. WASTED are bytes that a later layer overwrites or removes. The mark says what the
    last layer that touched a path, or the one named, did: + added, ~ changed, - removed.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    from dockcache_tui.sources.archives.local import LocalArchives

    with closing(LocalArchives()) as archives:
        archive = archives.read(file)
        image = image_of(archive, wanted)
        digest = layer_of(image, layer).digest if layer else ""
        with progress(f"Reading {file.name}") as done:
            contents = archives.contents(file, image.digest, done=done)
        entries = _holding(archives.walk(file, image.digest, layer=digest), text)
        if as_json:
            totals = {"paths": contents.paths, "size": contents.size, "wasted": contents.wasted}
            print_long_document(map(file_row, entries), totals)
        elif as_csv:
            print_csv(FILE_COLUMNS, map(file_row, entries))
        else:
            _print(entries)
            seen = f"{wording.size(contents.size)}, {wording.size(contents.wasted)} wasted"
            narrate(f"{wording.count(contents.paths, 'path')} in the whole image, {seen}.")
    faults = tuple(dict.fromkeys((*archive.faults, *contents.faults)))
    for fault in faults:
        narrate(str(fault))
    return int(ExitCode.FAILED if faults else ExitCode.OK)


def _holding(entries: Iterator[TreeEntry], text: str) -> Iterator[TreeEntry]:
    return (one for one in entries if holds(one.entry.path, text))


def _print(entries: Iterator[TreeEntry]) -> None:
    """Print a line a path as it is read: a million do not fit a table."""
    print_line(f"{'MODE':<10}  {'OWNER':<9}  {'SIZE':>8}  {'WASTED':>8}    PATH")
    for one in entries:
        entry = one.entry
        owner, wasted = f"{entry.uid}:{entry.gid}", wording.size(one.wasted) if one.wasted else ""
        line = f"{mode_of(entry)}  {owner:<9}  {size_of(one):>8}  {wasted:>8}"
        print_line(f"{line}  {_MARKS[one.change]} {entry.path}{name_marks(entry)}")
