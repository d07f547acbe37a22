"""What the logs of a build tell of modules and packages."""

from dockcache_tui.core.lab.go_log import go_counts, module_of
from dockcache_tui.core.lab.job import Counts

_DOWNLOAD = """\
# get https://proxy.example/github.com/muesli/reflow/@v/v0.3.0.mod
# get https://proxy.example/github.com/muesli/reflow/@v/v0.3.0.mod: 200 OK (0.031s)
# get https://proxy.example/github.com/muesli/reflow/@v/v0.3.0.zip
# get https://proxy.example/github.com/muesli/reflow/@v/v0.3.0.zip: 200 OK (0.003s)
# get https://proxy.example/github.com/rivo/uniseg/@v/v0.2.0.zip: 404 Not Found (0.003s)
# get https://proxy.example/github.com/rivo/uniseg/@v/v0.2.0.zip: 200 OK (0.004s)
""".splitlines()
_COMPILE = [
    "internal/cpu",
    "fmt",
    "github.com/muesli/reflow/ansi",
    "example.com/app/internal/bubble",
    "example.com/app",
]


def test_modules_are_zips_that_came() -> None:
    """A module counts once, when its content came; neither its go.mod nor a refusal does."""
    assert go_counts({"RUN go mod download -x": _DOWNLOAD}, "example.com/app") == Counts(modules=2)


def test_a_compile_that_has_to_download() -> None:
    """`go build` says it is downloading, each module once."""
    lines = ["go: downloading github.com/muesli/reflow v0.3.0", "go: downloading github.com/rivo/uniseg v0.2.0", "fmt"]
    assert go_counts({"RUN go build .": lines}, "example.com/app") == Counts(modules=2, standard=1)


def test_packages_are_told_apart() -> None:
    """The program's own, its dependencies' and the standard library's are counted apart, in steps that compile."""
    counts = go_counts({"RUN go build -v .": [*_COMPILE, "# a comment", ""], "RUN echo": ["fmt"]}, "example.com/app")
    assert counts == Counts(own=2, dependencies=1, standard=2)


def test_a_step_without_a_shell_compiles_too() -> None:
    """The exec form of RUN is read like the shell form."""
    assert go_counts({'RUN ["go", "build", "-v", "."]': ["fmt"]}, "example.com/app") == Counts(standard=1)


def test_a_module_with_the_same_beginning_is_a_dependency() -> None:
    """`example.com/app2` is not a package of `example.com/app`."""
    assert go_counts({"go build": ["example.com/app2"]}, "example.com/app") == Counts(dependencies=1)


def test_the_module_of_a_program() -> None:
    """It is read from go.mod; a file without one has none."""
    assert module_of("// c\nmodule example.com/app\n\ngo 1.26\n") == "example.com/app"
    assert module_of("go 1.26\n") == ""
