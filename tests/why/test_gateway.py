"""A builder's own frontend tells the operations of a build that has not run, and nothing is built."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests

from dockcache_tui.core.builds.build import BuildSpec, BuildStatus
from dockcache_tui.core.builds.frontend_options import frontend_options
from dockcache_tui.core.errors import SourceError
from dockcache_tui.core.explain.op_keys import op_keys
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.sources.build_context import sent_folders
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.buildkit.definition import Planned
from dockcache_tui.sources.buildkit.gateway import Question
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.docker_config import registry_login
from dockcache_tui.sources.journal import Journal
from dockcache_tui.sources.predictions import question
from why.case import Case, all_cases, judged
from why.history import kept_refs
from why.running import Ran, run_case
from why.surroundings import Surroundings

BASIC = f"Basic {b64encode(b'me:word of mine').decode()}"
DECIDING = ("target", "platform", "no-cache", "add-hosts", "force-network-mode", "shm-size", "ulimit", "cgroup-parent")
"""What a frontend may be asked that decides what steps do."""


def test_nothing_is_built(around: Surroundings) -> None:
    """A RUN that would never end is told at once; no build is kept, and one small record is left for the text."""
    text = b"FROM busybox AS a\nRUN sleep 1000\nFROM busybox\nCOPY --from=a /x /x\nRUN exit 3\n"
    with closing(open_builder(around.docker, around.builder)) as builder:
        before, refs = {one.id for one in builder.snapshot().records}, kept_refs(around)
        for _ in range(2):
            (told,) = builder.plan("", Question(text, options={"target": "a"}))
            (whole,) = builder.plan("", Question(text))
        after = builder.snapshot().records
    assert "[a 2/2] RUN sleep 1000" in [step.name for step in told.steps.values()]
    assert [step.line for step in whole.steps.values() if "exit" in step.name] == [5]
    assert kept_refs(around) == refs
    left = [one for one in after if one.id not in before]
    assert {one.description for one in left} <= {"[dockcache] Dockerfile"}
    assert len(left) <= 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"FROM busybox\nRUNN x\n", "unknown instruction: RUNN"),
        (b"FROM busybox:gone\n", "busybox:gone"),
        (b"FROM busybox\n" + b"# x\n" * 10_000 + b"RUNN\n", "unknown instruction: RUNN"),
    ],
    ids=["syntax", "image", "long"],
)
def test_what_the_frontend_refuses(around: Surroundings, text: bytes, said: str) -> None:
    """An error is told in the frontend's words, and the builder answers as before."""
    with closing(open_builder(around.docker, around.builder)) as builder:
        with pytest.raises(SourceError, match=said):
            builder.plan("", Question(text))
        assert builder.plan("", Question(b"FROM scratch\n"))[0].ops.ops == ()


class Gate(BaseHTTPRequestHandler):
    """Lets those who are signed in read a registry."""

    registry: str
    asked: list[str | None]

    def do_GET(self) -> None:
        """Answer for the registry behind it, or ask who it is."""
        who = self.headers.get("Authorization")
        self.asked.append(who)
        if who != BASIC:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="gate"')
            self.end_headers()
            return
        url, accepted = f"http://{self.registry}{self.path}", {"Accept": self.headers.get("Accept", "")}
        answer = requests.request(self.command, url, headers=accepted, timeout=10)
        self.send_response(answer.status_code)
        for name in ("Content-Type", "Content-Length", "Docker-Content-Digest"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.end_headers()
        self.wfile.write(answer.content)

    do_HEAD = do_GET  # noqa: N815 -- as the class behind it names them

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def gate(registry: str) -> Iterator[tuple[str, list[str | None]]]:
    """Serve a registry to those who are signed in; yields its address and who asked."""
    asked: list[str | None] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Gate,), {"registry": registry, "asked": asked}))
    Thread(target=server.serve_forever, name="gate", daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def test_a_private_base(around: Surroundings, tmp_path: Path) -> None:
    """An image that only a signed-in user may read is read as docker would, and told as refused without that."""
    with gate(around.registry.address) as (address, asked), closing(open_builder(around.docker, around.builder)) as one:
        question = Question(f"FROM {address}/library/busybox\nRUN true\n".encode())
        with pytest.raises(SourceError, match="401"):
            one.plan("", question)
        told = {"auths": {address: {"auth": BASIC.removeprefix("Basic ")}}}
        (tmp_path / "config.json").write_text(json.dumps(told))
        (plan,) = one.plan("", question, partial(registry_login, {"DOCKER_CONFIG": str(tmp_path)}))
    assert "[2/2] RUN true" in [step.name for step in plan.steps.values()]
    assert set(asked) == {None, BASIC}


@pytest.mark.matrix
def test_all_cases(around: Surroundings, tmp_path: Path) -> None:
    """Both builds of all cases have the keys that their operations had beforehand; the counts are printed."""
    around.push_frontends()
    counts, wrong = judged(all_cases(), tmp_path, lambda name, folder: of_case(name, around, folder))
    print(f"{dict(counts)}, {len(wrong)} wrong")  # noqa: T201 - the count
    assert (counts["operations"] > 1000, wrong) == (True, [])


def of_case(name: str, around: Surroundings, folder: Path) -> tuple[Counter[str], list[str]]:
    """Compare what is told before each build of a case with its evidence."""
    counts: Counter[str] = Counter()
    wrong, rules = list[str](), rules_of(around.version)
    assert rules
    told: list[Planned] = []
    options: dict[str, str] = {}

    def ask(spec: BuildSpec, docker: Docker) -> None:
        with closing(open_builder(docker, spec.builder)) as builder:
            asked = frontend_options(spec, docker.environment, builder.driver)
            told[:] = builder.plan("", question(spec, asked, sent_folders(spec, docker)))
        options.clear()
        options.update(asked.options)

    def look(ran: Ran, _: Path) -> None:
        with closing(Journal(folder / "journal")) as journal:
            evidence = journal.evidence(ran.build.ref)
        if ran.build.status is not BuildStatus.SUCCEEDED or not evidence:
            return
        for graph, ours in zip(evidence.graphs, told, strict=True):
            assert graph.ops
            asked = {name: text for name, text in graph.request.items() if name in options or name in DECIDING}
            if asked != options:
                wrong.append(f"asked {asked}, but {options}")
            for op, our in zip(graph.ops.ops, ours.ops.ops, strict=True):
                same = op_keys(op, rules) == op_keys(our, rules) and op.inputs == our.inputs
                counts["operations"] += 1
                wrong.extend([] if same else [f"{op}, but {our}"])

    run_case(Case.named(name), around, folder, look, ask)
    return counts, wrong
