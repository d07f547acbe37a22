"""actionlint has nothing to say about the workflows."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from dockcache_tui.lab.engine import EngineError, at, default_home, narrate
from dockcache_tui.lab.engine.golang import GO, tree
from dockcache_tui.lab.engine.home import claim, held

ROOT = Path(__file__).parents[2]
VERSION = "v1.7.12"


def _built() -> Path:
    """Return actionlint, built from its Go module once for each version; raises EngineError where no Go can be had."""
    place = user_cache_path("dockcache-tui", ensure_exists=True) / f"actionlint-{VERSION}-go{GO}"
    with held(place.with_name(f"{place.name}.lock")):
        if not place.exists():
            home = default_home()
            claim(home)
            with held(home / "gate"):
                go = tree(at(home), narrate) / "bin" / "go"
            work = place.with_name(f"{place.name}.fresh")
            folders = {"GOBIN": work / "bin", "GOCACHE": work / "cache", "GOMODCACHE": work / "modules"}
            ours = {"GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw", "CGO_ENABLED": "0"}
            subprocess.run(
                (go, "install", f"github.com/rhysd/actionlint/cmd/actionlint@{VERSION}"),
                env={**os.environ, **ours, **{name: str(folder) for name, folder in folders.items()}},
                check=True,
                capture_output=True,
                timeout=600,
            )
            (work / "bin" / "actionlint").replace(place)
            shutil.rmtree(work)
    return place


@pytest.fixture(scope="module")
def actionlint() -> Path:
    """The program."""
    try:
        return _built()
    except (EngineError, OSError, subprocess.SubprocessError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"actionlint can't be built: {error}")


def _complaints(actionlint: Path, folder: Path) -> str:
    """Return what it says; the linters of scripts that a machine may have are left out."""
    done = subprocess.run(
        (actionlint, "-no-color", "-shellcheck=", "-pyflakes="),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (1 if done.stdout else 0), done.stderr
    return done.stdout


def test_the_workflows_are_clean(actionlint: Path) -> None:
    """It finds nothing in any workflow."""
    assert not _complaints(actionlint, ROOT)


def test_a_mistake_is_found(actionlint: Path, tmp_path: Path) -> None:
    """It would find an input that our action does not have, and an output of a step that is not there."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    (tmp_path / ".git").mkdir()
    workflow = tmp_path / ".github/workflows/experiment-4-ours.yml"
    text = workflow.read_text().replace("id: scope", "id: other")
    use = "uses: ./.github/actions/cache-scope"
    workflow.write_text(text.replace(use, f"{use}\n        with:\n          branch: main"))
    said = _complaints(actionlint, tmp_path)
    assert 'input "branch" is not defined' in said
    assert 'property "scope" is not defined' in said
