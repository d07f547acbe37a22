"""The cache-scope action's script, over any names that branches and workflows may have."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockcache_tui.core.records.steps import ScopeIndex
from dockcache_tui.core.scope import BranchScope

SCRIPT = Path(__file__).parents[2] / ".github/actions/cache-scope/scope.sh"
FORM = re.compile(rb"[0-9a-f]{16}-[A-Za-z0-9._-]{0,24}-[A-Za-z0-9._-]{0,48}")
NAMES = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=80).map(str.encode),
    st.binary(min_size=1, max_size=80).filter(lambda name: b"\0" not in name),
    st.text("ab/-$(`'\"; \n=%.", min_size=1, max_size=12).map(str.encode),
)
HOSTILE = [
    b"refs/heads/feature/a b",
    b"refs/heads/\"quoted\"-'and'-so",
    b"refs/heads/$(touch made)`touch made`",
    b"refs/heads/x\nscope=stolen\nCACHE_SCOPE=stolen",
    b"refs/heads/x<<EOF",
    b"refs/heads/x\r\n::error::y%0Az",
    b"refs/heads/" + "ünïcode-早".encode(),
    b"refs/heads/\xff\xfe",
    b"refs/heads/-n",
    b"-e",
    b"*",
    b"refs/heads/" + b"long" * 500,
    b"refs/heads/a,mode=max",
]


@dataclass(frozen=True)
class Said:
    """What the script left."""

    code: int
    output: bytes
    environment: bytes
    stdout: bytes
    stderr: bytes

    @property
    def scope(self) -> bytes:
        """Return the scope."""
        return self.output.splitlines()[0].removeprefix(b"scope=")

    @property
    def fallbacks(self) -> list[bytes]:
        """Return what it may fall back on."""
        return self.output.splitlines()[1].removeprefix(b"fallbacks=").split()


def compute(workflow: bytes, ref: bytes, base: bytes = b"", default: bytes = b"", interpreter: str = "sh") -> Said:
    """Run the script as the action does, in an empty folder, where it must leave nothing."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        output, environment, work = folder / "output", folder / "environment", folder / "work"
        work.mkdir()
        for file in (output, environment):
            file.touch()
        names = {b"WORKFLOW": workflow, b"REF": ref, b"BASE": base, b"DEFAULT": default}
        files = {b"GITHUB_OUTPUT": os.fsencode(output), b"GITHUB_ENV": os.fsencode(environment)}
        done = subprocess.run(
            (interpreter, SCRIPT),
            env={b"PATH": os.fsencode(os.environ["PATH"])} | names | files,
            cwd=work,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert not list(work.iterdir())
        return Said(done.returncode, output.read_bytes(), environment.read_bytes(), done.stdout, done.stderr)


def check(said: Said) -> None:
    """Hold what always holds: two outputs and one variable, of harmless characters, and nothing else."""
    assert (said.code, said.stdout, said.stderr) == (0, b"", b"")
    assert FORM.fullmatch(said.scope)
    assert all(FORM.fullmatch(scope) for scope in said.fallbacks)
    assert said.output == b"scope=%b\nfallbacks=%b\n" % (said.scope, b" ".join(said.fallbacks))
    assert said.environment == b"CACHE_SCOPE=%b\n" % said.scope


@given(NAMES, NAMES, NAMES, NAMES)
@settings(max_examples=40, deadline=None)
def test_no_name_says_more_than_a_scope(workflow: bytes, ref: bytes, base: bytes, default: bytes) -> None:
    """Whatever the names are, the files get exactly one scope of harmless characters and limited length."""
    check(compute(workflow, ref, base, default))


@pytest.mark.parametrize("ref", HOSTILE)
def test_a_hostile_ref(ref: bytes) -> None:
    """Nothing of a hostile name is run, and the same scope comes from every shell."""
    said = compute(b"Experiment 4, ours", ref, ref, ref)
    check(said)
    assert compute(b"Experiment 4, ours", ref, ref, ref, interpreter="bash") == said


@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=3, unique=True))
@settings(max_examples=20, deadline=None)
def test_different_names_have_different_scopes(pairs: list[tuple[bytes, bytes]]) -> None:
    """No two pairs of workflow and ref share a scope, and one pair's is always the same."""
    scopes = [compute(*pair).scope for pair in pairs]
    assert len(set(scopes)) == len(pairs)
    assert compute(*pairs[0]).scope == scopes[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((b"ci", b"refs/heads/a/b"), (b"ci", b"refs/heads/a-b")),
        ((b"ci", b"refs/heads/v1"), (b"ci", b"refs/tags/v1")),
        ((b"ci a", b"refs/heads/b"), (b"ci", b"a refs/heads/b")),
        ((b"ci", b"refs/heads/" + b"x" * 100), (b"ci", b"refs/heads/" + b"x" * 101)),
        ((b"ci", b"refs/heads/x"), (b"ci", b"refs/heads/x\n")),
        ((b"ci", b"refs/heads/X"), (b"ci", b"refs/heads/x")),
    ],
)
def test_look_alikes(one: tuple[bytes, bytes], other: tuple[bytes, bytes]) -> None:
    """Names that look the same once they are made harmless are still told apart."""
    assert compute(*one).scope != compute(*other).scope


