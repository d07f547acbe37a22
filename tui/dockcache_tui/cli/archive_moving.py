"""`dockcache-tui archive load` and `archive save`."""

from pathlib import Path

import click

from dockcache_tui.cli.output import Row, narrate, print_document, print_table
from dockcache_tui.cli.progress import progress
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.images.engine_image import Loaded
from dockcache_tui.core.images.record_row import loaded_rows

_SHORT = len("sha256:") + 12
_THERE = {True: "there already", False: "new", None: "–"}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/archives.md).")
def load(file: Path, as_json: bool) -> int:
    """Load the images of an archive into the engine, and show which layers were there already."""
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
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
def save(image: str, file: Path, replace: bool) -> int:
    """Save an IMAGE of the engine to a FILE, as `docker save` writes it; prints where it is."""
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
