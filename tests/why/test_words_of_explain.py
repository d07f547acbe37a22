"""What `rebuild` and `explain` print of changes on a real builder is what the table says."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.test_explain_words import below_head
from core.explain.mutations import FILES, MUTATIONS, TEXT
from dockcache_tui.cli.main import run
from why.surroundings import Surroundings
from why.test_causes_of_changes import write

ELSEWHERE = {"the platform", "lost data", "a prune"}
"""Changes of which other tests tell on a real builder."""
_VARYING = re.compile(
    r", [0-9.]+s(?=\)$)| \([0-9.]+s\)$|^    All of this took .*\n|\b127\.0\.0\.1:\d+/|:latest|@sha256:[0-9a-f]{64}",
    re.MULTILINE,
)


@pytest.mark.matrix
@pytest.mark.parametrize("name", sorted(MUTATIONS.keys() - ELSEWHERE))
def test_words(
    name: str,
    around: Surroundings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The causes of a build by `rebuild` are told in exactly the words of the table."""
    for variable, value in around.engine.environment.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    change, work = MUTATIONS[name], tmp_path / "work"
    around.docker.run("buildx", "prune", "--builder", around.builder, "--force", "--all", timeout=120)
    around.registry.tag("busybox", "latest", "v1")
    write(work, {**FILES, "Dockerfile": TEXT})
    monkeypatch.chdir(work)
    assert run(["rebuild", "--builder", around.builder]) == 0
    if change.images:
        around.registry.tag("busybox", "latest", "v2")
    for path in change.without:
        (work / path).unlink()
    write(work, {**change.files, "Dockerfile": TEXT.replace(*change.edit)})
    assert run(["rebuild", *words(change.request)]) == 0
    assert run(["explain"]) == 0
    printed = capsys.readouterr().out
    told = "Build" + printed.rpartition("\nBuild")[2]
    assert plain(below_head(told)) == plain(change.printed)


def words(request: Mapping[str, str]) -> list[str]:
    """Return the options that ask a frontend for this."""
    given = {name: value for name, value in request.items() if name.startswith(("build-arg:", "label:"))}
    options = [
        word
        for name, value in given.items()
        for word in (f"--{name.partition(':')[0]}", f"{name.partition(':')[2]}={value}")
    ]
    stages = request.get("no-cache")
    return [
        *(["--no-cache"] if stages == "" else []),
        "--",
        *options,
        *(["--no-cache-filter", stages] if stages else []),
    ]


def plain(text: str) -> str:
    """Return what is printed without what differs from run to run and from registry to registry."""
    return re.sub("[0-9a-f]{12}", "*", _VARYING.sub("", text))
