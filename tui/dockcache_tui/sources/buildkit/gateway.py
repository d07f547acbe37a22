"""Asks a node's own frontend what a build would do, as a client of BuildKit's gateway; nothing is built.

A build is opened that waits, kept in no history, with a session in which nothing can be asked for but credentials. Its
frontend gets the Dockerfile as an input, and answers with operations that nobody evaluates.
"""

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import uuid4

from dockcache_tui.sources.buildkit import gateway_pb2 as pb
from dockcache_tui.sources.buildkit.definition import Planned, planned
from dockcache_tui.sources.buildkit.node import NodeClient
from dockcache_tui.sources.buildkit.session import Session, SignIn

_SECONDS = 60.0
"""The longest that a frontend may take: it asks registries, and may be fetched from one itself."""
_RETURN_SECONDS = 10.0
_SOLVE, _RETURN = (f"/moby.buildkit.v1.frontend.LLBBridge/{name}" for name in ("Solve", "Return"))
_NAME = "Dockerfile"
_NO_RULES = b"# nothing is left out\n"
"""For an empty one the frontend would ask for the context's own."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a frontend is asked; `ignore` is the text of the .dockerignore that holds."""

    dockerfile: bytes
    ignore: bytes = b""
    options: Mapping[str, str] = field(default_factory=dict)
    """As buildx names them: `target`, `build-arg:NAME` and others."""
    folders: tuple[str, ...] = ()
    """The names of folders given as further contexts."""


def ask(
    node: NodeClient, question: Question, sign_in: SignIn = lambda _: None, *, omits_zeros: bool = True
) -> tuple[Planned, ...]:
    """Return what a build would do, a graph for each platform; raises SourceError.

    It may ask registries for the images that are built on, signed in as `sign_in` says, and leaves one record of the
    Dockerfile's size.
    """
    build = uuid4().hex
    with closing(Session(node, sign_in)) as session:
        return planned(_answer(node, question, build, session.id), omits_zeros=omits_zeros)


def _answer(node: NodeClient, question: Question, build: str, session: str) -> pb.FrontendAnswer:
    about = (("buildkit-controlapi-buildid", build),)
    asked = pb.WaitingBuild(ref=build, session=session, internal=True)
    waiting = node.begin("Solve", asked, pb.Nothing, _SECONDS)
    try:
        answer = node.call(_SOLVE, _request(question), pb.FrontendAnswer, _SECONDS, about)
        node.call(_RETURN, pb.ReturnRequest(result=pb.Result()), pb.Nothing, _RETURN_SECONDS, about)
    finally:
        waiting.cancel()
    return answer


def _request(question: Question) -> pb.FrontendRequest:
    options = {**question.options, "filename": _NAME}
    inputs = {"dockerfile": _files({_NAME: question.dockerfile, f"{_NAME}.dockerignore": question.ignore or _NO_RULES})}
    for name in question.folders:
        options[f"context:{name}"] = f"input:{name}"
        inputs[name] = _folder(name)
    syntax = question.options.get("build-arg:BUILDKIT_SYNTAX")
    if syntax:
        options |= {"source": syntax.split()[0], "cmdline": syntax}
    return pb.FrontendRequest(
        frontend="gateway.v0" if syntax else "dockerfile.v0",
        options=options,
        allow_result=True,
        allow_result_array=True,
        inputs=inputs,
    )


def _files(texts: Mapping[str, bytes]) -> pb.Definition:
    """Return an operation that writes some files on nothing."""
    actions = [
        pb.FileAction(
            input=number - 1,
            secondaryInput=-1,
            output=0 if number == len(texts) - 1 else -1,
            mkfile=pb.MakeFile(path=f"/{name}", mode=0o644, data=text, timestamp=-1),
        )
        for number, (name, text) in enumerate(texts.items())
    ]
    return _definition(pb.Op(file=pb.FileOp(actions=actions)), "[dockcache] Dockerfile", ["file.base"])


def _folder(name: str) -> pb.Definition:
    """Return a folder of a client that nobody reads."""
    source = pb.SourceOp(identifier=f"local://{name}")
    return _definition(pb.Op(source=source), f"[context {name}] load from client", ["source.local"])


def _definition(op: pb.Op, name: str, needs: Iterable[str]) -> pb.Definition:
    """Return a graph of one operation, and its end; `needs` are what of BuildKit it takes."""
    written = op.SerializeToString(deterministic=True)
    digest = f"sha256:{sha256(written).hexdigest()}"
    end = pb.Op(inputs=[pb.Input(digest=digest)]).SerializeToString(deterministic=True)
    caps = {**dict.fromkeys(needs, True), "constraints": True, "platform": True}
    about = pb.OpMetadata(description={"llb.customname": name}, caps=caps)
    return pb.Definition(ops=[written, end], metadata={digest: about})
