"""Finding what a project builds, and the words that build it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import BuildSpec
from dockcache_tui.core.builds.cache_places import CachePlace, places_of
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import Checkout
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.bake_files import BakeTarget, bake_targets, compose_files
from dockcache_tui.sources.build_runner import build_words
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.project import find_spec, spec_of
from sources.journal_samples import BUILT

NOWHERE = Docker({"PATH": "/nowhere"})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make an empty project."""
    folder = tmp_path / "p"
    folder.mkdir()
    return folder


def remember(journal: Journal, spec: BuildSpec) -> BuildSpec:
    """Keep a build of which a step ran."""
    journal.record(journal.begin(spec, Checkout(spec.project), Instant(1)), (BUILT,))
    return spec


def test_dockerfile_is_found(project: Path, journal: Journal) -> None:
    """A Dockerfile is found before a lowercase one and that before a Containerfile, without docker."""
    for name in ("Containerfile", "dockerfile", "Dockerfile"):
        (project / name).touch()
        assert find_spec(project, NOWHERE, journal) == BuildSpec(str(project), name)
    assert find_spec(project / "Containerfile", NOWHERE, journal) == BuildSpec(str(project), "Containerfile")


def test_last_build_comes_first(project: Path, journal: Journal) -> None:
    """The project is built as it last was; a build that came to no step does not count."""
    (project / "Dockerfile").touch()
    last = remember(
        journal, BuildSpec(str(project), target="t", build_args=(("A", "1"),), cache_from=("f",), cache_to=("t",))
    )
    journal.begin(BuildSpec(str(project), builder="wrong"), Checkout(str(project)), Instant(2))
    assert find_spec(project, NOWHERE, journal) == last


def test_without_cache_holds_for_one_build(project: Path, journal: Journal) -> None:
    """A build that was told to reuse nothing is repeated with the cache."""
    (project / "Dockerfile").touch()
    last = remember(journal, BuildSpec(str(project), target="t", no_cache=True))
    assert find_spec(project, NOWHERE, journal) == replace(last, no_cache=False)


def test_a_file_that_is_gone_is_not_built_again(project: Path, journal: Journal) -> None:
    """When the last build's file was renamed or deleted the project is looked at anew."""
    (project / "Dockerfile").touch()
    last = remember(journal, BuildSpec(str(project), "old.Dockerfile", target="t"))
    assert find_spec(project, NOWHERE, journal) == BuildSpec(str(project), "Dockerfile")
    (project / "old.Dockerfile").touch()
    assert find_spec(project, NOWHERE, journal) == last
    found = remember(journal, BuildSpec(str(project), "", "bake", target="t"))
    assert find_spec(project, NOWHERE, journal) == BuildSpec(str(project), "Dockerfile")
    (project / "docker-bake.override.hcl").touch()
    assert find_spec(project, NOWHERE, journal) == found


def test_another_file_begins_anew(project: Path, journal: Journal) -> None:
    """The file of last time keeps what was asked for with it, another one does not, and an empty one forgets it."""
    (project / "Dockerfile").touch()
    (project / "other.Dockerfile").touch()
    last = remember(journal, BuildSpec(str(project), "other.Dockerfile", target="t"))
    assert find_spec(project, NOWHERE, journal, (str(project / "other.Dockerfile"),)) == last
    assert find_spec(project, NOWHERE, journal, (str(project / "Dockerfile"),)) == BuildSpec(str(project))
    assert find_spec(project, NOWHERE, journal, ()) == BuildSpec(str(project))


def test_a_builder_that_is_gone_does_not_stick(engine: Engine, project: Path, journal: Journal) -> None:
    """The last builder is used again while docker knows it, though it may be down; else that is said, once for all."""
    docker = Docker(engine.variables | {"BUILDX_CONFIG": str(project / "buildx")})
    docker.run("buildx", "create", "--name", "down", "--driver", "remote", "unix:///nowhere.sock")
    (project / "Dockerfile").touch()
    said: list[str] = []
    for name in ("down", "default"):
        last = remember(journal, BuildSpec(str(project), builder=name, target="t"))
        assert find_spec(project, docker, journal, say=said.append) == last
    assert not said
    remember(journal, BuildSpec(str(project), builder="gone", target="t"))
    assert find_spec(project, docker, journal, say=said.append) == BuildSpec(str(project), target="t")
    assert said == ["The builder gone, which built last, is gone."]


def test_the_environment_beats_the_last_build(project: Path, journal: Journal) -> None:
    """BUILDX_BUILDER is docker's to read: no builder of the journal stands in its way."""
    (project / "Dockerfile").touch()
    remember(journal, BuildSpec(str(project), builder="b", target="t"))
    docker = Docker({"PATH": "/nowhere", "BUILDX_BUILDER": "other"})
    assert find_spec(project, docker, journal) == BuildSpec(str(project), target="t")


def test_nothing_to_build(project: Path, journal: Journal) -> None:
    """An empty folder and a missing one are usage errors with a hint."""
    with pytest.raises(UsageError, match="nothing to build") as caught:
        find_spec(project, NOWHERE, journal)
    assert caught.value.hint
    with pytest.raises(UsageError, match="not a folder"):
        find_spec(project / "missing", NOWHERE, journal)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Dockerfile.dev", "dockerfile"),
        ("Dockerfile.yaml", "dockerfile"),
        ("dockerfile.prod.json", "dockerfile"),
        ("Containerfile.hcl", "dockerfile"),
        ("x.hcl", "bake"),
        ("x.json", "bake"),
        ("c.yml", "compose"),
        ("c.YAML", "compose"),
        ("dockerfile-compose.yaml", "compose"),
    ],
)
def test_kind_goes_by_the_name(tmp_path: Path, name: str, kind: str) -> None:
    """A file inside the project is named from it, one beside it in full."""
    project = tmp_path / "p"
    assert spec_of((str(project / name),), project) == BuildSpec(str(project), name, kind)
    assert spec_of((str(tmp_path / name),), project) == BuildSpec(str(project), str(tmp_path / name), kind)


