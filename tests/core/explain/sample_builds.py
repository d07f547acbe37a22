"""Builds of small Dockerfiles with their evidence, on a builder that reuses what it has as BuildKit does."""

import json
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from dockcache_tui.core.builds.build import Build, BuildStatus, SourceFile, Step, StepState
from dockcache_tui.core.explain.context import Context, SentFile
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.headers import header
from dockcache_tui.core.explain.keyed_graph import KeyedGraph
from dockcache_tui.core.explain.ops import Edge, Ops, read_ops
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.explain.source_keys import Resolved
from dockcache_tui.core.explain.store import Found, KeyedRecord, Link, RecordStore, content_record, record_digest
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.instant import Instant

VERSION = "v0.34.2"
LOCAL = {"source": {"identifier": "local://context"}}
COPY = {"mode": -1, "timestamp": -1, "followSymlink": True, "allowWildcard": True, "dirCopyContents": True}

Told = str | tuple[str | None, int] | None
Files = Mapping[str, Told]
"""By path: a file's text or None for a folder, perhaps with a mode; a text that begins with `->` is a link's target."""


@dataclass
class Dockerfile:
    """The operations that the instructions of a Dockerfile make, and the names of its steps."""

    platform: str = "amd64"
    arguments: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def read(self, text: str) -> "Dockerfile":
        """Take all instructions; a stage begins with FROM."""
        self._stages: dict[str, str] = {}
        for self._line, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            word, _, rest = line.strip().partition(" ")
            getattr(self, f"_{word.lower()}")(rest, line.strip())
        self._add({}, (self._top,))
        return self

    def _from(self, rest: str, _: str) -> None:
        image, _, self._stage = rest.partition(" AS ")
        self._environment, self._runs_as, self._cwd = ["PATH=/bin"], "", "/"
        self._top = self._image(image)
        self._stages[self._stage] = self._top

    def _image(self, name: str) -> str:
        content = digest(self.images.get(name, name).encode())
        source = {"identifier": f"docker-image://docker.io/library/{name}@{content}"}
        return self._add({"source": source}, (), platform=True)

    def _arg(self, rest: str, _: str) -> None:
        name, _, value = rest.partition("=")
        self._environment.append(f"{name}={self.arguments.get(name, value)}")

    def _env(self, rest: str, _: str) -> None:
        self._environment.append(rest)

    def _user(self, rest: str, _: str) -> None:
        self._runs_as = rest

    def _workdir(self, rest: str, line: str) -> None:
        self._cwd = rest
        action = {"mkdir": {"path": rest, "mode": 493, "makeParents": True, "timestamp": -1}}
        told = {"input": 0, "secondaryInput": -1, "output": 0, "Action": action}
        self._step({"file": {"actions": [told]}}, (self._top,), line)

    def _copy(self, rest: str, line: str) -> None:
        flags = dict(word[2:].partition("=")[::2] for word in rest.split() if word.startswith("--"))
        *sources, dest = (word for word in rest.split() if not word.startswith("--"))
        place = flags.get("from", "")
        taken = self._add(LOCAL) if not place else self._stages.get(place) or self._image(place)
        more = {"mode": int(flags["chmod"], 8)} if "chmod" in flags else {}
        last = len(sources) - 1
        actions = [
            {
                "input": len(sources) + number - 1 if number else 0,
                "secondaryInput": 1,
                "output": 0 if number == last else -1,
                "Action": {"copy": {**COPY, "src": f"/{source.strip('./')}", "dest": dest, **more}},
            }
            for number, source in enumerate(sources)
        ]
        self._step({"file": {"actions": actions}}, (self._top, taken), line)

    def _run(self, rest: str, line: str) -> None:
        words = [word for word in rest.split() if word.startswith("--mount=")]
        options = [dict(pair.partition("=")[::2] for pair in word[8:].split(",")) for word in words]
        mounts = [
            {"dest": one["target"], "input": -1, "output": -1, "mountType": 3, "cacheOpt": {"ID": f"/{one['id']}"}}
            for one in options
        ]
        command = " ".join(word for word in rest.split() if not word.startswith("--"))
        meta = {"args": ["/bin/sh", "-c", command], "env": list(self._environment), "cwd": self._cwd}
        user = {"user": self._runs_as} if self._runs_as else {}
        body = {"exec": {"meta": {**meta, **user}, "mounts": [{"dest": "/"}, *mounts]}}
        self._step(body, (self._top,), line, platform=True)

    def _step(self, body: Mapping[str, Any], inputs: Iterable[str], line: str, *, platform: bool = False) -> None:
        self._top = self._add(body, inputs, platform=platform)
        self._stages[self._stage] = self._top
        self.names[self._top] = f"[{self._stage or f'stage-{len(self._stages) - 1}'} 1/1] {line}"
        self.lines.setdefault(self._top, self._line)

    def _add(self, body: Mapping[str, Any], inputs: Iterable[str] = (), *, platform: bool = False) -> str:
        op: dict[str, Any] = {"Op": body}
        if platform:
            op["platform"] = {"OS": "linux", "Architecture": self.platform}
        edges = [f"{one}:0" for one in inputs]
        same = (one["id"] for one in self.told if (one["op"], one["inputs"]) == (op, edges))
        name = next(same, f"step{len(self.told)}")
        if name == f"step{len(self.told)}":
            self.told.append({"id": name, "op": op, "inputs": edges})
        return name

    @property
    def ops(self) -> Ops:
        """Return the operations as a provenance has them."""
        config = {"llbDefinition": self.told, "digestMapping": {f"vertex {one}": one for one in self.names}}
        return read_ops(json.dumps({"buildConfig": config}))


