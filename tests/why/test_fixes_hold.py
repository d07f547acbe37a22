"""Each kind of patch is applied to a real project: it then builds the same, and the same change is made for less."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from why.surroundings import Surroundings

TOOLS = (
    r"RUN for one in npm yarn pnpm pip go bundle composer mvn; do printf '#!/bin/sh\nexec 2>/dev/null; "
    r"cat package.json requirements.txt go.mod Gemfile composer.json pom.xml > /deps; true' > /bin/$one; done"
)
NAMED = "FROM busybox\nARG COMMIT=none\nRUN echo deps > /deps\nCOPY it /it\nRUN echo $COMMIT > /named\n"


@dataclass(frozen=True)
class Project:
    """A project, how it changes, and the instruction that a patch saves."""

    dockerfile: str
    saves: str
    files: Mapping[str, str] = field(default_factory=dict)
    change: str = ""
    """A file that changes; a build argument where it is empty, the image where it is `base`."""
    is_same: bool = True
    """Whether the result stays as it was; it has fewer files where some are left out."""


def install(command: str, **files: str) -> Project:
    """Return a project that runs an install below the copy of all its files."""
    text = f"FROM busybox\n{TOOLS} && chmod +x /bin/*\nWORKDIR /app\nCOPY . .\nRUN {command}\nRUN cat src > /made\n"
    told = {name.replace("__", "-").replace("_", "."): text for name, text in files.items()}
    return Project(text, f"RUN {command}", {**told, "src": "a", ".dockerignore": "Dockerfile"}, "src")


COPY_ALL = "FROM busybox\nCOPY . /all\nRUN ls /all > /made\n"
PROJECTS: Mapping[str, Project] = {
    "argument": Project(NAMED, "RUN echo deps"),
    "argument with comments": Project(
        NAMED.replace("ARG", "# The commit\nARG").replace("RUN echo d", "# First\nRUN echo d"), "RUN echo deps"
    ),
    "argument of several": Project(NAMED.replace("COMMIT=none", "A=1 COMMIT=none B"), "RUN echo deps"),
    "argument of a stage": Project(
        f"ARG COMMIT=none\n{NAMED.replace('=none', '')}FROM busybox\nCOPY --from=0 /named /named\n", "RUN echo deps"
    ),
    "argument and heredoc": Project(
        'FROM busybox\nARG COMMIT=none\nRUN <<EOF\necho deps > /deps\nEOF\nCOPY <<"EOF" /x\ny\nEOF\n'
        "RUN <<EOF\necho $COMMIT > /named\nEOF",
        "RUN <<EOF (echo deps",
    ),
    "argument and CRLF": Project(NAMED.replace("\n", "\r\n"), "RUN echo deps"),
    "argument over lines": Project(f"# escape=`\n{NAMED}".replace("ARG COMMIT", "ARG `\n  COMMIT"), "RUN echo deps"),
    "git": Project(COPY_ALL, "COPY . /all", {".git/HEAD": "a"}, ".git/HEAD", is_same=False),
    "git with rules": Project(
        COPY_ALL, "COPY . /all", {".git/HEAD": "a", ".dockerignore": "*.log"}, ".git/HEAD", is_same=False
    ),
    "git with own rules": Project(
        COPY_ALL, "COPY . /all", {".git/HEAD": "a", "Dockerfile.dockerignore": "x\r\ny\r\n"}, ".git/HEAD", is_same=False
    ),
    "leftovers": Project(
        COPY_ALL, "COPY . /all", {"src/__pycache__/a.pyc": "a", "src/a": ""}, "src/__pycache__/a.pyc", is_same=False
    ),
    "editor": Project(COPY_ALL, "COPY . /all", {".vscode/x": "a"}, ".vscode/x", is_same=False),
    "compose": Project(COPY_ALL, "COPY . /all", {"compose.yaml": "a"}, "compose.yaml", is_same=False),
    "base": Project(
        "FROM busybox:moved AS a\nRUN echo one > /one\nFROM busybox:moved\nCOPY --from=a /one /\n",
        "RUN echo one",
        change="base",
    ),
    "npm": install("npm ci", package_json="{}", package__lock_json="{}"),
    "yarn": install("yarn install --frozen-lockfile", package_json="{}", yarn_lock=""),
    "pnpm": install("pnpm install --frozen-lockfile", package_json="{}", pnpm__lock_yaml=""),
    "pip": install("pip install -r requirements.txt", requirements_txt="a==1"),
    "go": install("go mod download", go_mod="module a", go_sum=""),
    "bundle": install("bundle install", Gemfile='gem "a"', Gemfile_lock=""),
    "composer": install("composer install --no-scripts --no-autoloader", composer_json="{}", composer_lock="{}"),
    "maven": install("mvn -B dependency:go-offline", pom_xml="<project/>"),
}


class Bench:
    """One project with a journal."""

    def __init__(self, around: Surroundings, folder: Path, project: Project) -> None:
        """Write the project down."""
        self.around, self.folder, self.project = around, folder, project
        self.work = folder / "work"
        for name, text in {"it": "it", **project.files, "Dockerfile": project.dockerfile}.items():
            (self.work / name).parent.mkdir(parents=True, exist_ok=True)
            (self.work / name).write_bytes(text.encode())
        self._journal = Journal(folder / "journal")
        self._runner = Runner(Docker(around.engine.variables), self._journal)
        self._changes = 0

    def change(self) -> None:
        """Make the change of the project once more."""
        self._changes += 1
        if self.project.change == "base":
            self.around.registry.tag("busybox", "moved", ("v1", "v2", "relabel", "env")[self._changes])
        elif self.project.change:
            (self.work / self.project.change).write_text(f"{self._changes}")

    def build(self) -> tuple[Build, Mapping[str, bytes]]:
        """Return a build with its causes, and the files that came out."""
        output = self.folder / f"out{len(list(self.folder.iterdir()))}"
        arguments = () if self.project.change else (("COMMIT", f"c{self._changes}"),)
        extra = ("--output", f"type=local,dest={output}")
        launched = self._runner.start(
            BuildSpec(str(self.work), builder=self.around.builder, build_args=arguments, extra=extra)
        )
        assert list(launched)
        build = launched.result()
        assert build.status is BuildStatus.SUCCEEDED, build.error
        made = {str(path.relative_to(output)): path for path in output.rglob("*") if "bin" not in path.parts}
        return build, {
            name: path.read_bytes() for name, path in made.items() if path.is_file() and not path.is_symlink()
        }

    def close(self) -> None:
        """Close the journal."""
        self._runner.close()
        self._journal.close()


@pytest.mark.matrix
def test_patches_hold(around: Surroundings, tmp_path: Path) -> None:
    """Each patch applies, changes nothing of what is built, and keeps a step at the next such change."""
    around.registry.tag("busybox", "moved", "v1")
    held = []
    for name, project in PROJECTS.items():
        bench = Bench(around, tmp_path / name, project)
        try:
            held.append(_holds(bench))
        finally:
            bench.close()
        print(f"{name:24} {'held' if held[-1] else 'DID NOT HOLD'}", flush=True)  # noqa: T201 - the table
    print(f"{sum(held)} of {len(PROJECTS)} patches held")  # noqa: T201 - the count
    assert all(held)


def _holds(bench: Bench) -> bool:
    prune = ("buildx", "prune", "--builder", bench.around.builder, "--force", "--all")
    bench.around.docker.run(*prune, timeout=120)
    bench.build()
    bench.change()
    missed, before = bench.build()
    patches = [step.cause.fix.patch for step in missed.steps if step.cause and step.cause.fix and step.cause.fix.patch]
    assert patches, [(step.name, step.cause) for step in missed.steps if step.cause]
    apply = ("git", "apply", "--whitespace=nowarn", "-")
    environment = {"GIT_CEILING_DIRECTORIES": str(bench.folder), "GIT_DIR": str(bench.folder / "none")}
    subprocess.run(apply, input=patches[0].encode(), cwd=bench.work, env=environment, check=True, timeout=60)
    _, after = bench.build()
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert not differing or not bench.project.is_same, differing
    bench.change()
    again, _ = bench.build()
    saved = [step for step in again.steps if parse_name(step.name).instruction.startswith(bench.project.saves)]
    assert saved, [step.name for step in again.steps]
    return all(step.cached for step in saved)
