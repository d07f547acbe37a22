"""Progress to live steps."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.build_making import moved, output, vertex
from dockcache_tui.core.builds.build import Build, BuildStatus, Step, StepState
from dockcache_tui.core.builds.progress import BuildWarning, Progress, VertexUpdate
from dockcache_tui.core.builds.reducer import LiveBuild, needs_first
from dockcache_tui.core.instant import Instant

CACHE_ERROR = "NotFound: content sha256:1"


def step_after(*messages: Progress, status: BuildStatus | None = None) -> Step:
    """Return the step `v` after these messages, and after the build's end when a status is given."""
    live = LiveBuild()
    for message in messages:
        live.apply(message)
    if status:
        live.end(status, Instant(99 * 10**9))
    return live.snapshot()[0]


@pytest.mark.parametrize(
    ("messages", "state"),
    [
        ([vertex()], StepState.WAITING),
        ([vertex(started=1)], StepState.RUNNING),
        ([vertex(started=1, completed=3)], StepState.BUILT),
        ([vertex(started=1, completed=1, cached=True)], StepState.REUSED),
        ([vertex(cached=True)], StepState.REUSED),
        ([vertex(started=1, cached=True)], StepState.WAITING),
        ([vertex(started=1, completed=3, error="exit code: 3")], StepState.FAILED),
        ([vertex(started=1, completed=3, error="context canceled: x")], StepState.CANCELED),
        ([vertex(started=1, completed=1, cached=True), vertex(started=2)], StepState.RUNNING),
        ([vertex(started=1, completed=1, cached=True), vertex(started=2, completed=3)], StepState.FALSE_HIT),
        ([vertex(started=1, completed=3), vertex(started=4, completed=4, cached=True)], StepState.BUILT),
        ([vertex(started=2, completed=3), vertex(started=1)], StepState.BUILT),
        ([vertex(started=1, completed=3), vertex(started=1)], StepState.BUILT),
        (
            [vertex(started=1, completed=2, inputs=()), vertex(started=3, completed=3, cached=True, inputs=())],
            StepState.REUSED,
        ),
    ],
)
def test_state(messages: list[Progress], state: StepState) -> None:
    """The last interval counts, repeats and late news of earlier ones do not."""
    assert step_after(*messages).state is state


def test_false_hit_keeps_no_stale_error() -> None:
    """The error of the failed load, which BuildKit repeats when the step runs, is no error of the step."""
    step = step_after(
        vertex(started=1, cached=True),
        vertex(started=1, completed=2, cached=True, error=CACHE_ERROR),
        vertex(started=3, error=CACHE_ERROR),
        vertex(started=3, completed=7, error=CACHE_ERROR),
    )
    assert (step.state, step.error, step.duration) == (StepState.FALSE_HIT, "", 4.0)


def test_pull_under_a_reused_step_is_no_interval() -> None:
    """A reused step whose blob is pulled stays reused: the pull is told under its digest, without inputs."""
    step = step_after(vertex(started=1, completed=1, cached=True), vertex(started=2, completed=5, inputs=()))
    assert step.state is StepState.REUSED


@pytest.mark.parametrize(
    ("status", "state", "cacheable"),
    [
        (BuildStatus.SUCCEEDED, StepState.BUILT, True),
        (BuildStatus.FAILED, StepState.CANCELED, True),
        (BuildStatus.LOST, StepState.CANCELED, True),
    ],
)
def test_missing_end(status: BuildStatus, state: StepState, cacheable: bool) -> None:  # noqa: FBT001
    """A step whose end never came is closed at the build's end."""
    step = step_after(vertex(started=1), status=status)
    assert (step.state, step.completed_at, step.cacheable) == (state, Instant(99 * 10**9), cacheable)


def test_step_that_was_not_needed_does_not_count() -> None:
    """A step that never started is not counted against reuse."""
    step = step_after(vertex(), status=BuildStatus.SUCCEEDED)
    assert (step.state, step.cacheable) == (StepState.WAITING, False)


@pytest.mark.parametrize("error", ["", "context canceled: x"])
def test_what_was_cut_while_it_was_loaded_does_not_count(error: str) -> None:
    """Of a step that a canceled build was loading from the cache nobody knows whether it would have been reused."""
    messages = [vertex(started=1, cached=True)]
    if error:
        messages.append(vertex(started=1, completed=2, cached=True, error=error))
    step = step_after(*messages, status=BuildStatus.CANCELED)
    assert (step.state, step.cacheable) == (StepState.CANCELED, False)


def test_bytes_moved() -> None:
    """Transfers of a step add up, each by its newest numbers."""
    step = step_after(vertex(started=1), moved("a", 5, 10), moved("b", 1, 4), moved("a", 7, 10))
    assert (step.bytes_moved, step.bytes_total) == (8, 14)


def test_only_changed_steps_are_made_anew() -> None:
    """A snapshot is the same object until something changes, and then only the changed step is new."""
    live = LiveBuild()
    live.apply(vertex(digest="a", started=1))
    live.apply(vertex(digest="b", started=1))
    first = live.snapshot()
    live.apply(output(b"words\n", "a"))
    assert live.snapshot() is first
    live.apply(vertex(digest="b", started=1, completed=2))
    second = live.snapshot()
    assert second[0] is first[0]
    assert second[1] is not first[1]


