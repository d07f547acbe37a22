"""`dockcache-tui archive`: what image archives and build records hold."""

import click

from dockcache_tui.cli.archive_builds import builds
from dockcache_tui.cli.archive_cat import cat
from dockcache_tui.cli.archive_diff import diff
from dockcache_tui.cli.archive_moving import load, save
from dockcache_tui.cli.archive_show import show
from dockcache_tui.cli.archive_tree import tree


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
