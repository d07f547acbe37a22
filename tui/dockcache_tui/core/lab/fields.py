"""The columns of a run's table, the same on the command line, in Markdown and in the app."""

from dockcache_tui.core import wording
from dockcache_tui.core.field import ColumnLook, Field, Kind
from dockcache_tui.core.lab.summary import LabRow


def _spread(row: LabRow) -> str:
    return f"{wording.span(row.total.low)} – {wording.span(row.total.high)}"


def _packages(row: LabRow) -> str:
    return f"{row.counts.own} + {row.counts.dependencies} + {row.counts.standard}"


LAB_FIELDS: tuple[Field[LabRow], ...] = (
    Field(
        "situation",
        Kind.TEXT,
        lambda row: row.situation.label,
        "what happened since the last run of the workflow",
        look=ColumnLook("Situation", max_width=20),
    ),
    Field(
        "experiment",
        Kind.TEXT,
        lambda row: row.experiment,
        "which experiment it is",
        look=ColumnLook("Experiment", weight=1, min_width=16, max_width=20),
    ),
    Field(
        "total",
        Kind.DURATION,
        lambda row: row.total.median,
        "seconds of all jobs added up: the median over the rounds",
        look=ColumnLook("Total", width=8),
    ),
    Field("spread", Kind.TEXT, _spread, "the lowest and the highest of them"),
    Field(
        "wall",
        Kind.DURATION,
        lambda row: row.wall.median,
        "seconds until the last job ends where the later ones run side by side",
    ),
    Field("set-up", Kind.DURATION, lambda row: row.split.setup, "starting the builder"),
    Field(
        "import",
        Kind.DURATION,
        lambda row: row.split.importing,
        "reading cache manifests, and fetching cached layers and base images",
        look=ColumnLook("Import", width=8, priority=4),
    ),
    Field(
        "build",
        Kind.DURATION,
        lambda row: row.split.building,
        "running the Dockerfile's steps",
        look=ColumnLook("Build", width=8, priority=3),
    ),
    Field(
        "export",
        Kind.DURATION,
        lambda row: row.split.exporting,
        "writing the image, saving the cache",
        look=ColumnLook("Export", width=8, priority=4),
    ),
    Field(
        "transfer",
        Kind.DURATION,
        lambda row: row.split.transfer,
        "carrying the image as an artifact: upload, download, load",
        look=ColumnLook("Transfer", width=10, priority=4),
    ),
    Field(
        "up",
        Kind.SIZE,
        lambda row: row.counts.up,
        "bytes to the Actions service, counted on the line of each job",
        look=ColumnLook("Up", width=9, priority=2),
    ),
    Field(
        "down",
        Kind.SIZE,
        lambda row: row.counts.down,
        "bytes from it, counted in the same way",
        look=ColumnLook("Down", width=9, priority=2),
    ),
    Field("pulled", Kind.SIZE, lambda row: row.counts.pulled, "bytes of base images from a registry"),
    Field(
        "reuse",
        Kind.PERCENT,
        lambda row: row.counts.reuse,
        "true reuse: steps reused of those that could be, a false hit counted as built",
        look=ColumnLook("Reuse", width=7),
    ),
    Field(
        "modules",
        Kind.INT,
        lambda row: row.counts.modules,
        "Go modules downloaded, as the build's log tells",
        look=ColumnLook("Modules", width=9, priority=1),
    ),
    Field(
        "packages",
        Kind.TEXT,
        _packages,
        "packages compiled: the program's own + its dependencies' + the standard library's",
        look=ColumnLook("Packages", width=9, priority=1),
    ),
)
