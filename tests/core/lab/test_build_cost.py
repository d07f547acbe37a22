"""Where a build's wall time went."""

from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.progress import TransferUpdate
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.build_cost import go_counts, module_of, split_build
from dockcache_tui.core.lab.run import Counts, Split


def _at(second: float) -> Instant:
    return Instant(int(second * 10**9))


def _step(name: str, start: float | None, end: float | None, digest: str = "") -> Step:
    started, completed = (None if second is None else _at(second) for second in (start, end))
    return Step(digest or name, name, StepState.BUILT, cacheable=True, started_at=started, completed_at=completed)


def _layer(vertex: str, start: float, end: float) -> TransferUpdate:
    return TransferUpdate("sha256:1", vertex, "sha256:1", 5, 5, _at(start), _at(end))


def test_every_second_counts_once() -> None:
    """Parts that overlap are counted where the first of import, build and export is, and the rest is what is left."""
    steps = (
        _step("importing cache manifest from gha:1", 1, 2),
        _step("[1/2] FROM golang", 1.5, 3),
        _step("[2/2] RUN go build", 2, 6),
        _step("exporting to image", 5, 8),
    )
    split = split_build(steps, (), _at(0), _at(10))
    assert split == Split(importing=2, building=3, exporting=2, rest=3)
    assert split.total == 10


def test_a_step_that_waits_for_its_layers_imports() -> None:
    """The layers that a step needs are fetched under its name; that is import, not build."""
    steps = (_step("[2/2] RUN go build", 0, 6, "run"),)
    assert split_build(steps, (_layer("run", 1, 4),), _at(0), _at(6)) == Split(importing=3, building=3)


def test_what_an_export_moves_is_export() -> None:
    """Layers written to the cache are no import."""
    steps = (_step("exporting to GitHub Actions Cache", 0, 4, "export"),)
    assert split_build(steps, (_layer("export", 1, 4),), _at(0), _at(4)) == Split(exporting=4)


def test_what_lies_outside_the_build_is_cut() -> None:
    """A step that began before the build or never ended takes nothing from elsewhere; clocks may differ."""
    steps = (_step("[1/1] RUN a", -5, 1), _step("[1/1] RUN b", 2, None), _step("[1/1] RUN c", 11, 12))
    assert split_build(steps, (), _at(0), _at(10)) == Split(building=1, rest=9)


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
