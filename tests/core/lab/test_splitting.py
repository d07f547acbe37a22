"""Where a build's wall time went."""

from dockcache_tui.core.builds.build import Step, StepState
from dockcache_tui.core.builds.progress import TransferUpdate
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.lab.job import Split
from dockcache_tui.core.lab.splitting import split_build


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
