"""What is told of steps whose results are in a cache elsewhere, which was not read, or has them no more."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.actions_service.access import variables
from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.builds.cause import CauseKind, MissCause
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.traced_build import is_missed
from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from service.serving import Served
from why.surroundings import Surroundings

DOCKERFILE = """\
FROM {registry}/library/busybox AS made
RUN echo made > /made
FROM {registry}/library/busybox
COPY it /it
RUN echo deps
COPY --from=made /made /made
RUN echo last
"""


@dataclass
class Place:
    """A cache of one kind: how it is read and written, and how it loses what is in it."""

    kind: str
    name: str
    spec: str
    to: str
    empty: Callable[[], None]
    lose_blobs: Callable[[], None]


class Desk:
    """A project with a journal, whose builds go to any builder."""

    def __init__(self, around: Surroundings, served: Served, folder: Path, other: str) -> None:
        """Make a project that no builder has seen."""
        self.around, self.served, self.folder, self.other = around, served, folder, other
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        (self.work / "it").write_text(uuid4().hex)
        self.dockerfile = DOCKERFILE.format(registry=around.registry.address)
        self._journal = Journal(folder / "journal")
        job = variables(served.home, (BranchScope.of("main"),), "", read_only=False)
        self._runner = Runner(Docker({**around.engine.variables, **job}), self._journal)

    def build(self, builder: str = "", of: str = "", to: str = "") -> Build:
        """Build once, and return the build with its causes."""
        (self.work / "Dockerfile").write_text(self.dockerfile)
        spec = BuildSpec(
            str(self.work),
            builder=builder or self.around.builder,
            cache_from=(of,) if of else (),
            cache_to=(to,) if to else (),
            extra=("--output", "type=cacheonly"),
        )
        launched = self._runner.start(spec)
        assert list(launched)
        return launched.result()

    def prune(self) -> None:
        """Take all from both builders."""
        for builder in (self.around.builder, self.other):
            self.around.docker.run("buildx", "prune", "--builder", builder, "--force", "--all", timeout=120)

    def close(self) -> None:
        """Close the journal."""
        self._runner.close()
        self._journal.close()


def places(desk: Desk) -> Mapping[str, Place]:
    """Return a cache of each kind, none of which is there yet."""
    folder, scope = desk.folder / "cache", f"s{uuid4().hex[:8]}"
    image = f"{desk.around.registry.address}/c{uuid4().hex[:8]}"

    def lose_files() -> None:
        kept = {one["digest"] for one in index(folder) if "cacheconfig" in one["mediaType"]}
        manifest = json.loads((folder / "index.json").read_text())["manifests"][0]["digest"]
        for blob in (folder / "blobs" / "sha256").iterdir():
            if f"sha256:{blob.name}" not in {*kept, manifest}:
                blob.unlink()

    def delete(prefix: str) -> None:
        job = desk.served.job("main", repo="tests/served")
        for one in job.rest("actions/caches", params={"per_page": "100"}).json()["actions_caches"]:
            if one["key"].startswith(prefix):
                job.rest(f"actions/caches/{one['id']}", method="DELETE")

    def forget() -> None:
        desk.around.registry.forget(image.partition("/")[2], "1")

    return {
        "folder": Place(
            *("folder", str(folder), f"type=local,src={folder}", f"type=local,dest={folder}"),
            lambda: shutil.rmtree(folder),
            lose_files,
        ),
        "registry": Place(
            *("registry", f"{image}:1", f"type=registry,ref={image}:1", f"type=registry,ref={image}:1"),
            forget,
            lambda: desk.around.registry.forget_layers(image.partition("/")[2], "1"),
        ),
        "gha scope": Place(
            *("gha scope", scope, f"type=gha,scope={scope}", f"type=gha,scope={scope}"),
            lambda: delete("index-"),
            lambda: delete("buildkit-blob-"),
        ),
    }


def index(folder: Path) -> list[dict[str, str]]:
    """Return what the manifest of a folder's cache names."""
    digest = json.loads((folder / "index.json").read_text())["manifests"][0]["digest"]
    told = json.loads((folder / "blobs" / "sha256" / digest.partition(":")[2]).read_text())
    found: list[dict[str, str]] = [*told.get("manifests", ()), *told.get("layers", ())]
    return [*found, *([told["config"]] if "config" in told else [])]


def told(build: Build) -> Mapping[str, MissCause]:
    """Return the causes of a build by the instructions of its steps."""
    return {parse_name(step.name).instruction: step.cause for step in build.steps if is_missed(step) and step.cause}


Expected = Mapping[str, tuple[CauseKind, str, str]]
"""By instruction: the kind of its cause, what its first evidence is, and what that names; "*" is any other step."""


def first_build(desk: Desk, _: Place) -> tuple[Build, Expected]:
    """No build of the project is known."""
    return desk.build(), {"*": (CauseKind.FIRST_BUILD, "", "")}