def test_take_finished() -> None:
    """Finished steps are handed out once, and again when they change."""
    live = LiveBuild()
    live.apply(vertex(started=1))
    assert live.take_finished() == ()
    live.apply(vertex(started=1, completed=2))
    assert [step.state for step in live.take_finished()] == [StepState.BUILT]
    assert live.take_finished() == ()


def test_take_finished_tells_what_others_did_as_ours() -> None:
    """What another build did for ours is handed out under our digest and name only."""
    live = LiveBuild()
    for name, digest in (("[internal] load build definition from Dockerfile", "d"), ("[2/3] RUN x", "ours")):
        live.apply(vertex(name, digest=digest))
    live.apply(vertex("[internal] load build definition from Dockerfile", digest="d", started=5, completed=5))
    live.apply(vertex("[2/2] RUN x", digest="theirs", started=4, completed=9))
    live.end(BuildStatus.SUCCEEDED, Instant(10 * 10**9))
    taken = {step.digest: (step.name, step.state) for step in live.take_finished() if step.cacheable}
    assert taken == {"ours": ("[2/3] RUN x", StepState.REUSED)}


def test_noise_and_warnings_are_kept() -> None:
    """What is no progress is kept literally, lone surrogates too."""
    live = LiveBuild()
    live.apply(Progress(noise="ERROR: \x1b[31m \udcff"))
    live.apply(Progress(warnings=(BuildWarning("v", "short"),)))
    assert live.noise().lines == ("ERROR: \x1b[31m \\udcff",)
    assert live.warnings() == (BuildWarning("v", "short"),)


def test_a_million_lines_stay_within_bounds() -> None:
    """A million log lines keep only the newest, and the second half takes no longer than the first."""
    live = LiveBuild(log_lines=1_000)
    chunk = output(b"line\n" * 100)
    times = []
    for _ in range(2):
        begin = perf_counter()
        for _ in range(5_000):
            live.apply(chunk)
        times.append(perf_counter() - begin)
    view = live.log("v")
    assert (len(view.lines), view.dropped) == (1_000, 999_000)
    assert times[1] < 4 * times[0]


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 4), st.booleans(), st.text(max_size=3)))
)
def test_any_order_ends_closed(updates: list[tuple[str, int, int, bool, str]]) -> None:
    """Whatever comes in whatever order, a build that ended has no running step and no negative duration."""
    live = LiveBuild()
    for digest, started, completed, cached, error in updates:
        live.apply(vertex(digest=digest, started=started, completed=completed, cached=cached, error=error))
        live.apply(vertex(digest=digest, started=completed))
    live.end(BuildStatus.FAILED, Instant(0))
    assert all(step.state is not StepState.RUNNING for step in live.snapshot())
    assert all(step.duration is None or step.duration >= 0 for step in live.snapshot())


def test_a_copy_and_its_merge_count_once() -> None:
    """What lays a linked copy on its base keeps its row, but only the copy counts."""
    live = LiveBuild()
    live.apply(vertex("[2/2] COPY --link a /", digest="copy", started=1, completed=1, cached=True))
    live.apply(vertex("[2/2] LINK COPY --link a /", digest="merge", inputs=("base", "copy"), started=2, completed=3))
    copy, merge = live.snapshot()
    assert (copy.state, copy.cacheable) == (StepState.REUSED, True)
    assert (merge.state, merge.cacheable) == (StepState.BUILT, False)


def test_only_what_has_begun_counts_while_it_runs() -> None:
    """A step that waits may still be reused: it is not held against the build."""
    live = LiveBuild()
    live.apply(vertex("[1/3] RUN a", digest="a", started=1, completed=1, cached=True))
    live.apply(vertex("[2/3] RUN b", digest="b", started=2))
    live.apply(vertex("[3/3] RUN c", digest="c"))
    build = Build("r", "b", Instant(0), BuildStatus.RUNNING, steps=live.snapshot())
    assert (build.cached, build.cacheable, len(build.steps)) == (1, 2, 3)


GRAPHS = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefghz"), max_size=4))


@given(GRAPHS)
def test_every_key_comes_once(inputs: dict[str, list[str]]) -> None:
    """Whatever the graph, with cycles and unknown inputs, each key is there once."""
    assert sorted(needs_first(inputs)) == sorted(inputs)


@given(st.lists(st.lists(st.integers(0, 30), max_size=4), max_size=30))
def test_inputs_come_first(edges: list[list[int]]) -> None:
    """Without a cycle, each key comes after all its inputs."""
    inputs = {str(key): [str(one) for one in needs if one > key] for key, needs in enumerate(edges)}
    place = {key: at for at, key in enumerate(needs_first(inputs))}
    assert all(place[one] < place[key] for key, needs in inputs.items() for one in needs if one in place)


def test_a_deep_chain_needs_no_recursion() -> None:
    """A chain of 100,000 is turned round."""
    inputs = {str(key): [str(key + 1)] for key in range(100_000)}
    assert needs_first(inputs)[0] == "99999"


def test_steps_are_shown_below_what_they_need() -> None:
    """BuildKit tells the last step first; the live build turns that round."""
    live = LiveBuild()
    live.apply(
        Progress((VertexUpdate("c", "COPY", ("b",)), VertexUpdate("b", "RUN", ("a",)), VertexUpdate("a", "FROM")))
    )
    assert [step.digest for step in live.snapshot()] == ["a", "b", "c"]
