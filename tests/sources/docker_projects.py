"""A table of projects that docker builds in many ways, and what docker itself makes of each in its folder."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockcache_tui.sources.docker_cli import Docker

WEB = "services:\n  web:\n    build: {context: web, args: {WHO: '${WHO:-nobody}'}}\n"
DOCKERFILE = "FROM busybox AS early\nARG WHO\nRUN echo NAME $WHO\n"


@dataclass(frozen=True)
class Project:
    """Files to write below a folder, `project` among them; a `Dockerfile` is written wherever one is empty."""

    name: str
    kind: str
    targets: tuple[str, ...]
    """What is built."""
    files: dict[str, str]
    reads: tuple[str, ...] = ()
    """The files that buildx must be given to read what docker reads, where it does not find them by itself."""
    environment: dict[str, str] = field(default_factory=dict)
    composed: tuple[str, ...] | None = None
    """What is built where docker compose is there, when that differs."""
    folder: str = "project"
    refused: tuple[str, ...] = ()
    """What is said of files that docker refuses."""

    def write(self, root: Path) -> Path:
        """Write the files and return the project's folder; no two projects share a step."""
        for name, text in {f"{self.folder}/Dockerfile": "", **self.files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text or DOCKERFILE.replace("NAME", f"{root}{name}"))
        return root / self.folder


def compose(
    name: str, files: dict[str, str], targets: str = "web", reads: str = "compose.yaml", **more: Any
) -> Project:
    """Return a project that compose builds; a file is below the project unless it begins with `../`."""
    placed = {text.removeprefix("../") if text.startswith("../") else f"project/{text}": files[text] for text in files}
    return Project(name, "compose", tuple(targets.split()), placed, tuple(reads.split()), **more)


def bake(name: str, files: dict[str, str], targets: str = "app", reads: str = "", **more: Any) -> Project:
    """Return a project that bake builds; a file is below the project unless it begins with `../`."""
    return Project(name, "bake", tuple(targets.split()), compose("", files).files, tuple(reads.split()), **more)


PROJECTS = (
    Project("Dockerfile", "dockerfile", (), {}),
    compose("plain", {"compose.yaml": WEB, "web/Dockerfile": ""}),
    compose("dotenv", {"compose.yaml": WEB, "web/Dockerfile": "", ".env": "WHO=dotenv\n"}),
    compose(
        "environment before dotenv",
        {"compose.yaml": WEB, "web/Dockerfile": "", ".env": "WHO=dotenv\n"},
        environment={"WHO": "me"},
    ),
    compose(
        "extends",
        {
            "compose.yaml": "services:\n  web: {extends: {file: parts/base.yaml, service: base}}\n",
            "parts/base.yaml": "services:\n  base: {build: {context: ., args: {WHO: base}}}\n",
            "parts/Dockerfile": "",
        },
    ),
    compose(
        "include",
        {
            "compose.yaml": f"include: [more/compose.yaml]\n{WEB}",
            "web/Dockerfile": "",
            "more/compose.yaml": "services:\n  more: {build: .}\n",
            "more/Dockerfile": "",
        },
        "more web",
    ),
    compose(
        "override",
        {
            "compose.yaml": WEB,
            "web/Dockerfile": "",
            "compose.override.yaml": "services:\n  web: {build: {target: early, args: {WHO: over}}}\n",
        },
        reads="compose.yaml compose.override.yaml",
    ),
    compose(
        "the old name, and its override",
        {
            "docker-compose.yml": WEB,
            "web/Dockerfile": "",
            "docker-compose.override.yml": "services:\n  web: {build: {args: {WHO: over}}}\n",
        },
        reads="docker-compose.yml docker-compose.override.yml",
    ),
    compose(
        "two names, of which compose takes the first",
        {"compose.yaml": WEB, "web/Dockerfile": "", "docker-compose.yml": "services:\n  old: {build: web}\n"},
    ),
    compose(
        "COMPOSE_FILE",
        {
            "a.yaml": WEB,
            "web/Dockerfile": "",
            "b.yaml": "services:\n  web: {build: {args: {WHO: b}}}\n",
            "compose.yaml": "services:\n  wrong: {build: web}\n",
        },
        reads="a.yaml b.yaml",
        environment={"COMPOSE_FILE": "a.yaml:b.yaml"},
    ),
    compose(
        "COMPOSE_FILE in dotenv",
        {"a.yaml": WEB, "web/Dockerfile": "", ".env": "COMPOSE_FILE=a.yaml\nWHO=dotenv\n"},
        reads="a.yaml",
    ),
    compose(
        "profiles",
        {
            "compose.yaml": WEB + "  debug: {build: web, profiles: [debug]}\n  db: {image: busybox}\n",
            "web/Dockerfile": "",
        },
        "debug web",
        composed=("web",),
    ),
    compose(
        "a profile of dotenv",
        {
            "compose.yaml": WEB + "  debug: {build: web, profiles: [debug]}\n",
            "web/Dockerfile": "",
            ".env": "COMPOSE_PROFILES=debug\n",
        },
        "debug web",
    ),
    compose(
        "another folder's context",
        {"compose.yaml": "services:\n  web: {build: ../lib}\n", "../lib/Dockerfile": ""},
    ),
    compose(
        "contexts of many kinds",
        {
            "compose.yaml": (
                "services:\n  web:\n    image: named\n    build:\n      context: web\n      additional_contexts:\n"
                "        lib: ../lib\n        base: docker-image://busybox\n      dockerfile_inline: |\n"
                "        FROM base\n        ARG WHO=$${WHO}\n        COPY --from=lib . /\n"
            ),
            "web/Dockerfile": "",
            "../lib/Dockerfile": "",
        },
    ),
    compose(
        "a broken override of a Dockerfile's name",
        {"compose.yaml": "services:\n  web: {build: {context: ., dockerfile: x.yaml}}\n", "x.yaml": ""},
    ),
    bake("bake", {"docker-bake.hcl": 'target "default" { args = { WHO = "bake" } }\n'}, "default"),
    bake(
        "bake with its override and its JSON",
        {
            "docker-bake.hcl": 'group "default" { targets = ["app"] }\ntarget "app" { args = { A = "h", B = "h" } }\n',
            "docker-bake.json": '{"target": {"app": {"args": {"A": "j", "C": "j"}}}}',
            "docker-bake.override.hcl": 'target "app" { target = "early" }\n',
        },
    ),
    bake(
        "a variable of the environment",
        {"docker-bake.hcl": 'variable "WHO" {}\ntarget "default" { args = { WHO = "${WHO}" } }\n'},
        "default",
        environment={"WHO": "me"},
    ),
    bake(
        "bake beside compose that builds nothing",
        {
            "docker-bake.hcl": 'group "default" { targets = ["app"] }\ntarget "app" {}\n',
            "compose.yaml": "services:\n  db: {image: busybox}\n",
        },
    ),
    bake(
        "BUILDX_BAKE_FILE",
        {
            "one.hcl": 'group "default" { targets = ["app"] }\ntarget "app" {}\n',
            "two.json": '{"target": {"app": {"args": {"WHO": "two"}}}}',
            "compose.yaml": WEB,
            "docker-bake.hcl": 'target "default" {}\n',
        },
        environment={"BUILDX_BAKE_FILE": "one.hcl:two.json"},
    ),
    bake("a file of functions", {"docker-bake.hcl": 'target "default" { tags = [lower("A")] }\n'}, "default"),
    Project("empty compose", "dockerfile", (), {"project/compose.yaml": ""}, refused=("compose file is skipped: ",)),
    Project(
        "no services",
        "dockerfile",
        (),
        {"project/compose.yaml": "services: {}\n"},
        refused=("skipped: failed to find",),
    ),
    Project(
        "broken compose",
        "dockerfile",
        (),
        {"project/compose.yaml": "services: ["},
        refused=("compose file is skipped: ",),
    ),
    Project(
        "broken bake",
        "dockerfile",
        (),
        {"project/docker-bake.hcl": "target {"},
        refused=("bake file is skipped: ",),
    ),
    Project("lowercase", "dockerfile", (), {"lower/dockerfile": ""}, folder="lower"),
)


def bake_print(docker: Docker, folder: str | Path, *words: str) -> dict[str, Any]:
    """Return the targets that `docker buildx bake` would build in a folder."""
    found: dict[str, Any] = json.loads(docker.run("buildx", "bake", "--print", *words, cwd=str(folder)))["target"]
    return found


def files(names: tuple[str, ...]) -> list[str]:
    """Return the words that make docker read these files."""
    return [word for name in names for word in ("--file", name)]
