"""The whole tour, with real keys in a real terminal on a real engine."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from dockcache_tui.lab.engine import Engine
from nobody import git
from tour.scratch import Scratch
from tour.terminal import Open, Terminal

STEPS = (
    *("golang 2/3", "golang 3/3"),
    *("dependencies 2/6", "dependencies 3/6", "dependencies 4/6", "dependencies 5/6", "dependencies 6/6"),
    *("compile 1/2", "compile 2/2", "stage-3 1/1"),
)
ALWAYS = (
    r"^ dockcache · ",
    "1 Overview",
    "2 Builder",
    "4 Archives",
    "5 Builds",
    "b Build again",
    "f Branch",
    r"\? Help",
    "q Quit",
)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_the_whole_tour(
    width: int, height: int, engine: Engine, container_builder: str, open_app: Open, tmp_path: Path
) -> None:
    """Build, rebuild, edit, look at records, filter, delete, narrow to a branch, see every view, and quit cleanly."""
    project = Scratch.make(engine, container_builder, tmp_path)
    terminal = open_app(project, width, height)
    _start(terminal, project)
    _build_thrice(terminal, project)
    branch = _build_on_a_branch(terminal, project)
    _look_at_records(terminal, branch)
    _filter(terminal)
    _step_back(terminal)
    _delete_a_leaf(terminal, project, branch)
    _pick_a_branch(terminal, branch)
    _look_into_an_archive(terminal, project, branch)
    _see_the_other_views(terminal, project)
    _quit(terminal)


def _start(terminal: Terminal, project: Scratch) -> None:
    terminal.see(*ALWAYS, re.escape(project.builder), "all branches", r"● \d+s")


def _build_thrice(terminal: Terminal, project: Scratch) -> None:
    terminal.press("b")
    terminal.see(r"▸ building \d+/\d+", r"▸ running")
    terminal.see(*ALWAYS, "✓ succeeded", r"\d+ of 10 steps")
    assert _states(terminal)["compile 2/2"] == "built"
    terminal.press("b")
    terminal.see("✓ succeeded", "100 % reused · 10 of 10 steps")
    assert _states(terminal) == dict.fromkeys(STEPS, "reused")
    project.edit()
    terminal.press("b")
    terminal.see("✓ succeeded", "70 % reused · 7 of 10 steps", *ALWAYS)
    terminal.see(r"^ why main\.go changed\.", r"built +\[compile 1/2\] COPY .* main\.go changed", "after compile 1/2")
    assert _states(terminal) == dict.fromkeys(STEPS[:7], "reused") | dict.fromkeys(STEPS[7:], "built")


def _states(terminal: Terminal) -> dict[str, str]:
    """Return the state of each step that can be reused; there are more than a small screen shows at once."""
    rows = []
    for key, there in (("g", STEPS[0]), ("G", STEPS[-1])):
        terminal.press(key)
        screen = terminal.see(re.escape(f"[{there}]"))
        rows += re.findall(r"[✓■!✗–·▸] (reused|built|false hit|failed|canceled|waiting|running) +\[([^\]]+)\]", screen)
    return {step: state for state, step in rows}


def _build_on_a_branch(terminal: Terminal, project: Scratch) -> str:
    branch = f"tour-{uuid4().hex[:6]}"
    git(project.folder, "checkout", "--quiet", "-b", branch)
    project.edit()
    project.commit()
    terminal.press("b")
    terminal.see("✓ succeeded", rf"{branch}@[0-9a-f]+", "7 of 10 steps")
    return branch


def _look_at_records(terminal: Terminal, branch: str) -> None:
    terminal.press("2")
    terminal.see(*ALWAYS, "d Delete", "records › forest", "pruning it +frees", "Size", "Branch")
    _type_filter(terminal, f"branch:{branch} go build")
    terminal.press("Enter")
    terminal.see(*ALWAYS, "[├└]─", r"[1-9][\d,]* of [\d,]+$")
    terminal.press("Escape")
    terminal.see_no("branch:")
    terminal.press("]")
    terminal.see("records › flat")
    terminal.see_no("[├└]─")


def _type_filter(terminal: Terminal, text: str) -> None:
    """Type only when the input is there, as people do."""
    terminal.press("/")
    terminal.see(r"^ /words")
    terminal.see_no("q Quit")
    terminal.type(text)
    terminal.see(rf"/ ?{text}")


def _filter(terminal: Terminal) -> None:
    _type_filter(terminal, "type:regular")
    terminal.see_no(r"([\d,]+) of \1$", "local source for ")
    terminal.see(r"/ *type:regular .*[1-9][\d,]* of [\d,]+$")
    terminal.type(" size>much")
    terminal.see(r"column 19\)")
    terminal.press(*["BSpace"] * len("much"))
    terminal.see(r"size> ")
    terminal.type("1")
    terminal.see(r"size>1 +[\d,]+ of [\d,]+")


def _step_back(terminal: Terminal) -> None:
    """Esc leaves the input, forgets the filter, then the marks, then does nothing."""
    terminal.press("Enter")
    terminal.see("q Quit", "size>1")
    terminal.press("Space")
    terminal.see("^.● ")
    terminal.press("/")
    terminal.see_no("q Quit")
    terminal.press("Escape")
    terminal.see("q Quit", "size>1", "^.● ")
    terminal.press("Escape")
    terminal.see("q Quit", "^.● ")
    terminal.see_no("size>1")
    terminal.press("Escape")
    terminal.see_no("^.● ")
    terminal.press("Escape")
    terminal.see("records › flat", "q Quit")


def _delete_a_leaf(terminal: Terminal, project: Scratch, branch: str) -> None:
    """The default is No; Delete frees the one record as planned, and docker knows it no more."""
    _type_filter(terminal, f"branch:{branch} COPY /app")
    terminal.press("Enter")
    terminal.see("q Quit", r" 1 of [\d,]+", r"COPY --from=com")
    terminal.press("Space")
    terminal.see("^.● ")
    terminal.press("d")
    screen = terminal.see("Delete from the builder", r"1 record will go, .*\([\d,]+ bytes\)", "records prune")
    planned = re.search(r"([\d,]+)  \[stage-3", screen)
    going = re.search(r"\b([a-z0-9]{25})\b", screen)
    assert planned
    assert going
    assert _known(project, going[1])
    terminal.press("Enter")
    terminal.see_no("Delete from the builder")
    terminal.see(r" 1 of [\d,]+")
    assert _known(project, going[1])
    terminal.press("d")
    terminal.see("Delete from the builder")
    terminal.press("Tab", "Enter")
    terminal.see("Freed ", rf"\({planned[1]}[\s▌]+bytes\),[\s▌]+as[\s▌]+planned")
    terminal.see(r" 0 of [\d,]+", "Nothing matches")
    assert not _known(project, going[1])
    terminal.press("Escape")
    terminal.see_no("branch:")


def _known(project: Scratch, record: str) -> bool:
    said = project.docker("buildx", "du", "--builder", project.builder, "--verbose", "--filter", f"id={record}")
    return record in said


def _pick_a_branch(terminal: Terminal, branch: str) -> None:
    terminal.press("f")
    terminal.see("Branch scope of every view", "all branches", "main", branch, "checked out")
    terminal.type(branch)
    terminal.see_no("│ *main ")
    terminal.press("Enter")
    terminal.see(rf"^ dockcache .* · {branch} ", "records › flat")
    _type_filter(terminal, "size>=0")
    terminal.see(r"size>=0 .*[1-9][\d,]* of [\d,]+$")
    terminal.see_no(r"([\d,]+) of \1$")
    terminal.press("Escape")
    terminal.see("q Quit")
    terminal.press("Escape")
    terminal.see_no("size>=0")
    terminal.press("5")
    screen = terminal.see("builds › ", rf"succeeded .*{branch}")
    assert not re.search(r"succeeded +\S+ +main", screen)
    terminal.press("f")
    terminal.see("Branch scope of every view")
    terminal.type("all branches")
    terminal.press("Enter")
    terminal.see(r"succeeded +\S+ +main", "all branches", *ALWAYS)


def _look_into_an_archive(terminal: Terminal, project: Scratch, branch: str) -> None:
    """The image of the last build, exported, is listed with its branch; its layer holds the program and no more."""
    output = f"type=oci,dest={project.folder / 'image.tar'}"
    words = ("--builder", project.builder, "--provenance=true", "--output", output, str(project.folder))
    project.docker("buildx", "build", *words)
    terminal.press("4")
    terminal.see(*ALWAYS, r"image\.tar +oci layout")
    terminal.press("Enter")
    terminal.see(r"^▶ +linux/", r"COPY /app /app", "Packed")
    terminal.press("Enter")
    terminal.see("all layers", r"Path +Change", r"^▶ +app +")
    terminal.press("Enter")
    terminal.see("7f 45 4c 46", "t text")
    terminal.press("Escape")
    terminal.see_no("7f 45 4c 46")
    terminal.press("Escape")
    terminal.see(r"^▶ +linux/", r"COPY /app /app")
    terminal.press("Escape")
    terminal.see(rf"image\.tar +oci layout .*{branch[:12]}")
    terminal.press("f")
    terminal.see("Branch scope of every view")
    terminal.type("main")
    terminal.see(r"│ *main ")
    terminal.see_no(r"│ *all branches")
    terminal.press("Enter")
    terminal.see("Nothing matches", r" · main ")
    terminal.press("f")
    terminal.see("Branch scope of every view")
    terminal.type("all branches")
    terminal.press("Enter")
    terminal.see(rf"image\.tar +oci layout .*{branch[:12]}", "all branches")


def _see_the_other_views(terminal: Terminal, project: Scratch) -> None:
    terminal.press("1")
    terminal.see(*ALWAYS, "Builder cache", "could be freed", "by type", r"regular +[━█]", "by branch")
    terminal.press("G")
    terminal.see("Last builds", r"✓ succeeded +\d+[sm] ago")
    terminal.press("5")
    terminal.see("builds › ")
    terminal.press("Enter")
    terminal.see("✓ succeeded", r"\[golang 2/3\]", *ALWAYS)
    terminal.press("G")
    terminal.see(r"\[compile 2/2\]")
    terminal.press("Escape")
    terminal.see("builds › ")
    terminal.press("?")
    terminal.see("Keys", "In builds", "esc closes")
    terminal.press("Escape")
    terminal.see_no("esc closes")
    terminal.press("@")
    terminal.see("Commands", "docker buildx")
    terminal.press("Escape")
    terminal.see_no("Commands")
    terminal.press(":")
    terminal.see("Search for commands")
    terminal.press("Escape")
    terminal.see_no("Search for commands")
    terminal.press("C-c")
    terminal.see("q quits")
    terminal.press("B")
    terminal.see("Build Dockerfile of", "Target", "Build arguments", "Cache from", "Cache to", project.builder)
    terminal.press("Escape")
    terminal.see_no("Build arguments")


def _quit(terminal: Terminal) -> None:
    """The shell is back, with code 0 and a terminal as it was."""
    terminal.press("q")
    terminal.see(r"^ready>$")
    terminal.run("echo", "code=$?", "$(stty -a | grep -o ' .*icanon\\| .*echo ')")
    terminal.see("code=0")
    for flag in ("alternate_on", "mouse_any_flag", "keypad_flag"):
        assert terminal.flag(flag) == "0", flag
    assert terminal.flag("cursor_flag") == "1"
