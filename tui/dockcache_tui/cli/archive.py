"""`dockcache-tui archive`: what image archives and build records hold."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import click

from dockcache_tui.cli.builds import print_report
from dockcache_tui.cli.listing import CSV, expect_one, json_option
from dockcache_tui.cli.output import (
    Row,
    narrate,
    print_csv,
    print_document,
    print_json,
    print_line,
    print_long_document,
    print_table,
)
from dockcache_tui.cli.waiting import progress, telling
from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Archive, ArchiveError, Image, Layer
from dockcache_tui.core.archives.build_record import BuildRecord
from dockcache_tui.core.archives.diff import DIFFERENCES, ArchiveDiff, FileDiff, ImageDiff, changes, verdict
from dockcache_tui.core.archives.engine_image import Loaded
from dockcache_tui.core.archives.fields import FILE_FIELDS
from dockcache_tui.core.archives.file_entry import LayerChange, TreeEntry, mode_of
from dockcache_tui.core.archives.name import image_of, layer_of
from dockcache_tui.core.archives.path import holds
from dockcache_tui.core.archives.row import (
    LAYER_COLUMNS,
    archive_row,
    archive_totals,
    fault_row,
    image_diff_row,
    layer_rows,
    loaded_rows,
    name_marks,
    record_row,
    size_of,
)
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.field import json_row, names
from dockcache_tui.core.literal import MAX_LINES, hex_lines, is_text, text_lines

_MAX_SHOWN = 1 << 20


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("path", metavar="PATH")
@click.option(
    "--image",
    "wanted",
    default="",
    metavar="IMAGE",
    help="Which image, if there are several: a platform, name:tag or digest.",
)
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


_SHORT = len("sha256:") + 12
_THERE = {True: "there already", False: "new", None: "–"}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option("archives.md")
def load(file: Path, as_json: bool) -> int:
    """Load the images of an archive into the engine.

    Shows which of their layers were there already.
    """
    from dockcache_tui.sources.docker_cli import Docker
    from dockcache_tui.sources.engine_images import EngineImages

    with progress(f"Loading {file.name}") as done:
        loaded = EngineImages(Docker()).load(file, done)
    if as_json:
        totals: Row = {"names": list(loaded.names), "moved": list(loaded.moved), "new": loaded.new, "kept": loaded.kept}
        print_document(loaded_rows(loaded), totals)
    else:
        _print_loaded(loaded)
    for name in loaded.names:
        narrate(f"Loaded {name}.")
    for name in loaded.moved:
        narrate(f"{name} meant another image before.")
    narrate(f"{wording.count(loaded.new, 'new layer')}, {loaded.kept} there already.")
    return int(ExitCode.OK)


@click.command()
@click.argument("image")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Overwrite a file that is already there.")
def save(image: str, file: Path, replace: bool) -> int:
    """Save an IMAGE of the engine to a FILE, as `docker save` does.

    Prints the path of the file.
    """
    from dockcache_tui.sources.docker_cli import Docker
    from dockcache_tui.sources.engine_images import EngineImages

    with progress(f"Saving {image}") as done:
        path = EngineImages(Docker()).save(image, file, done, replace=replace)
    click.echo(str(path))
    return int(ExitCode.OK)


def _print_loaded(loaded: Loaded) -> None:
    rows = [
        (
            one.image.platform or "–",
            layer.digest[:_SHORT] or "–",
            "empty" if layer.empty else wording.size(layer.size),
            _THERE[there],
            layer.created_by or "–",
        )
        for one in loaded.images
        for layer, there in zip(one.image.layers, one.there, strict=True)
    ]
    print_table(("PLATFORM", "DIGEST", "SIZE", "IN THE ENGINE", "CREATED BY"), rows, right=("SIZE",))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--logs", is_flag=True, help="Show what each step printed, too.")
@click.option("--dockerfile", is_flag=True, help="Print only the Dockerfiles that they were built from.")
@json_option("archives.md")
def builds(file: Path, logs: bool, dockerfile: bool, as_json: bool) -> int:
    """Show the builds in a build record.

    FILE is a .dockerbuild, or an artifact's zip with one in it. Shows each build's steps and what was reused. The exit
    code is 1 when something in it could not be read.
    """
    from dockcache_tui.sources.archives.local import LocalArchives
    from dockcache_tui.sources.branches import RevisionBranches

    branches = RevisionBranches(Path.cwd())
    with telling(file.name):
        found = [replace(one, build=branches.placed(one.build)) for one in LocalArchives().builds(file)]
    faults = list(dict.fromkeys(fault for one in found for fault in one.faults))
    if as_json:
        print_document((record_row(one, logs=logs) for one in found), {"count": len(found), "faults": len(faults)})
    elif dockerfile:
        for source in dict.fromkeys(source for one in found for source in one.files):
            for line in source.text.splitlines():
                print_line(line)
    else:
        for number, one in enumerate(found):
            if number:
                print_line("")
            _print_build(one.build)
            if logs:
                _print_logs(one)
    for fault in faults:
        narrate(f"{file}: {fault}")
    return int(ExitCode.FAILED if faults else ExitCode.OK)


def _print_build(build: Build) -> None:
    words = (build.ref, build.branch.short if build.branch else "", build.revision[:12], build.folder)
    print_line("  ".join(filter(None, words)))
    print_report(build)


def _print_logs(record: BuildRecord) -> None:
    for step in record.build.steps:
        log = record.log(step.digest)
        if log.lines:
            print_line("")
            print_line(step.name)
            if log.dropped:
                print_line(f"  … {log.dropped:,} lines before")
            for line in log.lines:
                print_line(f"  {line}")


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


_MARKS = {LayerChange.ADDED: "+", LayerChange.CHANGED: "~", LayerChange.REMOVED: "-", LayerChange.SAME: " "}


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("path", metavar="[PATH]", default="")
@click.option(
    "--image",
    "wanted",
    default="",
    metavar="IMAGE",
    help="Which image, if there are several: a platform, name:tag or digest.",
)
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


def print_archive(archive: Archive) -> None:
    """Print an archive's images with their layers, its builds, and what nothing leads to."""
    on = "".join(f", on {branch.short}" for branch in archive.branches[:1])
    print_line(f"{archive.path}: {archive.kind.value}, {archive.packing}, {wording.size(archive.size)}{on}")
    for image in archive.images:
        print_line("")
        print_line(_headline(image))
        if image.layers:
            _print_layers(image.layers)
    for ref in archive.builds:
        print_line("")
        print_line(f"build {ref or '(its record can not be read)'}")
    if unnamed := [blob for blob in archive.blobs if not blob.named]:
        print_line("")
        print_line(f"{wording.count(len(unnamed), 'blob')} that nothing leads to:")
        rows = [(blob.digest, wording.size(blob.size)) for blob in unnamed]
        print_table(("DIGEST", "SIZE"), rows, right=("SIZE",))


