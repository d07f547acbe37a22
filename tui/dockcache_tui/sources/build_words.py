"""The words of a build's docker command."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.next_build import argument_words
from dockcache_tui.sources.bake_files import BakeFiles, is_remote


def build_words(spec: BuildSpec, metadata: Path, files: BakeFiles | None = None) -> tuple[str, ...]:
    """Return what follows `docker` to run a build, its progress as rawjson on stderr; to bake, `files` says what."""
    common = (
        *("--progress", "rawjson", "--metadata-file", str(metadata)),
        *_each("--builder", filter(None, [spec.builder])),
        *(["--no-cache"] if spec.no_cache else []),
    )
    arguments = argument_words(spec.build_args)
    # What follows -- is never an option, whatever it begins with.
    if files is None:
        return (
            *("buildx", "build", *common, "--file", _path(spec, spec.file)),
            *_each("--target", filter(None, [spec.target])),
            *_each("--build-arg", arguments),
            *_each("--cache-from", spec.cache_from),
            *_each("--cache-to", spec.cache_to),
            *(*spec.extra, "--", _path(spec, spec.context)),
        )
    return (
        *("buildx", "bake", *common),
        *_each("--file", files.files),
        *_each("--allow", (f"fs.read={folder}" for folder in files.readable)),
        *_each("--set", (f"*.args.{word}" for word in arguments)),
        *_each("--set", (f"*.cache-from={cache}" for cache in spec.cache_from)),
        *_each("--set", (f"*.cache-to={cache}" for cache in spec.cache_to)),
        *(*spec.extra, "--", *files.targets),
    )


def _path(spec: BuildSpec, path: str) -> str:
    return path if is_remote(path) else str(Path(spec.project, path))


def _each(option: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        yield from (option, value)
