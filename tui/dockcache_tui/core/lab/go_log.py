"""What the logs of a build's steps tell of Go: `go mod download -x` names modules, `go build -v` compiled packages."""

import re
from collections.abc import Iterable, Mapping

from dockcache_tui.core.lab.job import Counts

_GOT = re.compile(r"# get (\S+/@v/\S+\.zip): 200 OK.*")
_FETCHED = re.compile(r"go: downloading (\S+ v\S+)")
_COMPILES = re.compile(r"\bgo\W+build\b")
"""Also in the form `RUN ["go", "build"]`."""
_PACKAGE = re.compile(r"[\w.~+/-]+", re.ASCII)


def go_counts(logs: Mapping[str, Iterable[str]], module: str) -> Counts:
    """Count modules and packages; `logs` maps the name of each step that ran to its lines, `module` is the program's.

    A step that says both how it got a module and that it is downloading it, says the same twice.
    """
    modules = own = dependencies = standard = 0
    for name, lines in logs.items():
        said = tuple(line.strip() for line in lines)
        got, fetched = ({match[1] for line in said if (match := form.fullmatch(line))} for form in (_GOT, _FETCHED))
        modules += max(len(got), len(fetched))
        for package in {line for line in said if _PACKAGE.fullmatch(line)} if _COMPILES.search(name) else ():
            if package == module or package.startswith(f"{module}/"):
                own += 1
            elif "." in package.partition("/")[0]:
                dependencies += 1
            else:
                standard += 1
    return Counts(modules=modules, own=own, dependencies=dependencies, standard=standard)


def module_of(go_mod: str) -> str:
    """Return the path of the module that a go.mod declares; empty when it declares none."""
    match = re.search(r"^module\s+(\S+)", go_mod, re.MULTILINE)
    return match[1] if match else ""