def test_a_new_branch_falls_back() -> None:
    """The fallbacks are the scopes that runs on the base and on the default branch save to, each once, not the own."""
    main, release = (compute(b"ci", ref).scope for ref in (b"refs/heads/main", b"refs/heads/release"))
    pull = compute(b"ci", b"refs/pull/7/merge", base=b"release", default=b"main")
    assert pull.fallbacks == [release, main]
    assert compute(b"ci", b"refs/heads/topic", default=b"main").fallbacks == [main]
    assert compute(b"ci", b"refs/pull/7/merge", base=b"main", default=b"main").fallbacks == [main]
    assert compute(b"ci", b"refs/heads/main", default=b"main").fallbacks == []
    assert compute(b"other", b"refs/heads/topic", default=b"main").fallbacks != [main]


@pytest.mark.parametrize(("workflow", "ref", "named"), [(b"", b"refs/heads/x", b"WORKFLOW"), (b"ci", b"", b"REF")])
def test_a_missing_name_is_an_error(workflow: bytes, ref: bytes, named: bytes) -> None:
    """Without a workflow or a ref there is no scope: everything would share it."""
    said = compute(workflow, ref, default=b"main")
    assert (said.code, said.output, said.environment) == (1, b"", b"")
    assert named in said.stderr


def test_outside_of_actions_it_prints() -> None:
    """Where there are no files of Actions', the outputs go to stdout."""
    names = {"WORKFLOW": "ci", "REF": "refs/heads/main", "PATH": os.environ["PATH"]}
    done = subprocess.run((SCRIPT,), env=names, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"scope={compute(b'ci', b'refs/heads/main').scope.decode()}\nfallbacks=\n"


def test_the_scope_in_the_documentation() -> None:
    """The page about the experiments shows a scope as it really comes out."""
    scope = compute(b"Experiment 4, ours", b"refs/heads/feature/x").scope.decode()
    assert f"`{scope}`" in (SCRIPT.parents[3] / "docs/experiments.md").read_text()


@pytest.mark.parametrize("ref", ["refs/heads/feature/x", "refs/heads/main", "refs/tags/v1.0", "refs/pull/7/merge"])
def test_a_cache_mount_tells_its_branch(ref: str) -> None:
    """The app knows the branch of a cache mount whose id ends in such a scope."""
    scope = compute(b"Experiment 1", ref.encode()).scope.decode()
    branches = [BranchScope(ref), BranchScope("refs/heads/other")]
    assert ScopeIndex(branches).find(f"go-build-{scope}")[1] == (BranchScope(ref),)
