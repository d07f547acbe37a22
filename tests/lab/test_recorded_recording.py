"""The recording that comes with the package."""

import re
import socket
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from dockcache_tui.core.builds.build import StepState
from dockcache_tui.core.builds.cause import CauseKind
from dockcache_tui.core.builds.why import root_causes
from dockcache_tui.lab import recorded

DATA = (files("dockcache_tui.lab") / "recording" / "sample.jsonl").read_bytes()


def test_it_holds_a_first_build_a_rebuild_and_an_edit() -> None:
    """The three builds are of one project on an empty builder, and each was made by BuildKit in its own time."""
    recording = recorded.shipped()
    assert recording.before.records == ()
    assert [build.build.reuse for build in recording.builds] == [0.0, 1.0, 0.7]
    assert [build.build.branch and build.build.branch.short for build in recording.builds] == ["main", "main", "louder"]
    for build in recording.builds:
        assert build.build.completed_at
        assert all(at <= (build.build.duration or 0) for at, _ in build.messages)
        assert build.after.taken_at > build.build.completed_at
        assert all(step.line for step in build.build.steps if step.cacheable)


def test_the_edit_built_what_depends_on_it_again() -> None:
    """After an edit of main.go the copied sources, the compilation and the copied program ran; the rest was reused."""
    steps = recorded.shipped().builds[2].build.steps
    ran = {step.name.partition("]")[2].split()[0:2][-1] for step in steps if step.cacheable and not step.cached}
    assert ran == {".", "go", "--from=compile"}
    assert {step.state for step in steps if step.cacheable} == {StepState.BUILT, StepState.REUSED}


def test_the_edit_is_named() -> None:
    """Each step that ran after the edit does so for the file that was edited, and those of the first build as such."""
    first, again, edit = (build.build for build in recorded.shipped().builds)
    assert [root.cause.text for root in root_causes(edit)] == ["main.go changed."]
    assert edit.compared_with in (first.ref, again.ref)
    assert {root.cause.kind for root in root_causes(first)} == {CauseKind.FIRST_BUILD}
    assert root_causes(again) == ()
    for build in (first, again, edit):
        assert all((step.cause is None) == step.cached for step in build.steps if step.cacheable)


def test_the_rebuild_saved_what_the_first_build_took() -> None:
    """Time saved by reuse is measured against the recorded first build."""
    first, again, _ = (build.build for build in recorded.shipped().builds)
    took = sum(step.duration or 0 for step in first.steps if step.cacheable)
    assert again.time_saved == pytest.approx(took)


def test_nothing_of_the_recording_machine_is_in_it() -> None:
    """No folder, host, address or registry of the machine it was made on is left in the file."""
    text = DATA.decode()
    assert set(re.findall(r"\w+://[^\s\"\\]*", text)) <= {"unix:///var/run/docker.sock"}
    assert not re.search(r"\b\d+\.\d+\.\d+\.\d+\b|localhost|registry\.invalid", text)
    assert set(re.findall(r"([\w.:-]+)/library/", text)) == {"docker.io"}
    assert set(re.findall(r"\"(/\w+)", text)) == {"/recorded"}
    for place in ("/root", "/work", "/home", "/Users", "/var/lib", "/var/folders", "dockcache-", "/.cache"):
        assert place not in text
    for place in (str(Path.home()), str(Path.cwd())):
        assert place == "/" or place not in text
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)


@pytest.mark.parametrize("kept", [0, 1, 2, 3, 10, -1])
def test_a_recording_cut_short_is_refused(kept: int) -> None:
    """A file that ends within a build, or before the first snapshot, is no recording; one without builds is."""
    data = b"\n".join(DATA.splitlines()[:kept])
    if kept == 2:
        assert recorded.read(data).builds == ()
    else:
        with pytest.raises(msgspec.MsgspecError):
            recorded.read(data)


def test_another_schema_is_refused() -> None:
    """A recording of a later schema is not half read."""
    with pytest.raises(msgspec.ValidationError, match="schema"):
        recorded.read(DATA.replace(b'"schema":1', b'"schema":2', 1))
