"""`dockcache-tui archive`: what image archives and build records hold."""

import click

from dockcache_tui.cli.archive_diff import diff
from dockcache_tui.cli.archive_show import show
from dockcache_tui.cli.archive_tree import tree


@click.group()
def archive() -> None:
    """Look into image archives and build records without a Docker engine and without unpacking them."""


archive.add_command(show)
archive.add_command(tree)
archive.add_command(diff)