def not_read_here(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """The builder lost all, and the cache with it was not read."""
    desk.build(to=f"{place.to},mode=max")
    desk.prune()
    return desk.build(), {"*": (CauseKind.NOT_IMPORTED, place.kind, place.name)}


def not_read_elsewhere(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """Another builder did not read the cache."""
    desk.build(to=f"{place.to},mode=max")
    return desk.build(desk.other), {"*": (CauseKind.NOT_IMPORTED, place.kind, place.name)}


def no_cache_at_all(desk: Desk, _: Place) -> tuple[Build, Expected]:
    """Another builder, and no cache was ever written."""
    desk.build()
    return desk.build(desk.other), {"*": (CauseKind.NOT_IMPORTED, "builder", desk.around.builder)}


def another_was_read(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """Another builder read a cache that is not there."""
    desk.build(to=f"{place.to},mode=max")
    wrong = place.spec.replace(place.name, f"{place.name}x")
    return desk.build(desk.other, of=wrong), {"*": (CauseKind.NOT_IMPORTED, place.kind, place.name)}


def all_read(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """Another builder read the cache, and reused all."""
    desk.build(to=f"{place.to},mode=max")
    return desk.build(desk.other, of=place.spec), {}


def one_edit(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """The cache was read, and a file changed."""
    desk.build(to=f"{place.to},mode=max")
    (desk.work / "it").write_text("edited")
    return desk.build(desk.other, of=place.spec), {
        "COPY it /it": (CauseKind.CONTENT, "content", "it"),
        "*": (CauseKind.CASCADE, "", ""),
    }


def only_the_image(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """The cache has the steps of the image only, and another one is needed."""
    desk.build(to=place.to)
    desk.dockerfile = desk.dockerfile.replace("/made /made", "/made /made2")
    return desk.build(desk.other, of=place.spec), {
        "RUN echo made > /made": (CauseKind.NOT_IMPORTED, place.kind, place.name),
        "COPY --from=made /made /made2": (CauseKind.COMMAND, "dest", ""),
        "*": (CauseKind.CASCADE, "", ""),
    }


def not_there(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """The cache was taken away before it was read; that of a scope is then read as an empty one."""
    desk.build(to=f"{place.to},mode=max")
    place.empty()
    kind = CauseKind.EVICTED if place.kind == "gha scope" else CauseKind.NOT_IMPORTED
    return desk.build(desk.other, of=place.spec), {"*": (kind, place.kind, place.name)}


def written_over(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """Another project wrote over the cache."""
    desk.build(to=f"{place.to},mode=max")
    project = desk.folder / "another"
    shutil.copytree(desk.work, project)
    (project / "Dockerfile").write_text(f"FROM {desk.around.registry.address}/library/busybox\nRUN echo another\n")
    work, desk.work, dockerfile = desk.work, project, desk.dockerfile
    desk.dockerfile = (project / "Dockerfile").read_text()
    desk.build(to=f"{place.to},mode=max")
    desk.work, desk.dockerfile = work, dockerfile
    return desk.build(desk.other, of=place.spec), {"*": (CauseKind.EVICTED, place.kind, place.name)}


def dead_blobs(desk: Desk, place: Place) -> tuple[Build, Expected]:
    """The cache names what it has no data of, and the data is needed."""
    desk.build(to=f"{place.to},mode=max")
    place.lose_blobs()
    desk.dockerfile = desk.dockerfile.replace("echo last", "echo other")
    build = desk.build(desk.other, of=place.spec)
    lost = [cause for cause in told(build).values() if cause.kind is CauseKind.DEAD_BLOB]
    assert all(cause.differences[-1].name == place.name for cause in lost)
    runs_again = place.kind == "gha scope"  # others fail, at the step that needs it
    edited = (CauseKind.COMMAND, "args", "") if runs_again else (CauseKind.DEAD_BLOB, "blob", "sha256:")
    return build, {"RUN echo other": edited, "*": (CauseKind.DEAD_BLOB, "blob", "sha256:")}


SITUATIONS = (
    not_read_here, not_read_elsewhere, another_was_read, all_read, one_edit, only_the_image, not_there, written_over,
    first_build, no_cache_at_all,
    dead_blobs,  # last, since a daemon builds nothing for a while after it
)  # fmt: skip
WITHOUT_CACHE = {first_build, no_cache_at_all}


@pytest.mark.matrix
@pytest.mark.parametrize("kind", ["folder", "registry", "gha scope"])
def test_caches_elsewhere(
    kind: str, around: Surroundings, own_service: Served, own_builder: str, tmp_path: Path
) -> None:
    """No step has a wrong cause or names a wrong cache; the counts are printed."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for number, situation in enumerate(SITUATIONS):
        if situation in WITHOUT_CACHE and kind != "folder":
            continue
        desk = Desk(around, own_service, tmp_path / str(number), own_builder)
        desk.prune()
        try:
            build, expected = situation(desk, places(desk)[kind])
        finally:
            desk.close()
        found = told(build)
        assert bool(found) == bool(expected), (situation.__name__, build)
        verdicts = {step: judged(cause, expected.get(step, expected.get("*"))) for step, cause in found.items()}
        counts += Counter(verdicts.values())
        wrong += [f"{situation.__name__}: {step}: {found[step]}" for step, one in verdicts.items() if one != "right"]
        print(f"{kind:10} {situation.__name__:20} {dict(Counter(verdicts.values()))}", flush=True)  # noqa: T201 - the table
    print(f"{kind}: {dict(counts)}")  # noqa: T201 - the count
    assert wrong == []


def judged(cause: MissCause, expected: tuple[CauseKind, str, str] | None) -> str:
    """Return whether a cause is right, wrong or unknown."""
    if cause.kind is CauseKind.UNKNOWN:
        return "unknown"
    first = cause.differences[0] if cause.differences else None
    named = (cause.kind, first.what if first else "", first.name if first else "")
    same = expected is not None and named[:2] == expected[:2] and named[2].startswith(expected[2])
    return "right" if same else "wrong"
