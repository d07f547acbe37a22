"""Which folder a build sends, read with what is known of it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.sources.bake_files import bake_targets, is_remote
from dockcache_tui.sources.context_manifest import ContextReading, Stamp, read_context
from dockcache_tui.sources.docker_cli import Docker


def read_build_context(
    spec: BuildSpec, docker: Docker, known: Callable[[str], Mapping[str, Stamp]]
) -> ContextReading | None:
    """Read the one folder a build sends; None when that is not one here. Raises DockcacheError, OSError."""
    sent = {(spec.context, spec.file)} if spec.kind == "dockerfile" else set(bake_targets(spec, docker).values())
    if len(sent) != 1:
        return None
    ((context, file),) = sent
    if is_remote(context) or is_remote(file):
        return None
    root = Path(spec.project, context).resolve()
    dockerfile = Path(spec.project if spec.kind == "dockerfile" else root, file)
    return read_context(root, dockerfile=dockerfile, known=known(str(root)))
