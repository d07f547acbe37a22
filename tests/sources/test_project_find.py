"""Finding what a project builds, and the words that build it."""

from itertools import pairwise
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.checkout import Checkout
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.build_words import build_words
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.project import bake_targets, find_spec, spec_of
from sources.journal_samples import BUILT

NOWHERE = Docker({"PATH": "/nowhere"})


def test_dockerfile_is_found(tmp_path: Path) -> None:
    """A Dockerfile is found before a Containerfile, without docker."""
    journal = Journal(tmp_path / "data")
    (tmp_path / "Containerfile").touch()
    assert find_spec(tmp_path, NOWHERE, journal) == BuildSpec(str(tmp_path), "Containerfile")
    (tmp_path / "Dockerfile").touch()
    assert find_spec(tmp_path, NOWHERE, journal) == BuildSpec(str(tmp_path), "Dockerfile")
    assert find_spec(tmp_path / "Containerfile", NOWHERE, journal) == BuildSpec(str(tmp_path), "Containerfile")
    journal.close()


def test_last_build_comes_first(tmp_path: Path) -> None:
    """The project is built as it last was; a build that came to no step does not count."""
    journal = Journal(tmp_path / "data")
    (tmp_path / "Dockerfile").touch()
    last = BuildSpec(
        str(tmp_path), builder="b", target="t", build_args=(("A", "1"),), cache_from=("f",), cache_to=("t",)
    )
    journal.record(journal.begin(last, Checkout(str(tmp_path)), Instant(1)), (BUILT,))
    journal.begin(BuildSpec(str(tmp_path), builder="wrong"), Checkout(str(tmp_path)), Instant(2))
    assert find_spec(tmp_path, NOWHERE, journal) == last
    journal.close()


def test_without_cache_holds_for_one_build(tmp_path: Path) -> None:
    """A build that was told to reuse nothing is repeated with the cache."""
    journal = Journal(tmp_path / "data")
    (tmp_path / "Dockerfile").touch()
    last = BuildSpec(str(tmp_path), target="t", no_cache=True)
    journal.record(journal.begin(last, Checkout(str(tmp_path)), Instant(1)), (BUILT,))
    assert find_spec(tmp_path, NOWHERE, journal) == BuildSpec(str(tmp_path), target="t")
    journal.close()


def test_a_file_that_is_gone_is_not_built_again(tmp_path: Path) -> None:
    """When the last build's file was renamed or deleted the project is looked at anew."""
    journal = Journal(tmp_path / "data")
    (tmp_path / "Dockerfile").touch()
    last = BuildSpec(str(tmp_path), "old.Dockerfile", target="t")
    journal.record(journal.begin(last, Checkout(str(tmp_path)), Instant(1)), (BUILT,))
    assert find_spec(tmp_path, NOWHERE, journal) == BuildSpec(str(tmp_path), "Dockerfile")
    (tmp_path / "old.Dockerfile").touch()
    assert find_spec(tmp_path, NOWHERE, journal) == last
    journal.close()


def test_nothing_to_build(tmp_path: Path) -> None:
    """An empty folder and a missing one are usage errors with a hint."""
    journal = Journal(tmp_path / "data")
    with pytest.raises(UsageError, match="nothing to build") as caught:
        find_spec(tmp_path, NOWHERE, journal)
    assert caught.value.hint
    with pytest.raises(UsageError, match="no folder"):
        find_spec(tmp_path / "missing", NOWHERE, journal)
    journal.close()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Dockerfile.dev", "dockerfile"),
        ("x.hcl", "bake"),
        ("x.json", "bake"),
        ("c.yml", "compose"),
        ("c.yaml", "compose"),
    ],
)
def test_kind_goes_by_the_name(tmp_path: Path, name: str, kind: str) -> None:
    """A file inside the project is named from it, one beside it in full."""
    project = tmp_path / "p"
    assert spec_of(project / name) == BuildSpec(str(project), name, kind)
    assert spec_of(tmp_path / name, project) == BuildSpec(str(project), str(tmp_path / name), kind)


def test_compose_is_found_when_it_builds(engine: Engine, tmp_path: Path) -> None:
    """A compose file counts only when a service of it is built; buildx itself says which."""
    docker, journal = Docker(engine.variables), Journal(tmp_path / "data")
    (tmp_path / "Dockerfile").touch()
    compose = tmp_path / "compose.yaml"
    compose.write_text("services:\n  db: {image: x}\n")
    assert find_spec(tmp_path, docker, journal).kind == "dockerfile"
    compose.write_text("services:\n  db: {image: x}\n  web: {build: {context: sub, dockerfile: D}}\n")
    spec = find_spec(tmp_path, docker, journal)
    assert spec == BuildSpec(str(tmp_path), "compose.yaml", "compose")
    assert [file for _, file in bake_targets(spec, docker).values()] == ["D"]
    journal.close()


def test_words_of_a_build(tmp_path: Path) -> None:
    """Every part of a spec is in the command, paths from the project, buildx's own words before the context."""
    spec = BuildSpec(
        "/p", builder="b", target="t", build_args=(("A", "1 2"), ("B", "")), cache_from=("type=gha", "r/i"),
        cache_to=("type=inline",), no_cache=True, extra=("--pull", "--label", "x=y"),
    )  # fmt: skip
    words = build_words(spec, tmp_path / "m")
    assert words[:4] == ("buildx", "build", "--progress", "rawjson")
    assert words[-1] == "/p"
    assert words[-4:-1] == ("--pull", "--label", "x=y")
    pairs = {*pairwise(words)}
    assert {
        ("--builder", "b"), ("--target", "t"), ("--build-arg", "A=1 2"), ("--build-arg", "B="),
        ("--file", "/p/Dockerfile"), ("--cache-from", "type=gha"), ("--cache-from", "r/i"),
        ("--cache-to", "type=inline"), ("--metadata-file", f"{tmp_path}/m"),
    } <= pairs  # fmt: skip
    assert "--no-cache" in words


def test_words_of_a_bake(tmp_path: Path) -> None:
    """A bake gets its target, and arguments and caches as overrides of every target."""
    spec = BuildSpec(
        "/p", "x.hcl", "bake", target="t", build_args=(("A", "1"),), cache_from=("a", "b"), cache_to=("c",)
    )
    words = build_words(spec, tmp_path / "m")
    assert words[:2] == ("buildx", "bake")
    pairs = [value for option, value in pairwise(words) if option == "--set"]
    assert pairs == ["*.args.A=1", "*.cache-from=a", "*.cache-from=b", "*.cache-to=c"]
    assert ("--file", "/p/x.hcl") in {*pairwise(words)}
    assert "t" in words


def test_context_from_afar_is_left_as_it_is(tmp_path: Path) -> None:
    """An address is no path of the project."""
    words = build_words(BuildSpec("/p", context="https://example.com/r.git#main"), tmp_path / "m")
    assert words[-1] == "https://example.com/r.git#main"
