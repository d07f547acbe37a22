"""The evidence of builds that really ran."""

from pathlib import Path
from uuid import uuid4

from dockcache_tui.core.builds.build import BuildSpec, BuildStatus
from dockcache_tui.lab.engine import Engine
from dockcache_tui.sources.build_runner import Runner
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.journal import Journal

BAKE = """\
group "default" { targets = ["one", "two"] }
target "one" { context = "a" }
target "two" {
  context = "b"
  contexts = { more = "c" }
  secret = ["id=word,env=WORD"]
}
"""
TWO = (
    "FROM busybox\nRUN --mount=type=secret,id=word test -s /run/secrets/word\nCOPY --from=more c.txt /\nCOPY b.txt /\n"
)


def test_each_target_has_its_contexts(engine: Engine, journal: Journal, remote_builder: str, tmp_path: Path) -> None:
    """Each target of a bake file has the folders that it was sent, and nothing holds the value of its secret."""
    secret = uuid4().hex
    project = tmp_path / "bake"
    for name in "abc":
        (project / name).mkdir(parents=True)
        (project / name / f"{name}.txt").write_text(uuid4().hex)
    (project / "docker-bake.hcl").write_text(BAKE)
    (project / "a" / "Dockerfile").write_text("FROM busybox\nCOPY a.txt /\n")
    (project / "b" / "Dockerfile").write_text(TWO)
    runner = Runner(Docker(engine.variables | {"WORD": secret}), journal)
    spec = BuildSpec(str(project), "docker-bake.hcl", "bake", builder=remote_builder, extra=("--provenance=mode=max",))
    launched = runner.start(spec)
    for _ in launched:
        pass
    runner.close()
    build = launched.result()
    assert (build.status, launched.notice) == (BuildStatus.SUCCEEDED, "")
    evidence = journal.evidence(build.ref)
    assert evidence
    told = {
        tuple((context.name, *(file.path for file in context.files)) for context in graph.contexts): graph.secrets
        for graph in evidence.graphs
    }
    assert told == {
        (("context", b"Dockerfile", b"a.txt"),): (),
        (("context", b"Dockerfile", b"b.txt"), ("more", b"c.txt")): ("word",),
    }
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert secret.encode() not in kept
    assert secret not in repr(evidence)
