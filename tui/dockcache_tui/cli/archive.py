"""`dockcache-tui archive`: what image archives and build records hold."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from dockcache_tui.cli.archive_files import cat, diff, tree
from dockcache_tui.cli.builds import print_report
from dockcache_tui.cli.listing import expect_one, json_option
from dockcache_tui.cli.output import (
    Row,
    narrate,
    print_csv,
    print_document,
    print_line,
    print_table,
)
from dockcache_tui.cli.waiting import progress, telling
from dockcache_tui.core import wording
from dockcache_tui.core.archives.archive import Archive, ArchiveError, BuildRecord, Image, Layer
from dockcache_tui.core.archives.engine_image import Loaded
from dockcache_tui.core.archives.row import (
    LAYER_COLUMNS,
    archive_row,
    archive_totals,
    layer_rows,
    loaded_rows,
    record_row,
)
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.errors import ExitCode

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
            wording.short_digest(layer.digest) or "–",
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
        return f"attestations of {wording.short_digest(image.attestation_of)}"
    what = f"artifact {image.artifact}" if image.artifact else image.platform or "image"
    parts = [what, wording.short_digest(image.digest), *image.names]
    if image.revision:
        parts.append(f"revision {image.revision}")
    if image.missing:
        parts.append("not in the archive")
    return "  ".join(parts)


def _print_layers(layers: tuple[Layer, ...]) -> None:
    rows = [
        (
            str(number),
            wording.short_digest(layer.digest) or "–",
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
