"""`dockcache-tui archive cat`."""

import sys
from contextlib import closing
from pathlib import Path

import click

from dockcache_tui.cli.output import narrate, print_line
from dockcache_tui.core.images.choosing import image_of, layer_of
from dockcache_tui.core.images.member_name import path_of
from dockcache_tui.core.images.viewing import MOST_LINES, hex_lines, is_text, text_lines

_MOST_SHOWN = 1 << 20


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("path", metavar="PATH")
@click.option(
    "--image", "wanted", default="", metavar="IMAGE", help="Of several images that of a platform, name:tag or digest."
)
@click.option("--layer", default="", metavar="DIGEST", help="As a layer left it: its digest's beginning or number.")
def cat(file: Path, path: str, wanted: str, layer: str) -> None:
    """Print a file of an image; a removed one as it last was.

    To a file or pipe its bytes go as they are. A terminal shows the beginning as text, or as hex what is none.
    """
    from dockcache_tui.sources.archives.local import LocalArchives

    with closing(LocalArchives()) as archives:
        image = image_of(archives.read(file), wanted)
        digest = layer_of(image, layer).digest if layer else ""
        name = path_of(path)[0]
        if sys.stdout.isatty():
            _show(archives.content(file, image.digest, name, layer=digest, limit=_MOST_SHOWN))
        else:
            with archives.parts(file, image.digest, name, layer=digest) as parts:
                for part in parts:
                    sys.stdout.buffer.write(part)


def _show(content: bytes) -> None:
    lines = text_lines(content) if is_text(content) else hex_lines(content)
    for line in lines:
        print_line(line)
    if len(content) == _MOST_SHOWN or len(lines) == MOST_LINES:
        narrate("That is its beginning; redirect to get all of it.")
