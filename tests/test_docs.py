"""README and docs/ name commands, options, exit codes, files, targets and variables that there are."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from signal import SIGHUP, SIGTERM

import click
import pytest

from dockcache_tui.cli.main import cli
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.lab.experiment import EXPERIMENTS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tui" / "dockcache_tui"
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = [README, CONTRIBUTING, ROOT / "SECURITY.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = "core|sources|actions_service|lab|ui|cli"
LISTS = ("records", "builds", "caches", "artifacts")
REPOSITORIES = {f"lab/{one.name}" for one in EXPERIMENTS}
CODES = {str(int(code)) for code in ExitCode}


def commands(
    command: click.Command = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield each command that does something, with its words."""
    if not isinstance(command, click.Group) or (path and command.invoke_without_command):
        yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found
            yield from commands(found, (*path, name))


COMMANDS = dict(commands())


def options(command: click.Command) -> set[str]:
    """Return the options of a command."""
    return {"--help", *(one for parameter in command.params for one in parameter.opts if one.startswith("-"))}


def code(page: Path) -> list[str]:
    """Return the texts of a page that are set as code."""
    text = page.read_text()
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ").partition("  #")[0] for block in blocks for line in block.splitlines()]
    return [*lines, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))]


def named(text: str) -> tuple[tuple[str, ...], list[str]] | None:
    """Return the command and the options that a text names; what follows a lone `--` is buildx's."""
    _, ours, rest = text.rpartition("dockcache-tui ") if "dockcache-tui " in text else ("", "", text)
    words = re.split(r"[\s\[\]|)\"]+", rest.partition(" -- ")[0])
    found = next((tuple(words[:many]) for many in (2, 1) if tuple(words[:many]) in COMMANDS), ("app",) if ours else ())
    return (found, [word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)]) if found else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_that_are_named_exist(page: Path) -> None:
    """Every option that stands after a command in code is one of that command."""
    for text in code(page):
        if found := named(text):
            path, used = found
            assert set(used) <= options(COMMANDS[path]), text


@pytest.mark.parametrize("path", [(), *sorted({path[:1] for path in COMMANDS})], ids=" ".join)
def test_the_help_is_whole_at_80_columns(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No summary of a command is cut off there, no page's name broken, and every option is explained."""
    monkeypatch.setenv("COLUMNS", "80")
    for one in [path, *(found for found in COMMANDS if path and found[: len(path)] == path and found != path)]:
        with pytest.raises(SystemExit):
            cli.main([*one, "--help"], prog_name="dockcache-tui")
        told = capsys.readouterr().out
        assert not re.findall(r"[a-z,]\.\.\.$", told, re.MULTILINE), told
        assert not re.findall(r"docs/[a-z-]*$", told, re.MULTILINE), told
        assert max(map(len, told.splitlines())) <= 80
    for found in COMMANDS.values():
        assert all(one.help for one in found.params if isinstance(one, click.Option))


def test_the_readme_lists_every_command() -> None:
    """Its table has each command once, and the app as what a PATH opens."""
    table = README.read_text().partition("| command |")[2].partition("\n\n")[0]
    rows = [named(text) for text in re.findall(r"^\| `(dockcache-tui [^`]*)`", table, re.MULTILINE)]
    listed = Counter(row[0] for row in rows if row)
    listed[("app",)] -= 1  # once for PATH, once for --org
    listed[("lab",)] += 1  # it is `lab run`
    assert listed == Counter(COMMANDS.keys())


def test_the_readme_tells_the_options_of_the_lists() -> None:
    """Each option of its table is one of the lists named beside it, and of no other; no option of theirs is missing."""
    table = README.read_text().partition("| option | lists |")[2].partition("\n\n")[0]
    told: dict[str, set[str]] = {}
    for names, lists in re.findall(r"^\| ([^|]*--[^|]*) \| ([^|]*) \|", table, re.MULTILINE):
        for option in re.findall("--[a-z]+", names):
            told[option] = set(re.findall("[a-z]+", lists))
    assert told == {one: {name for name in LISTS if one in options(COMMANDS[(name,)])} for one in told}
    shared = set.intersection(*(options(COMMANDS[(name,)]) for name in LISTS))
    assert shared - {"--help"} <= told.keys()


def test_exit_codes() -> None:
    """The README and docs/json.md tell every exit code; the README also those of signals."""
    table = README.read_text().partition("| exit code |")[2].partition("\n\n")[0]
    listed = {one for cell in re.findall(r"^\| ([0-9, ]+) \|", table, re.MULTILINE) for one in cell.split(", ")}
    assert listed == {*CODES, *(str(128 + number) for number in (SIGHUP, SIGTERM))}
    said = (ROOT / "docs" / "json.md").read_text().partition("- Exit codes: ")[2].partition(".\n")[0]
    assert set(re.findall("[0-9]+", said)) == CODES


def slugs(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link within the repository leads to a file, and to a heading where it names one."""
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" not in link:
            file, _, anchor = link.partition("#")
            target = (page.parent / file).resolve() if file else page
            assert target.exists(), link
            assert not anchor or anchor in slugs(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_targets_that_are_named_exist(page: Path) -> None:
    """Every path in code that begins with a room or a folder of ours exists, and so does every make target."""
    makefiles = (ROOT / "Makefile").read_text() + (ROOT / "app" / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefiles, re.MULTILINE))
    for text in code(page):
        for path in re.findall(rf"(?<![\w./-])((?:{ROOMS}|tests|docs|scripts|benchmarks|tui)/[\w./-]*)", text):
            known = (PACKAGE / path).exists() or (ROOT / path).exists()
            assert known or path in REPOSITORIES, path
        if match := re.match(r"make ([a-z -]+)$", text):
            assert set(match[1].split()) <= targets, text


def test_a_word_stands_once_in_the_glossary() -> None:
    """Each word of the glossary means one thing, and each is explained in a file."""
    glossary = CONTRIBUTING.read_text().partition("## Glossary")[2]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]*`[a-z_]+/[^|]+ \|$", glossary, re.MULTILINE)
    words = [word for row in rows for word in row.split(", ")]
    assert len(words) > 30
    assert max(Counter(words).values()) == 1


def test_the_environment_variables_are_read() -> None:
    """Every variable in the README's table is named in the code."""
    table = README.read_text().partition("| variable |")[2].partition("\n\n")[0]
    source = "".join(file.read_text() for file in PACKAGE.rglob("*.py"))
    for name in re.findall("`([A-Z_]+)`", table):
        assert name in source or name in {"BUILDX_BUILDER", "NO_COLOR"}, name
