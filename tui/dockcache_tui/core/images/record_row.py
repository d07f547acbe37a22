"""Recorded builds and loaded archives as JSON gives them; the names are stable, see docs/archives.md."""

from collections.abc import Iterator, Mapping
from typing import Any

from dockcache_tui.core.builds.row import step_row, whole_build
from dockcache_tui.core.images.build_record import BuildRecord
from dockcache_tui.core.images.engine_image import Loaded

Row = Mapping[str, Any]


def record_row(record: BuildRecord, *, logs: bool = False) -> Row:
    """Return a recorded build with its steps, with `logs` also what each said."""
    build = {name: value for name, value in whole_build(record.build).items() if name not in {"schema", "step_list"}}
    said = {step.digest: list(record.log(step.digest).lines) for step in record.build.steps} if logs else {}
    return {
        **build,
        "imports": list(record.imports),
        "files": [{"name": file.name, "text": file.text} for file in record.files],
        "warnings": [warning.short for warning in record.warnings],
        "faults": [str(fault) for fault in record.faults],
        "step_list": [
            {**step_row(step), **({"log": said[step.digest]} if logs else {})} for step in record.build.steps
        ],
    }


def loaded_rows(loaded: Loaded) -> Iterator[Row]:
    """Return each layer of each image with whether the engine had it before; null for an empty one."""
    for one in loaded.images:
        for layer, there in zip(one.image.layers, one.there, strict=True):
            yield {
                "image": one.image.digest,
                "platform": one.image.platform or None,
                "digest": layer.digest or None,
                "diff_id": layer.diff_id or None,
                "size": layer.size,
                "created_by": layer.created_by,
                "there": there,
            }
