"""`dockcache-tui archive show`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from dockcache_tui.cli.archive_rows import print_archive
from dockcache_tui.cli.output import narrate, print_csv, print_document
from dockcache_tui.cli.progress import progress
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.images.archive import Archive
from dockcache_tui.core.images.errors import ArchiveError
from dockcache_tui.core.images.row import LAYER_COLUMNS, archive_row, archive_totals, layer_rows


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/archives.md).")
@click.option("--csv", "as_csv", is_flag=True, help="Print the layers as CSV.")
@click.option("--verify", is_flag=True, help="Recompute every digest, which reads all bytes.")
def show(files: Sequence[Path], as_json: bool, as_csv: bool, verify: bool) -> int:
    """Show the images, layers and builds in archives.

    FILE is a tar (packed or not) or folder of docker save, of an OCI layout or of BuildKit's local cache, a
    .dockerbuild, or an artifact's zip with one of them; of several in a zip, ZIP/NAME is one. With a fault in any of
    them the exit code is 1.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
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
    from dockcache_tui.sources.archives.reading import read_archive
    from dockcache_tui.sources.branches import RevisionBranches

    branches = RevisionBranches(Path.cwd())
    for path in files:
        try:
            yield branches.located(_verified(path) if verify else read_archive(path))
        except ArchiveError as error:
            narrate(f"{path}: {error}")
            if error.hint:
                narrate(error.hint)


def _verified(path: Path) -> Archive:
    from dockcache_tui.sources.archives.verifying import verify_archive

    with progress(f"Verifying {path}") as done:
        return verify_archive(path, done)
