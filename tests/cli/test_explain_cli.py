"""`explain`: what is printed of builds that the journal keeps, and of build records."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from core.explain.changes import FILES, TEXT
from core.explain.sample_builds import Files
from dockcache_tui.cli.main import run
from dockcache_tui.core.builds.build import BuildStatus
from dockcache_tui.core.builds.cause import HitKind, HitWarning, MissEvidence
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.journal import Journal
from documented import check_documented
from sources.kept_builds import Kept
from sources.record_making import Bundle, framed, message

EDITED: Files = {**FILES, "src/a.go": "other"}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Return a journal that the command reads, in a folder that is no project, without docker."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return Kept(Journal(tmp_path / "data"), tmp_path)


def timed(traced: TracedBuild) -> TracedBuild:
    """Return a build that began a day ago, whose steps took two seconds each."""
    began = Instant(Instant.now().ns - 86_400_000_000_000 + traced.build.started_at.ns)
    ended = Instant(began.ns + 2_000_000_000)
    steps = tuple(replace(step, started_at=began, completed_at=ended) for step in traced.build.steps)
    return replace(traced, build=replace(traced.build, started_at=began, completed_at=ended, steps=steps))


def told(words: str, capsys: pytest.CaptureFixture[str], code: int = 0) -> str:
    """Return what the command prints, on both streams where it fails."""
    assert run(["explain", *words.split()]) == code
    printed = capsys.readouterr()
    return printed.out + printed.err * bool(code)


def test_each_cause_once(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """The build, what it was compared with, each cause with its evidence, what ran because of it, and what helps."""
    text = TEXT.replace("COPY go.mod", "COPY .")
    kept.keep(timed(kept.build(text=text)))
    files = {**FILES, ".git/HEAD": "topic", **{f"src/{name}": name for name in "cdefghijkl"}}
    kept.keep(timed(kept.build(files, text.replace("echo runtime", "echo more"))))
    assert told("", capsys) == EXPECTED


EXPECTED = """\
Build ref2 of acme/web by the builder one 23h ago: succeeded in 2.0s, 1 of 8 steps reused.
Compared with build ref1 of acme/web by the builder one 23h ago.

COPY . /w/ (build, line 4, 2.0s)
    src/c was added. 10 more paths differ.
    .git/HEAD: 4 bytes 0d6e4079e367 -> 5 bytes 23d611a6f6f8
    src/c (added): 1 byte 2e7d2c03a950
    src/d (added): 1 byte 18ac3e7343f0
    src/e (added): 1 byte 3f79bb7b435b
    src/f (added): 1 byte 252f10c83610
    src/g (added): 1 byte cd0aa9856147
    src/h (added): 1 byte aaa9402664f1
    src/i (added): 1 byte de7d1b721a1e
    src/j (added): 1 byte 189f40034be7
    src/k (added): 1 byte 8254c329a928
    and 1 more
    2 more steps ran because of it: RUN echo deps, RUN echo all.
    All of this took 6.0s.
    What helps: Add .git to .dockerignore, unless the build reads it.
    --- /dev/null
    +++ b/.dockerignore
    @@ -0,0 +1 @@
    +.git

COPY src /w/src (build, line 8, 2.0s)
    src/c was added. 9 more paths differ.
    src/c (added): 1 byte 2e7d2c03a950
    src/d (added): 1 byte 18ac3e7343f0
    src/e (added): 1 byte 3f79bb7b435b
    src/f (added): 1 byte 252f10c83610
    src/g (added): 1 byte cd0aa9856147
    src/h (added): 1 byte aaa9402664f1
    src/i (added): 1 byte de7d1b721a1e
    src/j (added): 1 byte 189f40034be7
    src/k (added): 1 byte 8254c329a928
    src/l (type): link -> file
    1 more step ran because of it: RUN --mount=type=cache,target=/c,id=one touch /out.
    All of this took 4.0s.

RUN echo more (stage-1, line 11, 2.0s)
    “runtime” in it became “more”.
    runtime -> more
    1 more step ran because of it: COPY --from=build /out /app.
    All of this took 4.0s.
"""


def test_a_build_by_its_ref(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """A build is named by the beginning of its ref, and so is the one to compare it with; one build must fit."""
    for files in (FILES, EDITED, {**FILES, "src/b.sh": "c"}):
        kept.keep(kept.build(files))
    assert "Compared with build ref2 " in told("ref3", capsys)
    assert "src/a.go changed. 1 more path differs." in told("ref3 --against ref2", capsys)
    assert "the refs of several builds begin with ref" in told("ref", capsys, 2)
    assert "no build nowhere is known" in told("nowhere", capsys, 2)
    assert "no build nowhere is known" in told("ref3 --against nowhere", capsys, 2)
    assert "can't be explained yet" in told("run:1", capsys, 2)
    assert "--json and --markdown can't be used together" in told("--json --markdown", capsys, 2)


def test_nothing_to_explain(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a build there is nothing to explain, and a build of hits says so."""
    assert "no build is known yet" in told("", capsys, 2)
    kept.keep(kept.build())
    kept.keep(kept.build())
    assert "All steps that could be reused were reused." in told("", capsys)


