"""Why steps were not reused, told from a journal of builds."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.explain.changes import ALL, FILES, SRC
from core.explain.sample_builds import Files
from core.record_making import at, record
from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, StepState
from dockcache_tui.core.builds.cause import HitKind
from dockcache_tui.core.builds.progress import Progress, VertexUpdate
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.errors import SourceError, UsageError
from dockcache_tui.core.explain.cause_words import unknown
from dockcache_tui.core.explain.evidence import Evidence
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.losses import Told
from dockcache_tui.core.records.tombstone import Sight
from dockcache_tui.core.scope import BranchScope, Checkout, Project
from dockcache_tui.sources.build_keeper import BuildKeeper
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.explanations import MAX_EARLIER
from dockcache_tui.sources.journal import Journal
from sources.kept_builds import PROJECT, Kept

EDITED: Files = {**FILES, "src/a.go": "other"}


@pytest.fixture
def kept(journal: Journal, tmp_path: Path) -> Kept:
    """Return an empty journal."""
    return Kept(journal, tmp_path)


def test_a_build_is_compared_with_the_nearest(kept: Kept) -> None:
    """Of the project's builds on any branch, in any worktree, the one with most in common tells what changed."""
    here = kept.keep(kept.build(branch=BranchScope.of("main")))
    kept.keep(kept.build({**EDITED, "go.mod": "other"}, folder="/p-worktree", branch=BranchScope.of("x")))
    kept.keep(kept.build(project=Project("/other"), folder="/other"))
    told, against = kept.explain(kept.keep(kept.build({**FILES, "src/b.sh": "c"})))
    assert (told[SRC], against) == ("src/b.sh changed.", here.ref)
    assert sum(text.startswith("It builds on “") for text in told.values()) == len(told) - 1


def test_another_build_can_be_asked_for(kept: Kept) -> None:
    """`against` names the build to compare with by its ref; one that is not known is a wrong word."""
    first, second = kept.keep(kept.build(EDITED)), kept.keep(kept.build())
    this = kept.keep(kept.build({**FILES, "src/b.sh": "c"}))
    assert kept.explain(this) == kept.explain(this, second.ref)
    told, against = kept.explain(this, first.ref)
    assert (told[SRC], against) == ("src/a.go changed. 1 more path differs.", first.ref)
    with pytest.raises(UsageError, match="no build nowhere is known"):
        kept.explain(this, "nowhere")


def test_a_build_of_a_record_needs_its_file(kept: Kept, tmp_path: Path) -> None:
    """What a record holds is explained from the record alone: a file that can't be read says so, whatever is kept."""
    with pytest.raises(ArchiveError):
        kept.explanations.explain(kept.keep(kept.build()), file=str(tmp_path / "gone.dockerbuild"))


def test_builds_that_failed_come_last(kept: Kept) -> None:
    """However often a build failed since, it is compared with the last that succeeded."""
    good = kept.keep(kept.build())
    for _ in range(MAX_EARLIER + 1):
        bad = kept.build(EDITED, status=BuildStatus.FAILED)
        kept.keep(replace(bad, evidence=Evidence(missing=("It failed.",))))
    told, against = kept.explain(kept.keep(kept.build({**FILES, "src/b.sh": "c"})))
    assert (told[SRC], against) == ("src/b.sh changed.", good.ref)


def test_another_folder_of_the_repository_is_no_earlier_build(kept: Kept) -> None:
    """What is built beside it in one repository is another thing; the same folder in another worktree is the same."""
    kept.keep(kept.build(folder="/p/a", place="a"))
    kept.builder.forget("WORKDIR /w")
    told, _ = kept.explain(kept.keep(kept.build({**EDITED, "go.mod": "b"}, folder="/p/b", place="b")))
    assert set(told.values()) == {"No earlier build of this project is known."}
    told, _ = kept.explain(kept.keep(kept.build(EDITED, folder="/worktree/a", place="a")))
    assert told[SRC] == "src/a.go changed."


