"""The words of a build's docker command: read back as docker reads them, and by docker itself."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dockcache_tui.core.builds.build import BuildSpec, BuildStatus, StepState
from dockcache_tui.core.builds.next_build import argument_words
from dockcache_tui.lab.engine import DOCKER, Engine
from dockcache_tui.sources.bake_files import BakeFiles
from dockcache_tui.sources.build_runner import Runner, build_words
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal

METADATA = Path("/tmp/metadata.json")  # noqa: S108 - nothing is written
SWITCHES = {"--no-cache", "--pull"}
WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
WORDS = st.lists(WORD | st.sampled_from(["--", "-x", "--target", "--no-cache=false"]), max_size=3).map(tuple)
SPECS = st.builds(
    BuildSpec,
    st.just("/p"),
    file=st.sampled_from(["Dockerfile", "-f", "-", "https://example.com/Dockerfile"]),
    context=st.sampled_from([".", "--pull", "-", "https://example.com/r.git#main", "--load://x", "git@h:r.git"]),
    builder=WORD | st.just(""),
    target=WORD | st.sampled_from(["", "--target"]),
    build_args=st.dictionaries(WORD.filter(lambda name: "=" not in name), st.none() | st.text()).map(
        lambda arguments: tuple(arguments.items())
    ),
    cache_from=WORDS,
    cache_to=WORDS,
    no_cache=st.booleans(),
    extra=st.sampled_from([(), ("--pull",), ("--label", "x=y")]),
)


def read(words: Sequence[str]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Read options and what is no option as docker does: but for switches, an option takes whatever comes next."""
    options, rest = defaultdict(list), iter(words)
    for word in rest:
        if word == "--":
            break
        assert word.startswith("--")
        options[word].append("" if word in SWITCHES else next(rest))
    return options, tuple(rest)


def common(spec: BuildSpec) -> dict[str, list[str]]:
    """Return what builds and bakes are told alike."""
    told = {
        "--progress": ["rawjson"],
        "--metadata-file": [str(METADATA)],
        "--builder": [spec.builder] if spec.builder else [],
        "--no-cache": [""] if spec.no_cache else [],
        "--pull": [""] if spec.extra == ("--pull",) else [],
        "--label": ["x=y"] if "--label" in spec.extra else [],
    }
    return {option: values for option, values in told.items() if values}


@given(SPECS)
def test_every_part_of_a_build(spec: BuildSpec) -> None:
    """Docker is told each part of a spec once and as it is, whatever it looks like, paths from the project."""
    command, options, rest = build_words(spec, METADATA)[:2], *read(build_words(spec, METADATA)[2:])
    from_afar = "://" in spec.context or spec.context in ("-", "git@h:r.git")
    wanted = {
        "--file": [spec.file if "://" in spec.file or spec.file == "-" else f"/p/{spec.file}"],
        "--target": [spec.target] if spec.target else [],
        "--build-arg": list(argument_words(spec.build_args)),
        "--cache-from": list(spec.cache_from),
        "--cache-to": list(spec.cache_to),
    }
    assert command == ("buildx", "build")
    assert options == common(spec) | {option: values for option, values in wanted.items() if values}
    assert rest == (spec.context if from_afar else str(Path("/p", spec.context)),)


@given(SPECS, WORDS, WORDS, WORDS)
def test_every_part_of_a_bake(
    spec: BuildSpec, files: tuple[str, ...], targets: tuple[str, ...], readable: tuple[str, ...]
) -> None:
    """A bake gets files and targets, arguments and caches as overrides of every target, and what it may read."""
    words = build_words(spec, METADATA, BakeFiles("/p", files, targets, readable))
    options, rest = read(words[2:])
    overrides = [
        *(f"*.args.{word}" for word in argument_words(spec.build_args)),
        *(f"*.cache-from={cache}" for cache in spec.cache_from),
        *(f"*.cache-to={cache}" for cache in spec.cache_to),
    ]
    wanted = {"--file": list(files), "--set": overrides, "--allow": [f"fs.read={folder}" for folder in readable]}
    assert words[:2] == ("buildx", "bake")
    assert options == common(spec) | {option: values for option, values in wanted.items() if values}
    assert rest == targets


def test_docker_takes_every_part(engine: Engine, journal: Journal, tmp_path: Path) -> None:
    """A build with every part of a spec does what each of them says, in a folder that looks like an option."""
    folder, cache = tmp_path / "--load", tmp_path / "cache"
    folder.mkdir()
    (folder / "-f").write_text("FROM busybox AS first\nARG WORD OF\nRUN echo $WORD $OF\nFROM first\nRUN false\n")
    spec = BuildSpec(
        str(tmp_path), "--load/-f", context="--load", builder=DOCKER, target="first",
        build_args=(("WORD", "-- = ,"), ("OF", None)), cache_to=(f"type=local,dest={cache}",), extra=("--label", "a=b"),
    )  # fmt: skip
    runner = Runner(Docker({**engine.variables, "OF": "ours"}), journal)

    def build(spec: BuildSpec) -> tuple[StepState, str]:
        launched = runner.start(spec)
        for _ in launched:
            pass
        assert launched.result().status is BuildStatus.SUCCEEDED, launched.live.noise().lines
        (ran,) = (step for step in launched.result().steps if " RUN " in step.name)
        return ran.state, ran.name

    build(spec)
    index = json.loads((cache / "index.json").read_text())
    assert index["manifests"]
    again = replace(spec, cache_to=(), cache_from=(f"type=local,src={cache}",))
    state, name = build(again)
    assert (state, name.partition("echo ")[2]) == (StepState.REUSED, "-- = , ours")
    assert build(replace(again, no_cache=True))[0] is StepState.BUILT
    runner.close()
