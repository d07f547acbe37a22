"""What the pickers offer."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dockcache_tui.core import wording
from dockcache_tui.core.archives.engine_image import EngineImage
from dockcache_tui.core.archives.listing import ListedArchive, listed_row
from dockcache_tui.core.archives.row import file_row
from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.fields import BUILD_FIELDS, STEP_FIELDS
from dockcache_tui.core.caches.cache import RepositoryUsage
from dockcache_tui.core.caches.entry import CacheEntry
from dockcache_tui.core.caches.fields import CACHE_FIELDS, REPOSITORY_FIELDS
from dockcache_tui.core.caches.presets import Preset
from dockcache_tui.core.field import json_row
from dockcache_tui.core.json_text import json_text
from dockcache_tui.core.records.builder_info import BuilderInfo
from dockcache_tui.core.records.fields import RECORD_FIELDS
from dockcache_tui.sources.export import Row
from dockcache_tui.ui.archives.files_table import FileRow
from dockcache_tui.ui.archives.layer_rows import LayerRow, layer_row
from dockcache_tui.ui.builder.records_table import RecordRow
from dockcache_tui.ui.caches.cache_rows import CacheRow
from dockcache_tui.ui.shared.picker import Choice

QUITTING = (
    Choice("stay", "Stay", "the build goes on"),
    Choice("quit", "Quit and cancel the build", "what it has built so far stays in the cache"),
)

DOWNLOAD = Choice("download", "Download", "into the current folder; it goes on where it was cut off")

LAB_NO = Choice("no", "No")
LAB_RUN = Choice("run", "Run all experiments", "every situation once: many minutes, two busy cores")
LAB_RESUME = Choice("resume", "Go on with the last run", "it was not finished")
LAB_LEAVE = Choice("leave", "Leave it running", "it goes on in the background")
LAB_CANCEL = Choice("cancel", "Cancel it", "what was measured is kept, and can be gone on with")

EXPORTS = (Choice("json", "JSON", "as --json prints it"), Choice("csv", "CSV", "for a spreadsheet"))

_PRESETS = {
    Preset.MERGED: "Of merged branches",
    Preset.DELETED: "Of deleted branches",
    Preset.CLOSED: "Of closed pull requests",
    Preset.SUPERSEDED: "Superseded generations",
    Preset.ORPHANED: "Orphaned blobs",
    Preset.OLDER: "Not read for some time…",
}


def presets(found: Mapping[Preset, Sequence[CacheEntry]]) -> list[Choice]:
    """Return the presets with what each would mark; the one that asks for an age comes last."""
    sums = {name: sum(one.cache.size for one in entries) for name, entries in found.items()}
    return [
        Choice(name.value, label, f"{wording.count(len(found[name]), 'entry', 'entries')}, {wording.size(sums[name])}")
        if name in found
        else Choice(name.value, label)
        for name, label in _PRESETS.items()
    ]


def builders(found: Sequence[BuilderInfo]) -> list[Choice]:
    """Return the builders with their driver and nodes."""
    return [Choice(one.name, one.name, _about(one)) for one in found]


def _about(builder: BuilderInfo) -> str:
    states = Counter(node.status or "unknown" for node in builder.nodes)
    nodes = ", ".join(f"{number} {state}" for state, number in states.items())
    return " · ".join(filter(None, (builder.driver, nodes, "current" if builder.current else "", builder.error)))


def images(found: Iterable[EngineImage]) -> list[Choice]:
    """Return the images that have a name, with their size."""
    return [
        Choice(name, name, f"{wording.size(image.size)} · {image.platform}") for image in found for name in image.names
    ]


def copies(row: object) -> list[Choice]:
    """Return what can be copied of the row under the cursor."""
    texts: tuple[tuple[str, str], ...] = ()
    match row:
        case RecordRow(scoped=scoped):
            record = scoped.record
            prune = shlex.join(("dockcache-tui", "records", "prune", "--builder", record.builder, "--yes", record.id))
            texts = (
                ("id", record.id),
                ("description", record.description),
                ("command that prunes it", prune),
                ("JSON", json_text(json_row(RECORD_FIELDS, scoped))),
            )
        case CacheRow(entry=entry) if entry:
            texts = (
                ("key", entry.cache.key),
                ("id", str(entry.id)),
                ("digest", entry.decoded.digest or ""),
                ("JSON", json_text(json_row(CACHE_FIELDS, entry))),
            )
        case ListedArchive():
            texts = (("path", row.path), ("name", row.name), ("JSON", json_text(listed_row(row))))
        case LayerRow():
            texts = (("digest", row.digest), ("step", row.name))
        case FileRow(tree=tree):
            texts = (("path", tree.entry.path), ("digest", tree.entry.digest))
        case RepositoryUsage():
            listing = shlex.join(("dockcache-tui", "caches", "--repo", row.repo))
            texts = (("name", row.repo), ("command that lists its caches", listing))
        case Build():
            texts = (("ref", row.ref), ("revision", row.revision), ("error", row.error))
        case Step():
            texts = (("name", row.name), ("digest", row.digest), ("error", row.error))
    return [Choice(text, label, text) for label, text in texts if text]


def exported(rows: Iterable[object]) -> list[Row]:
    """Return table rows as `--json` gives them; a record that stands in several places of the forest comes once."""
    found: dict[object, Row] = {}
    for row in rows:
        match row:
            case RecordRow(scoped=scoped):
                found[scoped.key] = json_row(RECORD_FIELDS, scoped)
            case CacheRow(entries=entries):
                found |= {one.id: json_row(CACHE_FIELDS, one) for one in entries}
            case ListedArchive():
                found[row.key] = listed_row(row)
            case LayerRow():
                found[row.key] = layer_row(row)
            case FileRow(tree=tree):
                found[tree.entry.path] = file_row(tree)
            case RepositoryUsage():
                found[row.repo] = json_row(REPOSITORY_FIELDS, row)
            case Build():
                found[row.ref] = json_row(BUILD_FIELDS, row)
            case Step():
                found[row.digest] = json_row(STEP_FIELDS, row)
    return list(found.values())