def test_json(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the build with each step's cause, as documented."""
    kept.keep(kept.build())
    kept.keep(kept.build(EDITED))
    found = json.loads(told("--json", capsys))
    assert (found["schema"], found["compared_with"]) == (1, "ref1")
    causes = [step["cause"] for step in found["step_list"] if step["cause"]]
    assert [(cause["kind"], cause["text"]) for cause in causes[:1]] == [("content", "src/a.go changed.")]
    check_documented(found, *(f"json-builds.md#{one}" for one in ("a-cause", "rebuild", "builds", "a-step")))


STALE = HitWarning(
    HitKind.STALE,
    "src/a.go changed, but its size and time did not.",
    (MissEvidence("content", "src/a.go", "sha256:1", "sha256:2"), MissEvidence("step", "COPY src /w/src")),
)


def test_warnings_come_first(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with what was reused stands below the head, with old and new, also where all was reused."""
    kept.keep(kept.build())
    again = kept.build()
    kept.keep(replace(again, build=replace(again.build, warnings=(STALE,))))
    _, *lines = told("", capsys).splitlines()
    text = "src/a.go changed, but its size and time did not."
    assert lines[-3:] == ["", f"Warning: {text}", "    src/a.go: sha256:1 -> sha256:2"]
    lines = told("--markdown", capsys).splitlines()
    assert lines[lines.index(f"**Warning:** `{text}`") + 2 :][:3] == [
        "```text",
        "src/a.go: sha256:1 -> sha256:2",
        "```",
    ]
    assert json.loads(told("--json", capsys))["warnings"][0]["evidence"][1]["name"] == "COPY src /w/src"


HOSTILE = (
    "``` |<img src=x onerror=alert(1)>|",
    "@everyone #1 https://evil.example [a](b) ~~~",
    "\n```\n\n# head\n",
    "`",
    "",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_holds_what_is_hostile(kept: Kept, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Whatever names, values and errors hold, all of it is code in the Markdown: no link, mention, HTML or head."""
    name = f"x{text}"
    first = TEXT.replace("COPY src /w/src", f"ENV K={'v'}\nCOPY src /w/src")
    kept.keep(kept.build({**FILES, f"src/{name}": "a"}, first))
    other = kept.build(
        {**FILES, f"src/{name}": "b"}, first.replace("K=v", f"K=v{text.split(maxsplit=1)[0] if text else ''}")
    )
    steps = tuple(replace(step, name=f"{step.name} {text}") for step in other.build.steps)
    warning = HitWarning(HitKind.STALE, text, (MissEvidence("content", text, text, text),))
    failed = replace(other.build, error=text, status=BuildStatus.FAILED, steps=steps, builder=f"one{text}")
    failed = replace(failed, warnings=(warning,))
    kept.keep(replace(other, build=failed))
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(told("--markdown", capsys))
    kinds = {token.type for block in tokens for token in (block, *(block.children or ()))}
    plain = " ".join(one.content for block in tokens for one in block.children or () if one.type == "text")
    assert not {kind for kind in kinds if "html" in kind or "link" in kind or "image" in kind or "table" in kind}
    assert not set("@#|<>`[]~") & set(plain), plain
    assert next(block.content for block in tokens if block.type == "inline") == "Why steps were not reused"
    assert sum(block.type == "heading_open" for block in tokens) == 1


@pytest.mark.usefixtures("kept")
def test_a_file_that_is_no_build_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can't be read as a build record is an error that names the file."""
    (tmp_path / "x.dockerbuild").write_text("no")
    assert "The archive can't be read" in told("x.dockerbuild", capsys, 1)
    assert "The archive can't be read" in told("gone.dockerbuild", capsys, 1)


@pytest.mark.usefixtures("kept")
def test_build_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each build of a file is explained, or the one that is named; a broken part is told, and the exit code 1."""
    bundle = Bundle()
    bundle.record(framed(message()))
    bundle.record(framed(message(seconds=1_795_489_995)), Ref="later", CreatedAt={"seconds": 1_795_489_993})
    path = bundle.write(tmp_path)
    both = told(path.name, capsys)
    assert "Build ref1" in both
    assert "Build later" in both
    assert "Build ref1" not in told(f"{path.name}#lat", capsys)
    assert f"{path.name} has no build x" in told(f"{path.name}#x", capsys, 2)
    found = json.loads(told(f"{path.name} --json", capsys))
    assert [one["ref"] for one in found["items"]] == ["later", "ref1"]
    bundle.record(b"\0", Ref="broken", CreatedAt={"seconds": 1})
    assert "the log is cut" in told(bundle.write(tmp_path).name, capsys, 1)
