"""What buildx asks BuildKit's Dockerfile frontend for a build, as far as it decides what the steps do.

Options as in buildx's build/opt.go and in BuildKit's frontend/dockerui.
"""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.next_build import argument_words
from dockcache_tui.core.errors import UsageError

MOBY = "docker"
"""The driver whose builder takes images from the engine itself."""
_REMOTE = re.compile(r"[a-z-]+://|git@")
_LIST, _ONE, _SWITCH = ("append", "store", "switch")
_OPTIONS = {
    _LIST: ("add-host", "build-arg", "build-context", "label", "no-cache-filter", "platform", "ulimit", "cache-from"),
    _ONE: ("cgroup-parent", "network", "shm-size", "target"),
    _SWITCH: ("no-cache", "pull"),
}
_OF_NO_STEP = {
    _LIST: (
        *("allow", "annotation", "attest", "cache-to", "memory", "memory-swap", "metadata-file", "iidfile", "output"),
        *("progress", "provenance", "resource", "sbom", "secret", "ssh", "tag", "builder"),
    ),
    _SWITCH: ("debug", "load", "push", "quiet"),
}
"""What asks for no other steps."""
_SHORT = {"output": "-o", "tag": "-t", "quiet": "-q", "debug": "-D", "memory": "-m"}
_UNITS = "bkmgtp"
_SOME_ADDRESS = "127.0.0.1"
"""Of an engine's gateway; addresses are in no key."""


@dataclass(frozen=True, slots=True)
class FrontendOptions:
    """The options of a build, with the folders and the caches that it is given."""

    options: Mapping[str, str]
    folders: frozenset[str] = frozenset()
    """The names of contexts that are folders."""
    cache_from: tuple[str, ...] = ()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(
            f"what this option does to a build's steps is not known: {message}",
            title="Can't predict this build",
            hint="Leave it out to predict the build without it.",
        )


def frontend_options(
    spec: BuildSpec, environment: Mapping[str, str], driver: str, proxies: Mapping[str, str] | None = None
) -> FrontendOptions:
    """Return what buildx would ask for a build by a Dockerfile; raises UsageError for an option that we don't know.

    `proxies` are the build arguments that docker's configuration gives to each build.
    """
    given = _parser(environment).parse_args(spec.extra)
    words = [*argument_words(spec.build_args), *given.build_arg]
    told_arguments = dict(_arguments(words, environment))
    taken = {name.upper() for name in told_arguments}
    told_arguments |= {name: value for name, value in (proxies or {}).items() if name not in taken}
    arguments = {f"build-arg:{name}": value for name, value in told_arguments.items()}
    labels = {f"label:{name}": value for name, value in (word.partition("=")[::2] for word in given.label)}
    named = dict(_named(word) for word in given.build_context)
    remote = {f"context:{name}": place for name, place in named.items() if _REMOTE.match(place)}
    hosts = [_host(one) for word in given.add_host for one in word.split(",")]
    stages = ",".join(given.no_cache_filter)
    told = {
        "target": given.target or spec.target,
        "platform": ",".join(one for word in given.platform for one in word.split(",")),
        "no-cache": stages,
        "add-hosts": ",".join(hosts),
        "force-network-mode": given.network if given.network in ("host", "none") else "",
        "shm-size": str(_bytes(given.shm_size)) if given.shm_size else "",
        "ulimit": ",".join(map(_limit, given.ulimit)),
        "cgroup-parent": given.cgroup_parent or "",
        "image-resolve-mode": "pull" if given.pull else "local" if driver == MOBY else "",
    }
    options = {name: value for name, value in told.items() if value} | arguments | labels | remote
    if spec.no_cache or given.no_cache:
        options["no-cache"] = ""
    folders = frozenset(named.keys() - {name.removeprefix("context:") for name in remote})
    return FrontendOptions(options, folders, (*spec.cache_from, *given.cache_from))


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(add_help=False, allow_abbrev=False)
    for kinds in (_OPTIONS, _OF_NO_STEP):
        for kind, names in kinds.items():
            for name in names:
                flags = [f"--{name}", *filter(None, [_SHORT.get(name)])]
                if kind == _SWITCH:
                    parser.add_argument(*flags, nargs="?", const=True, default=False, type=lambda text: text != "false")
                else:
                    parser.add_argument(*flags, action=kind, default=[] if kind == _LIST else None)
    parser.set_defaults(platform=list(filter(None, [environment.get("DOCKER_DEFAULT_PLATFORM")])))
    return parser


def _arguments(words: Sequence[str], environment: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Yield build arguments; one without a value takes the environment's, or is none."""
    epoch = environment.get("SOURCE_DATE_EPOCH")
    if epoch:
        yield "SOURCE_DATE_EPOCH", epoch
    for word in words:
        name, equals, value = word.partition("=")
        if equals or name in environment:
            yield name, value if equals else environment[name]


def _named(word: str) -> tuple[str, str]:
    name, _, place = word.partition("=")
    return name.removesuffix(":latest"), place


def _host(word: str) -> str:
    name, address = re.split("[=:]", word, maxsplit=1) if re.search("[=:]", word) else (word, "")
    return f"{name}={_SOME_ADDRESS if address == 'host-gateway' else address}"


def _limit(word: str) -> str:
    name, _, limits = word.partition("=")
    return f"{name}={limits if ':' in limits else f'{limits}:{limits}'}"


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", text.lower())
    if not match:
        raise UsageError(f"--shm-size {text} is no size")
    return int(float(match[1]) * 1024 ** _UNITS.index(match[2] or "b"))