def test_the_first_build(kept: Kept) -> None:
    """Only where no earlier build of the project is known it is the first; another project's does not count."""
    kept.keep(kept.build(project=Project("/other"), folder="/other"))
    kept.builder.forget("WORKDIR /w")
    told, against = kept.explain(kept.keep(kept.build({})))
    assert (set(told.values()), against) == ({"No earlier build of this project is known."}, "")


def test_an_earlier_build_without_evidence(kept: Kept) -> None:
    """A project that was built before, of which nothing was kept in detail, is no first build."""
    earlier = kept.keep(kept.build(), evidence=False)
    told, against = kept.explain(kept.keep(kept.build(EDITED)))
    assert told[SRC] == "Not known. What its steps do in detail was not kept."
    assert against == earlier.ref


def test_a_build_in_which_nothing_was_missed(kept: Kept) -> None:
    """It has no causes and is compared with nothing."""
    kept.keep(kept.build())
    assert kept.explain(kept.keep(kept.build())) == ({}, "")


def test_what_is_gone_is_told_with_what_took_it(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """A builder that was not read since the build is read; where it can't be, it stays unknown."""
    read: list[str] = []

    def see(_: Docker, journal: Journal, name: str) -> None:
        read.append(name)
        if len(read) == 1:
            raise SourceError("it is down")
        lost = tuple(record(one.name, created=-9, what=("regular", one.name)) for one in first.steps)
        journal.see((name, "node0"), Sight(at(0), lost, "w"), lambda _: Told())
        journal.see((name, "node0"), Sight(at(11), (), "v"), lambda _: Told())

    monkeypatch.setattr("dockcache_tui.sources.explanations.see_builder", see)
    first = kept.keep(kept.build(started_at=at(-9), completed_at=at(-8)))
    kept.builder.forget(ALL)
    second = kept.keep(kept.build(started_at=at(9), completed_at=at(10)))
    gone = "Nothing that it depends on changed, but the builder no longer has its result"
    assert kept.explain(second)[0][ALL] == f"{gone}."
    for _ in range(2):
        assert kept.explain(second)[0][ALL] == f"{gone}: the builder was made anew, with an empty cache."
    assert read == ["one", "one"]


def test_builds_that_reached_no_step_are_no_earlier_builds(kept: Kept) -> None:
    """A build that failed before its first step ended leaves the next one the first."""
    wrong = kept.journal.begin(BuildSpec("/p"), Checkout("/p", project=PROJECT), Instant(1))
    kept.journal.finish(wrong, Build(wrong, "b", Instant(1), BuildStatus.FAILED, folder="/p"))
    told, _ = kept.explain(kept.keep(kept.build()))
    assert set(told.values()) == {"No earlier build of this project is known."}


def test_no_build_fails_by_what_is_said_of_it(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a cause can't be worked out it is unknown with the reason, and the build is kept as it ended."""
    monkeypatch.setattr("dockcache_tui.sources.explanations.causes", lambda this, _: this.build["gone"])
    live = LiveBuild()
    live.apply(Progress(vertexes=(VertexUpdate("v", "[2/2] RUN a", ("b",), started=Instant(1), completed=Instant(2)),)))
    keeper = BuildKeeper(Docker({"PATH": str(tmp_path)}), journal, BuildSpec(str(tmp_path)), live)
    build = keeper.finish(BuildStatus.SUCCEEDED, "", None)
    (step,) = build.steps
    assert step.cause == unknown("It could not be worked out: TypeError(\"'Build' object is not subscriptable\").")
    assert keeper.notice == f"Why steps were not reused: {step.cause.text}"
    assert journal.builds() == (build,)


def test_a_build_of_others_is_warned_of_what_its_steps_tell(kept: Kept) -> None:
    """A false hit is told of any build; of ours what was found at its end stays."""
    this = kept.build()
    steps = (replace(this.build.steps[0], state=StepState.FALSE_HIT), *this.build.steps[1:])
    for ours in (True, False):
        traced = replace(this, build=replace(this.build, steps=steps, ours=ours))
        told = kept.explanations.explained(traced, None)
        assert [one.kind for one in told.warnings] == ([] if ours else [HitKind.FALSE])
