"""The app in a project whose names are no UTF-8."""

from pathlib import Path

from dockcache_tui.lab.engine import Engine
from nobody import git
from tour.scratch import Scratch
from tour.terminal import Open


def test_names_of_any_bytes(engine: Engine, container_builder: str, open_app: Open, tmp_path: Path) -> None:
    """Folder, branch and files are shown with escapes; the project is built, kept and shown again."""
    top = tmp_path / "project-\udcff"
    top.mkdir()
    project = Scratch.make(engine, container_builder, top)
    (project.folder / "Dockerfile").write_text(f"FROM busybox\nCOPY file* /\nRUN echo {tmp_path}\n")
    (project.folder / "file-\udcff").write_text("text")
    project.commit()
    git(project.folder, "checkout", "--quiet", "-b", "branch-\udcff")
    git(project.folder, "remote", "add", "origin", "https://github.invalid/octo/\udcff.git")
    state = tmp_path / "state"
    terminal = open_app(project, 120, 40, XDG_STATE_HOME=str(state))
    terminal.see("● ")
    terminal.press("2", "b")
    terminal.see("✓ succeeded", "RUN echo")
    terminal.press("1")
    terminal.see("● ")
    terminal.press("3")
    terminal.see("Which repository\\?")
    terminal.press("4")
    terminal.see("● ")
    terminal.press("5")
    terminal.see(r"branch-\\udcff")
    terminal.press("q")
    terminal.see("^ready>$")
    assert not [*state.rglob("error-*")]