def _headline(image: Image) -> str:
    if image.attestation_of:
        return f"attestations of {image.attestation_of[:_SHORT]}"
    what = f"artifact {image.artifact}" if image.artifact else image.platform or "image"
    parts = [what, image.digest[:_SHORT], *image.names]
    if image.revision:
        parts.append(f"revision {image.revision}")
    if image.missing:
        parts.append("not in the archive")
    return "  ".join(parts)


def _print_layers(layers: tuple[Layer, ...]) -> None:
    rows = [
        (
            str(number),
            layer.digest[:_SHORT] or "–",
            "empty" if layer.empty else "missing" if layer.missing else wording.size(layer.size),
            "–" if layer.unpacked_size is None else wording.size(layer.unpacked_size),
            layer.created_by or layer.media_type or "–",
        )
        for number, layer in enumerate(layers, 1)
    ]
    head = ("#", "DIGEST", "SIZE", "UNPACKED", "CREATED BY")
    print_table(head, rows, right=("#", "SIZE", "UNPACKED"))


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@json_option("archives.md")
@click.option("--csv", "as_csv", is_flag=True, help="Print the layers as CSV.")
@click.option("--verify", is_flag=True, help="Read all bytes and check every digest.")
def show(files: Sequence[Path], as_json: bool, as_csv: bool, verify: bool) -> int:
    """Show the images, layers and builds in archives.

    FILE is what `docker save` writes, an OCI layout, BuildKit's local cache or a .dockerbuild: as a tar, packed or not,
    as a folder, or in the zip of an artifact. When there are several in a zip, ZIP/NAME names one. The exit code is 1
    when something in any of them could not be read.
    """
    expect_one(as_json=as_json, as_csv=as_csv)
    found = list(_read(files, verify))
    if as_json:
        print_document(map(archive_row, found), archive_totals(found))
    elif as_csv:
        print_csv(LAYER_COLUMNS, [row for one in found for row in layer_rows(one)])
    else:
        for one in found:
            print_archive(one)
    for one in found:
        for fault in one.faults:
            narrate(f"{one.path}: {fault}")
    sound = len(found) == len(files) and not any(one.faults for one in found)
    return int(ExitCode.OK if sound else ExitCode.FAILED)


def _read(files: Sequence[Path], verify: bool) -> Iterator[Archive]:
    from dockcache_tui.sources.branches import RevisionBranches

    branches = RevisionBranches(Path.cwd())
    for path in files:
        try:
            yield branches.located(_verified(path) if verify else _seen(path))
        except ArchiveError as error:
            narrate(f"{path}: {error}")
            if error.hint:
                narrate(error.hint)


def _seen(path: Path) -> Archive:
    from dockcache_tui.sources.archives.reading import read_archive

    with telling(str(path)):
        return read_archive(path)


def _verified(path: Path) -> Archive:
    from dockcache_tui.sources.archives.reading import verify_archive

    with progress(f"Verifying {path}") as done:
        return verify_archive(path, done)


@click.group()
def archive() -> None:
    """Look into image archives and build records, without unpacking them.

    Only `load` and `save` need a Docker engine.
    """


archive.add_command(show)
archive.add_command(tree)
archive.add_command(diff)
archive.add_command(cat)
archive.add_command(builds)
archive.add_command(load)
archive.add_command(save)
