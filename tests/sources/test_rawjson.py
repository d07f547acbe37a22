"""BuildKit's rawjson, as recorded by record_rawjson.py from real builders and as it should never be."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.progress import Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.explain.hit_warnings import false_hits
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.rawjson import parse_line

RECORDED = Path(__file__).parent / "rawjson"
DRIVERS = ("docker", "container", "remote")
JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(["vertexes", "logs", "digest", "started", "x"]), inner)
))  # fmt: skip


def recorded(name: str) -> Build:
    """Return a recorded build, reduced."""
    live = LiveBuild()
    for line in (RECORDED / f"{name}.jsonl").read_bytes().splitlines(keepends=True):
        live.apply(parse_line(line))
    live.end(BuildStatus.SUCCEEDED, Instant.now())
    return Build(name, "", Instant(0), BuildStatus.SUCCEEDED, steps=live.snapshot())


@pytest.mark.parametrize("driver", DRIVERS)
def test_fully_cached_build_reads_100_percent(driver: str) -> None:
    """On each driver the second build is all reuse: nothing internal, fetched or exported counts."""
    again = recorded(f"{driver}-again")
    assert (again.reuse, again.cacheable) == (1.0, 6)
    assert len(again.steps) >= 12


@pytest.mark.parametrize("driver", DRIVERS)
def test_edit_shows_what_was_built_again(driver: str) -> None:
    """After an edit exactly the copy of the file and what follows from it is built."""
    steps = [step for step in recorded(f"{driver}-edited").steps if step.cacheable]
    built = {step.name.partition("] ")[2].split(";")[0] for step in steps if step.state is StepState.BUILT}
    assert built == {"COPY main.txt .", "RUN cat main.txt mark > out", "COPY --from=build /w/out /out"}
    assert {step.state for step in steps} == {StepState.BUILT, StepState.REUSED}


@pytest.mark.parametrize("driver", DRIVERS)
def test_failed_step_has_its_error(driver: str) -> None:
    """The step that failed says why."""
    failed = [step for step in recorded(f"{driver}-failed").steps if step.state is StepState.FAILED]
    assert [step.name for step in failed] == ["[stage-1 3/3] COPY nothing /"]
    assert '"/nothing": not found' in failed[0].error


def test_false_hit_is_told_from_a_lazy_pull() -> None:
    """A blob that is gone makes the step a false hit, and is named; one that is only pulled late leaves it reused."""

    def big(name: str) -> Step:
        return next(step for step in recorded(name).steps if "urandom" in step.name)

    assert (big("false-hit").state, big("lazy-pull").state) == (StepState.FALSE_HIT, StepState.REUSED)
    (warning,) = false_hits(recorded("false-hit"))
    blob = warning.differences[0]
    assert (blob.what, blob.name[:19]) == ("blob", "sha256:d482671f8140")
    assert false_hits(recorded("lazy-pull")) == ()


def test_targets_of_a_bake_share_their_steps() -> None:
    """A vertex that two targets have in common is one step."""
    steps = recorded("compose").steps
    assert len({step.digest for step in steps}) == len(steps)
    assert sum(step.name.endswith("WORKDIR /w") for step in steps) == 1


def test_logs_are_read() -> None:
    """Output comes decoded, under its stream."""
    lines = (RECORDED / "docker-first.jsonl").read_bytes().splitlines()
    logs = {(log.stream, log.data) for line in lines for log in parse_line(line).logs}
    assert {(1, b"built\n"), (2, b"loud\n")} <= logs


def test_moments_to_the_nanosecond() -> None:
    """Times keep all their digits."""
    line = b'{"vertexes":[{"digest":"d","started":"2026-11-23T20:51:04.665467578Z"}]}'
    assert str(parse_line(line).vertexes[0].started) == "2026-11-23T20:51:04.665467578Z"


@pytest.mark.parametrize(
    "line",
    [
        b"WARNING: no output\n",
        b"{",
        b"{}",
        b"[1]",
        b'{"vertexes":null}',
        b'{"vertexes":[{"digest":3}]}',
        b'{"vertexes":[{"digest":"d","started":"yesterday"}]}',
        b'{"logs":[{"vertex":"d","data":"not base64!"}]}',
        b'{"statuses":[{"id":"a","vertex":"d","current":1e400}]}',
        b'{"vertexes":[{"digest":"\xff"}]}',
        b"[" * 100_000,
        b"\x00\x1b[31m",
    ],
)
def test_what_is_no_progress_is_noise(line: bytes) -> None:
    """A line of another form is kept literally, whole."""
    progress = parse_line(line)
    assert progress == Progress(noise=line.decode("utf-8", "backslashreplace").rstrip("\n"))


@given(st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
@example(b'{"vertexes":[{"digest":"d","started":"0001-01-01T00:00:00+23:59"}]}')
@example(b'{"vertexes":[{"digest":"d","name":"\\ud800"}]}')
def test_any_line_is_read_or_noise(line: bytes) -> None:
    """No line raises, and none is lost."""
    progress = parse_line(line)
    LiveBuild().apply(progress)
    assert (
        progress.noise
        or progress.vertexes
        or progress.transfers
        or progress.logs
        or progress.warnings
        or not line.strip()
    )


@given(st.text(), st.binary())
def test_names_and_output_survive(name: str, data: bytes) -> None:
    """Any name and any output come out as they went in."""
    line = json.dumps({
        "vertexes": [{"digest": "d", "name": name.encode("utf-8", "replace").decode()}],
        "logs": [{"vertex": "d", "data": base64.b64encode(data).decode()}],
    }).encode()  # fmt: skip
    progress = parse_line(line)
    assert progress.vertexes[0].name == name.encode("utf-8", "replace").decode()
    assert progress.logs[0].data == data
