"""The words of a build's docker command, put together by python-on-whales."""

import sys
from collections.abc import Iterator
from inspect import getgeneratorlocals
from pathlib import Path
from typing import Any, cast

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.repeating import argument_words
from dockcache_tui.sources.bake_files import BakeFiles, is_remote


def build_words(spec: BuildSpec, metadata: Path, files: BakeFiles | None = None) -> tuple[str, ...]:
    """Return what follows `docker` to run a build, its progress as rawjson on stderr; to bake, `files` says what.

    python-on-whales puts the command together, but does not run it: its reader keeps all output, gives no process to
    cancel and takes no environment, and its API has neither a second cache nor words for buildx.
    """
    from python_on_whales import DockerClient

    # client_call must be a program that exists here; docker itself is looked up where the command runs
    buildx = DockerClient(client_call=[sys.executable]).buildx
    common = {
        "builder": spec.builder or None,
        "cache": not spec.no_cache,
        "metadata_file": metadata,
        "progress": "rawjson",
        "stream_logs": True,
    }
    if files is None:
        stream = buildx.build(
            _path(spec, spec.context),
            file=_path(spec, spec.file),
            target=spec.target or None,
            **cast("Any", common),
        )
        *words, context = _words(stream)
        more = (
            *_repeated("--build-arg", argument_words(spec.build_args)),
            *_repeated("--cache-from", spec.cache_from),
            *_repeated("--cache-to", spec.cache_to),
        )
        return (*words, *more, *spec.extra, context)
    baking = buildx.bake(
        targets=list(files.targets),
        files=list(files.files),
        **cast("Any", common),
    )
    more = (
        *_repeated("--allow", tuple(f"fs.read={folder}" for folder in files.readable)),
        *_repeated("--set", tuple(f"*.args.{word}" for word in argument_words(spec.build_args))),
        *_repeated("--set", tuple(f"*.cache-from={cache}" for cache in spec.cache_from)),
        *_repeated("--set", tuple(f"*.cache-to={cache}" for cache in spec.cache_to)),
    )
    return (*_words(baking), *more, *spec.extra)


def _path(spec: BuildSpec, path: str) -> str:
    return path if is_remote(path) else str(Path(spec.project, path))


def _words(stream: object) -> list[str]:
    return [str(word) for word in getgeneratorlocals(cast("Any", stream))["full_cmd"]][1:]


def _repeated(option: str, values: tuple[str, ...]) -> Iterator[str]:
    for value in values:
        yield from (option, value)