def test_a_dockerfile_of_any_name(project: Path) -> None:
    """What begins with FROM is no compose file, whatever it is called; a Dockerfile inside of one is none."""
    (project / "image.yaml").write_text("# syntax=x\nARG A\nfrom busybox\n")
    (project / "c.yaml").write_text("services:\n web:\n  build:\n   dockerfile_inline: |\n    FROM busybox\n")
    assert spec_of((str(project / "image.yaml"),), project).kind == "dockerfile"
    assert spec_of((str(project / "c.yaml"),), project).kind == "compose"


def test_several_files(project: Path) -> None:
    """Bake files may be several, also with compose files among them; Dockerfiles may not."""
    one, two, three = (str(project / name) for name in ("a.yaml", "b.yml", "c.hcl"))
    assert spec_of((one, two), project) == BuildSpec(str(project), "a.yaml", "compose", more_files=("b.yml",))
    assert spec_of((one, three), project) == BuildSpec(str(project), "a.yaml", "bake", more_files=("c.hcl",))
    with pytest.raises(UsageError, match="several"):
        spec_of((one, str(project / "Dockerfile")), project)


def test_files_from_elsewhere(project: Path) -> None:
    """Stdin and an address are no paths of the project."""
    for name in ("-", "https://example.com/Dockerfile"):
        assert spec_of((name,), project) == BuildSpec(str(project), name)
        assert name in build_words(spec_of((name,), project), project / "m")


def test_compose_is_found_when_it_builds(engine: Engine, project: Path, journal: Journal) -> None:
    """A compose file counts only when a service of it is built; buildx itself says which, and what a bake file does."""
    docker = Docker(engine.variables)
    (project / "Dockerfile").touch()
    compose = project / "compose.yaml"
    compose.write_text("services:\n  db: {image: x}\n")
    assert find_spec(project, docker, journal).kind == "dockerfile"
    compose.write_text("services:\n  db: {image: x}\n  web: {build: {context: sub, dockerfile: D}}\n")
    spec = find_spec(project, docker, journal)
    assert spec == BuildSpec(str(project), "", "compose")
    assert bake_targets(spec, docker) == {"web": BakeTarget(str(project / "sub"), "D")}
    compose.unlink()
    told = {"target": {"default": {"cache-to": ["type=local,dest=c"]}}}
    (project / "docker-bake.json").write_text(json.dumps(told))
    spec = find_spec(project, docker, journal)
    assert places_of(bake_targets(spec, docker)["default"].cache_to, "/") == (CachePlace("folder", "/c"),)


@pytest.mark.parametrize("text", ["", "services: [", "services: {web: {build: {context: 1}}", "name: x\n", "\0"])
@pytest.mark.parametrize("name", ["compose.yaml", "docker-bake.hcl"])
def test_a_broken_file_does_not_stop_a_good_one(
    engine: Engine, project: Path, journal: Journal, name: str, text: str
) -> None:
    """What docker refuses is passed over and told when there is more to build, else it is the error."""
    docker = Docker(engine.variables)
    (project / name).write_text(text)
    said: list[str] = []
    with pytest.raises(SourceError):
        find_spec(project, docker, journal, say=said.append)
    assert said == []
    (project / "Dockerfile").touch()
    assert find_spec(project, docker, journal, say=said.append) == BuildSpec(str(project))
    assert len(said) == 1
    assert said[0].startswith(f"The {'bake' if 'bake' in name else 'compose'} file is skipped: ")


def test_two_broken_files_are_both_told(engine: Engine, project: Path, journal: Journal) -> None:
    """Where docker refuses all there is the error is that of the first file, and each file is named."""
    said: list[str] = []
    for name in ("compose.yaml", "docker-bake.hcl"):
        (project / name).write_text("services: [")
    with pytest.raises(SourceError, match=r"yaml"):
        find_spec(project, Docker(engine.variables), journal, say=said.append)
    assert [line.split(" file is")[0] for line in said] == ["The compose", "The bake"]


def test_what_is_found_has_the_target(engine: Engine, project: Path, journal: Journal) -> None:
    """A bake file without a default is found by a target of its own, and passed over for another."""
    docker = Docker(engine.variables)
    (project / "docker-bake.hcl").write_text('target "app" {}\n')
    (project / "Dockerfile").touch()
    assert find_spec(project, docker, journal).kind == "dockerfile"
    assert find_spec(project, docker, journal, target="app") == BuildSpec(str(project), "", "bake", target="app")
    assert find_spec(project, docker, journal, target="stage").kind == "dockerfile"


def test_files_of_compose(project: Path) -> None:
    """COMPOSE_FILE says which they are, in the environment or in `.env`; else the first and its override."""
    for name in ("docker-compose.yml", "docker-compose.override.yaml", "compose.override.yml"):
        (project / name).touch()
    assert compose_files(project, {}) == (f"{project}/docker-compose.yml", f"{project}/compose.override.yml")
    (project / "compose.yaml").touch()
    assert compose_files(project, {}) == (f"{project}/compose.yaml", f"{project}/compose.override.yml")
    (project / ".env").write_text("# COMPOSE_FILE=no\nexport COMPOSE_FILE='a.yaml;b.yaml'\nCOMPOSE_PATH_SEPARATOR=;\n")
    assert compose_files(project, {}) == (f"{project}/a.yaml", f"{project}/b.yaml")
    assert compose_files(project, {"COMPOSE_FILE": "/c.yaml"}) == ("/c.yaml",)
