"""What the demo builds on the private engine, and the folder it keeps it in."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from platformdirs import user_cache_path

from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.records.reading import Reading
from dockcache_tui.lab.engine import Engine, at, shared
from dockcache_tui.lab.engine import remove as remove_home
from dockcache_tui.lab.engine.home import check_ours
from dockcache_tui.lab.experiments import begin
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.sources.workspace import ProjectWorkspace

_PARTS = ("journal", "sample")
_LEADING = ("DOCKER_", "BUILDX_", "BUILDKIT_")
_SETTINGS = ("init.defaultBranch=main", "user.name=dockcache-tui", "user.email=demo@dockcache.invalid")


def default_folder() -> Path:
    """Return the folder in the platform's cache where the demo keeps its journal and its copy of the sample program."""
    return user_cache_path("dockcache-tui") / "demo"


def sample(folder: Path) -> Path:
    """Return a copy of the sample program in the folder, made on first use: a repository of its own, on `main`."""
    repository = folder / "sample"
    if not repository.exists():
        fresh = folder / "sample.part"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(shipped_app(), fresh / "app")
        for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
            git(fresh, *words)
        fresh.rename(repository)
    return repository / "app"


def git(folder: Path, *words: str) -> None:
    """Run git in a repository of the demo, untouched by the user's settings; without git the files do alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    if shutil.which("git"):
        settings = [word for setting in _SETTINGS for word in ("-c", setting)]
        subprocess.run(("git", *settings, *words), cwd=folder, env=kept | alone, check=True, stdin=subprocess.DEVNULL)


def workspace(engine: Engine, project: Path, folder: Path) -> ProjectWorkspace:
    """Return a project on the engine; nothing of the user's own docker settings or journal gets in."""
    return ProjectWorkspace(project, Docker(environment(engine)), Journal(folder / "journal"), lab=begin)


def environment(engine: Engine) -> Mapping[str, str]:
    """Return this process's environment leading to the engine, without what would lead docker elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEADING)}
    return kept | dict(engine.environment)


def is_built(of: Workspace) -> bool:
    """Tell whether the builder holds something that a build of the project made."""
    builds = of.builds()
    builder = of.connect("")
    try:
        return any(record.created_by in builds for record in Reading.of(builder.snapshot(), builds).records)
    finally:
        builder.close()


def remove(folder: Path) -> Iterator[Path]:
    """Delete what the demo keeps in its folder, and the folder when nothing else is in it; yields what went."""
    for path in (folder / part for part in (*_PARTS, "sample.part")):
        if path.exists():
            shutil.rmtree(path)
            yield path
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()


def remove_engine(home: Path) -> bool:
    """Remove the private engine and tell whether there was one; raises UsageError while others use it."""
    if not home.exists():
        return False
    check_ours(home)
    with shared(home, lambda: at(home), lambda engine: remove_home(engine.home)):
        pass
    if home.exists():
        raise UsageError(f"another process uses the engine in {home}", hint="Nothing was removed. Try again later.")
    return True


def shipped_app() -> Path:
    """Return the folder of the sample program."""
    return shipped("app", "app")


def shipped(packaged: str, kept: str) -> Path:
    """Return what a wheel has packaged within the lab, and a checkout keeps where Actions finds it."""
    found = Path(str(files("dockcache_tui.lab") / packaged))
    return found if found.exists() else Path(__file__).parents[3] / kept
