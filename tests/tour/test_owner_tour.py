"""A prune by branch with real keys, on two nodes that two projects and three branches have built on at once."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from dockcache_tui.lab.engine import Engine
from tour.scratch import Scratch
from tour.terminal import BINARY, Open, Terminal

PLATFORMS = ("--platform", "linux/amd64,linux/arm64")
Records = dict[tuple[str, str], str]
"""What made each record, by node and id."""


@dataclass(frozen=True)
class Projects:
    """Two repositories on one builder; each branch's RUN carries a mark of its own."""

    web: Scratch
    api: Scratch

    @classmethod
    def make(cls, engine: Engine, builder: str, folder: Path) -> "Projects":
        """Make both, on their branches main."""
        # names that no earlier run's have, of which the builder may keep records
        web, api = (Scratch.make(engine, builder, folder / f"{name}{uuid4().hex[:3]}") for name in ("web", "api"))
        return cls(web, Scratch(engine, builder, api.folder, web.data))

    @staticmethod
    def mark(project: Scratch) -> str:
        """Give a project a Dockerfile that nobody has built, commit it, and return the mark in it."""
        mark = f"own-{uuid4().hex}"
        (project.folder / "Dockerfile").write_text(f"FROM busybox\nRUN echo {mark}; sleep 3\nCOPY main.go /{mark}\n")
        project.edit()
        project.commit()
        return mark

    def build(self, terminal: Terminal) -> None:
        """Build both at once on both nodes: one by us, the other as anybody would."""
        ours = (BINARY, "rebuild", str(self.web.folder), "--builder", self.web.builder, "--", *PLATFORMS)
        theirs = ("docker", "buildx", "build", "--builder", self.api.builder, *PLATFORMS, str(self.api.folder))
        done = f"done-{uuid4().hex[:6]}"
        terminal.run(
            *ours, ">/dev/null", "2>&1", "&", *theirs, ">/dev/null", "2>&1", "&", "wait;", "echo", f"{done}'!'"
        )
        terminal.see(f"^{done}!")
        terminal.run("clear")

    def records(self) -> Records:
        """Return what is on the builder, as the command line lists it."""
        words = (BINARY, "records", "--builder", self.web.builder, "--json")
        done = subprocess.run(
            words,
            env=self.web.environment,
            cwd=self.web.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return {(one["node"], one["id"]): one["description"] for one in json.loads(done.stdout)["items"]}


def test_a_prune_by_branch_takes_that_branchs_records_alone(
    engine: Engine, two_node_builder: str, open_app: Open, tmp_path: Path
) -> None:
    """Of two projects, three branches and two nodes, parallel builds and a checkout, just one branch's records go."""
    projects = Projects.make(engine, two_node_builder, tmp_path)
    others = [projects.mark(projects.web), projects.mark(projects.api)]
    shell = open_app(projects.web, 120, 40)
    shell.see("● ")
    shell.press("q")
    shell.see("^ready>$")
    projects.build(shell)
    shell.run("git", "checkout", "--quiet", "-b", "topic")
    shell.see("^ready>$")
    topic = projects.mark(projects.web)
    others.append(projects.mark(projects.api))
    projects.build(shell)
    before = projects.records()
    assert all(len([one for one in before.values() if f"echo {mark}" in one]) == 2 for mark in (topic, *others))

    _prune(shell, projects, topic)

    after = projects.records()
    gone = [what for key, what in before.items() if key not in after]
    assert len([what for what in gone if f"echo {topic}" in what]) == 2
    assert not [what for what in gone if any(mark in what for mark in others)]
    assert not [what for what in after.values() if topic in what]
    assert {key for key in before if key not in after} >= {key for key, what in before.items() if topic in what}
    shell.press("q")
    shell.see("^ready>$")


def _prune(terminal: Terminal, projects: Projects, mark: str) -> None:
    """Open the app, pick the branch, mark all there is of it, and say yes."""
    web, api = (f"{one.folder.parent.name}/app" for one in (projects.web, projects.api))
    terminal.run(BINARY, "--builder", projects.web.builder)
    terminal.see("● ", "Branch +Project")
    terminal.press("f")
    terminal.see("Branch scope of every view", "topic", "checked out")
    terminal.type("topic")
    terminal.see_no("all branches +0")
    terminal.press("Enter")
    terminal.see(r"^ dockcache .* · topic ", f"topic +{web}")
    terminal.see_no(api)
    terminal.press("]")
    terminal.see("records › flat")
    terminal.press("Home", "v", "End", "d")
    terminal.see("Delete from the builder · topic of ", "will go, leaf first", f"echo {mark[:8]}", "Yes, .* records")
    terminal.press("Tab", "Enter")
    terminal.see(r"Freed \d+ records", "as[\\s▌]+planned")
