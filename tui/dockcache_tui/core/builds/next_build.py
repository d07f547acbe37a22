"""What is repeated of a project's last build, what beats it, and how it is taken back (docs/builds.md says the same).

A build is remembered when it succeeded or a step of it ran, failed or not; what docker refused before that is not
(the journal's `last_spec`). A flag beats the environment, and that beats what is remembered.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.errors import UsageError

_FILES = {"bake": "BUILDX_BAKE_FILE", "compose": "COMPOSE_FILE"}
"""The variable by which docker is told which files of a kind to read."""
_FILE_OF_STDIN = re.compile(r"(-f|--file)[ =]?-")
_PIPE = re.compile(r"(^|[=,])/(dev|proc/self)/(stdin|fd/)")

Arguments = tuple[tuple[str, str | None], ...]
"""Build arguments by name; one without a value takes the environment's, each time."""


def repeated(last: BuildSpec, environment: Mapping[str, str]) -> BuildSpec:
    """Return what the last build asked for, without what held only once or what the environment says now."""
    spec = replace(last, no_cache=False)
    if environment.get("BUILDX_BUILDER"):
        spec = replace(spec, builder="")
    if environment.get(_FILES.get(spec.kind, "")):
        spec = replace(spec, file="", more_files=())
    return spec


def remembered(spec: BuildSpec, last: BuildSpec | None, environment: Mapping[str, str]) -> BuildSpec:
    """Return what to remember of a build; what the environment chose for it stays as it was remembered before."""
    if last and environment.get("BUILDX_BUILDER"):
        spec = replace(spec, builder=spec.builder or last.builder)
    if last and environment.get(_FILES.get(spec.kind, "")) and last.kind == spec.kind and not spec.file:
        spec = replace(spec, file=last.file, more_files=last.more_files)
    return spec


def reads_stdin(spec: BuildSpec) -> bool:
    """Tell whether a build reads what is piped to it, which can't be had a second time."""
    words = zip(("", *spec.extra), (*spec.extra, ""), strict=True)
    return (
        "-" in (spec.file, *spec.more_files)
        or any(_FILE_OF_STDIN.fullmatch(text) for pair in words for text in (pair[1], " ".join(pair)))
        or any(_PIPE.search(word) for word in (spec.file, *spec.more_files, *spec.extra))
    )


def with_arguments(before: Arguments, words: Iterable[str]) -> Arguments:
    """Return build arguments changed by NAME=VALUE or NAME; `NAME=` takes one back, an empty word all of them.

    Raises UsageError for a word without a name.
    """
    after = dict(before)
    for word in words:
        name, equals, value = word.partition("=")
        if not word:
            after.clear()
        elif not name:
            raise UsageError(f"--build-arg {word} is neither NAME=VALUE nor NAME")
        elif equals and not value:
            after.pop(name, None)
        else:
            after[name] = value if equals else None
    return tuple(after.items())


def argument_words(arguments: Arguments) -> tuple[str, ...]:
    """Return build arguments as they are given: NAME=VALUE, or NAME for the environment's value."""
    return tuple(name if value is None else f"{name}={value}" for name, value in arguments)


@dataclass(frozen=True, slots=True)
class Given:
    """What is asked for now; what is None or empty was not given."""

    target: str | None = None
    builder: str | None = None
    build_args: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    extra: tuple[str, ...] | None = None
    no_cache: bool = False

    def changing(self, spec: BuildSpec) -> BuildSpec:
        """Return a spec with what is given now: an empty word takes back, what is not given stays.

        Caches and further words are replaced as a whole, build arguments one by one. Raises UsageError.
        """
        return replace(
            spec,
            target=spec.target if self.target is None else self.target,
            builder=spec.builder if self.builder is None else self.builder,
            build_args=with_arguments(spec.build_args, self.build_args),
            cache_from=tuple(filter(None, self.cache_from)) if self.cache_from else spec.cache_from,
            cache_to=tuple(filter(None, self.cache_to)) if self.cache_to else spec.cache_to,
            extra=spec.extra if self.extra is None else self.extra,
            no_cache=self.no_cache,
        )