class Builder:
    """A builder that keeps all results, until they are forgotten."""

    def __init__(self, name: str = "one") -> None:
        self.name = name
        self._records: dict[str, KeyedRecord] = {}
        self._builds = 0

    def build(
        self, text: str, files: Files | None = None, request: Mapping[str, str] | None = None, **more: Any
    ) -> TracedBuild:
        """Build a Dockerfile."""
        self._builds += 1
        asked = request or {}
        arguments = {name[10:]: value for name, value in asked.items() if name.startswith("build-arg:")}
        dockerfile = Dockerfile(arguments=arguments, **more).read(text)
        sent = tuple(map(_sent, files or {}, (files or {}).values()))
        context = Context("context", "/p", sent, ignore=SourceFile(".dockerignore", ""))
        sources = {op.id: Resolved() for op in dockerfile.ops.ops if op.kind == "source"}
        graph = Graph(ops=dockerfile.ops, request=asked, contexts=(context,), sources=sources, dockerfile=text)
        lines = {f"vertex {op}": line for op, line in dockerfile.lines.items()}
        steps = tuple(replace(one, line=lines[one.digest]) for one in self._steps(graph, dockerfile.names))
        started = Instant(self._builds * 1_000_000_000)
        build = Build(
            f"ref{self._builds}",
            self.name,
            started,
            BuildStatus.SUCCEEDED,
            folder="/p",
            steps=steps,
            completed_at=started,
        )
        graph = replace(graph, dockerfile_path="/p/Dockerfile")
        return TracedBuild(build, Evidence(VERSION, (graph,)))

    def forget(self, instruction: str) -> None:
        """Drop the results of a step, and of all whose layers lie on them."""
        gone = {key for key in self._records if f"] {instruction} #" in key}
        while gone:
            self._records = {key: one for key, one in self._records.items() if key not in gone}
            gone = {
                key
                for key, one in self._records.items()
                for link in one.links
                if link.input == 0 and "#" in link.parent and link.parent not in self._records
            }

    def _steps(self, graph: Graph, names: Mapping[str, str]) -> Iterable[Step]:
        rules = rules_of(VERSION)
        assert rules
        keyed, found = KeyedGraph(graph, rules), dict[Edge, frozenset[str]]()
        for op in keyed.ops.values():
            inputs = [
                Found(found[edge], one.key.selector or "", one.content)
                for edge, one in zip(op.inputs, keyed.inputs[op.id], strict=True)
            ]
            name = names.get(op.id, "")
            stages = graph.request.get("no-cache")
            is_meant = stages == "" or (stages is not None and name[1:].partition(" ")[0] in stages.split(","))
            flagged = is_meant and "WORKDIR" not in name and op.inputs
            answers = RecordStore(self._records.values()).answers(keyed.keys[op.id].known, inputs)
            found[Edge(op.id)] = frozenset() if flagged else answers
            if op.id in names:
                state = StepState.REUSED if answers and not flagged else StepState.BUILT
                yield Step(f"vertex {op.id}", name, state, cacheable=True)
            if not answers or flagged:
                found[Edge(op.id)] = frozenset(self._keep(keyed, op.id, found, name, flagged=bool(flagged)))

    def _keep(
        self, keyed: KeyedGraph, op: str, found: Mapping[Edge, frozenset[str]], name: str, *, flagged: bool
    ) -> Iterable[str]:
        """Keep what an operation made, by a name that follows from what it was made of."""
        links: set[Link] = set()
        for number, (edge, one) in enumerate(zip(keyed.ops[op].inputs, keyed.inputs[op], strict=True)):
            links |= {Link(number, parent, one.key.selector or "") for parent in found[edge]}
            if one.content:
                links.add(Link(number, one.content))
                self._records[one.content] = KeyedRecord(one.content, content_record(one.content))
        for key in keyed.keys[op].known:
            named = f"{name} #{hash((key, frozenset(links)))}{f' {self._builds}' * flagged}"
            self._records[named] = KeyedRecord(named, record_digest(key), frozenset(links))
            yield named


def _sent(path: str, told: Told) -> SentFile:
    text, mode = told if isinstance(told, tuple) else (told, 0o755 if told is None else 0o644)
    kind = stat.S_IFDIR if text is None else stat.S_IFLNK if text.startswith("->") else stat.S_IFREG
    link = (text or "")[2:].encode() if kind == stat.S_IFLNK else b""
    content = (text or "").encode() if kind == stat.S_IFREG else b""
    hashed = sha256(header(kind | mode, len(content), link) + content).hexdigest()
    of_bytes = sha256(content).hexdigest() if kind == stat.S_IFREG else ""
    name = path.encode("utf-8", "surrogateescape")
    return SentFile(name, kind | mode, f"sha256:{hashed}", len(content), content=of_bytes, link=link)
