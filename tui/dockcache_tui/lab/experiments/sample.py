"""The sample program as each situation finds it: a git repository that is made anew each time."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.lab.experiment import Situation
from dockcache_tui.lab.demo import git

MAIN, FEATURE = "main", "feature"
_CHANGE = """
var changed = "by the lab"

func init() {
	if changed == "" {
		panic(changed)
	}
}
"""
_MODULE = "github.com/mattn/go-runewidth"
_OLD, _NEW = "v0.0.12", "v0.0.13"
_SUMS = f"""\
{_MODULE} {_NEW} h1:lTGmDsbAYt5DmK6OnoV7EuIF1wEIFAcxld6ypU4OSgU=
{_MODULE} {_NEW}/go.mod h1:Jdepj2loyihRzMpdS35Xk/zdY8IAYHsh153qUoGf23w=
"""


def checked_out(folder: Path, program: Path, so_far: Sequence[Situation]) -> Path:
    """Return the program's folder in a new repository where these situations came about, the last one just now."""
    shutil.rmtree(folder, ignore_errors=True)
    app = folder / "app"
    shutil.copytree(program, app)
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        git(folder, *words)
    for situation in so_far:
        change = _CHANGES.get(situation)
        if change:
            change(app)
            git(folder, "commit", "--quiet", "--all", "-m", f"The {situation} changes")
    if so_far[-1] is Situation.BRANCH:
        git(folder, "switch", "--quiet", "--create", FEATURE)
    return app


def _source(app: Path) -> None:
    main = app / "main.go"
    main.write_text(main.read_text() + _CHANGE)


def _dependency(app: Path) -> None:
    mod, sums = app / "go.mod", app / "go.sum"
    wanted = f"{_MODULE} {_OLD}"
    if wanted not in mod.read_text():
        raise UsageError(f"{mod} does not ask for {wanted}", title="The sample program is another one")
    mod.write_text(mod.read_text().replace(wanted, f"{_MODULE} {_NEW}"))
    sums.write_text(sums.read_text() + _SUMS)


_CHANGES: Mapping[Situation, Callable[[Path], None]] = {
    Situation.SOURCE: _source,
    Situation.DEPENDENCY: _dependency,
}
