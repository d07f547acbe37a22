"""A project of a test's own: the sample program in a git repository, built by nobody else."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from dockcache_tui.lab.engine import Engine
from nobody import git

_APP = Path(__file__).parents[2] / "app"


@dataclass(frozen=True)
class Scratch:
    """A checked-out project, the engine and builder it is built on, and where the app keeps its journal."""

    engine: Engine
    builder: str
    folder: Path
    data: Path

    @classmethod
    def make(cls, engine: Engine, builder: str, folder: Path) -> "Scratch":
        """Copy the program with a line of its own, on the branch main."""
        project = cls(engine, builder, folder / "app", folder / "data")
        shutil.copytree(_APP, project.folder)
        git(project.folder, "init", "--quiet", "--initial-branch=main")
        project.edit()
        project.commit()
        return project

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables the app is started with."""
        quiet = {name: value for name, value in self.engine.variables.items() if name != "NO_COLOR"}
        return {**quiet, "DOCKCACHE_DATA": str(self.data)}

    def edit(self) -> None:
        """Change main.go so that no build has seen it."""
        with (self.folder / "main.go").open("a") as source:
            source.write(f"\nconst edit{uuid4().hex} = 1\n")

    def commit(self) -> None:
        """Commit all that changed."""
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message=Edit")

    def docker(self, *words: str) -> str:
        """Run docker on the project's engine and return what it prints."""
        done = subprocess.run(
            ("docker", *words), env=self.environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout
