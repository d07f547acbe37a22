"""Compares the keys that we compute of a daemon's builds with those in its own key store."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from pathlib import Path

import requests

from dockcache_tui.core.builds.build import Build, StepState
from dockcache_tui.core.explain.content import content_digest
from dockcache_tui.core.explain.heredocs import heredoc_tree
from dockcache_tui.core.explain.inputs import InputKey, input_keys
from dockcache_tui.core.explain.op_keys import op_keys
from dockcache_tui.core.explain.ops import Edge, Op, read_ops
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.explain.source_keys import Keys, Resolved
from dockcache_tui.core.explain.store import Found, KeyedRecord, RecordStore, content_record, record_digest
from dockcache_tui.core.explain.tree import Tree
from why.folder import read_folder
from why.history import provenance
from why.key_store import Key, plaintext, read_store
from why.surroundings import Surroundings


class Says(Enum):
    """What the rule says of a step, from the records that were there before the build."""

    HIT = "hit"
    MISS = "missed"
    UNKNOWN = "unknown"


_VERDICTS = {StepState.REUSED: Says.HIT, StepState.BUILT: Says.MISS, StepState.FALSE_HIT: Says.MISS}


class Rule:
    """The rule by which records answer steps, carried through a build's operations in their order."""

    def __init__(self, vertexes: Mapping[str, str], records: Iterable[KeyedRecord]) -> None:
        """Begin with what was there; `vertexes` names the operations of the build's steps."""
        self._store, self._found = RecordStore(records), dict[Edge, frozenset[str]]()
        self._steps = {op: vertex for vertex, op in vertexes.items()}
        self.says: dict[str, Says] = {}
        self._unknown: set[str] = set()
        """Operations that stand on content or have keys that only a builder knows."""

    def add(self, op: Op, keys: Keys, inputs: Sequence[InputKey], contents: Sequence[str | None]) -> None:
        """Judge an operation; those it stands on were judged before."""
        found = [
            Found(self._found.get(edge, frozenset()), one.selector or "", content)
            for edge, one, content in zip(op.inputs, inputs, contents, strict=True)
        ]
        for output in range(2):
            self._found[Edge(op.id, output)] = self._store.answers(keys.known, found, output)
        hit = any(self._found[Edge(op.id, output)] for output in range(2))
        open_ended = not keys.complete or any(
            one.taken and not each for one, each in zip(inputs, contents, strict=True)
        )
        if not hit and (open_ended or any(edge.op in self._unknown for edge in op.inputs)):
            self._unknown.add(op.id)
        if op.id in self._steps and op.inputs:
            unknown = op.id in self._unknown
            self.says[self._steps[op.id]] = Says.HIT if hit else Says.UNKNOWN if unknown else Says.MISS


class Comparison:
    """The keys of builds that follow one another on a daemon: what of them was compared, and what differs."""

    def __init__(self, around: Surroundings, named: Mapping[str, Path], frontends: Iterable[str] = ()) -> None:
        """Begin with what the store holds already.

        `named` are the folders of named contexts, `frontends` the digests of images that Dockerfiles are built by.
        """
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._around, self._named = around, named
        rules = rules_of(around.version)
        assert rules
        self._rules = rules
        self._before = self._store = read_store(around.debug)
        self._by_definition: set[tuple[str, int, str]] = set()
        """Records, inputs and selectors that we computed."""
        self._by_content: set[tuple[str, int, str]] = set()
        """Records, inputs and records of content that we computed."""
        self._open: set[tuple[str, int]] = set()
        """Records and inputs whose content can't be computed from a context."""
        self._roots = {record_digest(key) for one in frontends for key in self._image_keys(one)}

    def compare(self, ref: str, context: Path, *, stale: bool = False) -> None:
        """Compare each key of a build that is just over; with `stale`, its builder kept an old context."""
        self.counts["builds"] += 1
        document = provenance(self._around, ref)
        read = read_ops(document)
        ops = {op.id: op for op in read.ops}
        self._rule = Rule(read.vertexes, self._store.records())
        outputs = defaultdict(set)
        for edge in (edge for op in ops.values() for edge in op.inputs):
            outputs[edge.op].add(edge.output)
        trees = {op.id: tree for op in ops.values() if (tree := self._tree(op, context))}
        self._store = read_store(self._around.debug)
        for op in ops.values():
            keys = op_keys(op, self._rules, self._resolved(op, document))
            self._rule.add(op, keys, input_keys(op, self._rules), self._contents(op, trees))
            known = keys.known
            if known:
                named = {record_digest(key, output) for key in known for output in outputs[op.id]}
                self._compare_key(op, named)
                for number, one in enumerate(input_keys(op, self._rules)):
                    self._compare_input(named, number, one, trees.get(op.inputs[number].op), stale=stale)
            elif op.kind and not is_local(op):
                self.wrong.append(f"unknown: {op}")

    def judge(self, build: Build) -> None:
        """Compare what the rule says of the steps of the last build with what they were."""
        for step in build.steps:
            said = self._rule.says.get(step.digest)
            if said and step.state in _VERDICTS:
                right = said in (Says.UNKNOWN, _VERDICTS[step.state])
                self.counts[f"steps {said.value}"] += 1
                if not right:
                    self.wrong.append(f"{step.name} was {step.state}, the rule says {said.value}")

    def check_all_explained(self) -> None:
        """Take down what the store holds beyond what was there before and what we computed."""
        store = read_store(self._around.debug)
        stood_on = {key.parent for key in store.keys if (key.record, key.input) in self._open}
        left = [key for key in store.keys - self._before.keys if not self._is_explained(key)]
        roots = store.roots - self._before.roots - self._roots - stood_on
        self.counts["explained"] += len(store.keys - self._before.keys) - len(left)
        digests = {key.record for key in left} | roots
        self.wrong += [f"left unexplained: {one}" for one in (*left, *roots)]
        self.wrong += [plaintext(self._around.debug, one) for one in digests]

    def _compare_key(self, op: Op, named: set[str]) -> None:
        self.counts[f"{op.kind} keys"] += 1
        self._roots |= set() if op.inputs else named
        there = {key.record for key in self._store.keys} if op.inputs else self._store.roots
        if named.isdisjoint(there):
            self.wrong.append(f"no such key: {op}")

    def _compare_input(self, named: set[str], number: int, one: InputKey, tree: Tree | None, *, stale: bool) -> None:
        assert one.selector is not None
        stored = {key for key in self._store.keys if key.record in named and key.input == number}
        self._by_definition |= {(record, number, one.selector) for record in named}
        self.counts["selectors"] += bool(one.selector)
        if one.selector not in {key.selector for key in stored}:
            self.wrong.append(f"no such selector: {one}, but {stored}")
        content = content_digest(tree, one, self._rules) if tree else None
        if one.taken and not content:
            self._open |= {(record, number) for record in named}
            self.counts["contents of stages" if tree is None else "unknown contents"] += 1
            if tree and not any(each.wildcard and each.includes for each in one.taken):
                self.wrong.append(f"unknown content: {one}")
        elif content:
            parent = content_record(content)
            self._by_content |= {(record, number, parent) for record in named}
            self._roots.add(parent)
            there = parent in {key.parent for key in stored if not key.selector}
            self.counts["contents" if there or not stale else "stale contents"] += 1
            if not there and not stale:
                self.wrong.append(f"no such content: {one}, but {stored}")

    def _is_explained(self, key: Key) -> bool:
        place = (key.record, key.input)
        if (*place, key.selector) in self._by_definition:
            return True
        return not key.selector and ((*place, key.parent) in self._by_content or place in self._open)

    def _image_keys(self, digest: str) -> tuple[str, ...]:
        body = {"identifier": f"docker-image://frontend@{digest}"}
        op = Op("", "source", body, {"Architecture": "amd64", "OS": "linux"})
        layers = self._around.registry.diff_ids(f"docker/dockerfile@{digest}", "amd64")
        return op_keys(op, self._rules, Resolved(diff_ids=layers)).known

    def _contents(self, op: Op, trees: Mapping[str, Tree]) -> list[str | None]:
        keys = zip(op.inputs, input_keys(op, self._rules), strict=True)
        return [content_digest(trees[edge.op], one, self._rules) if edge.op in trees else None for edge, one in keys]

    def _tree(self, op: Op, context: Path) -> Tree | None:
        if not is_local(op):
            return heredoc_tree(op)
        name = op.body["identifier"].removeprefix("local://")
        excludes = json.loads(op.body.get("attrs", {}).get("local.excludepatterns", "[]"))
        return read_folder(self._named.get(name, context), excludes)

    def _resolved(self, op: Op, document: str) -> Resolved:
        """Return what a source came to, from the provenance and the servers that it is from."""
        scheme, _, reference = op.body.get("identifier", "").partition("://")
        whole = json.loads(document)
        told = whole.get("buildDefinition", {}).get("resolvedDependencies") or whole.get("materials") or ()
        match scheme:
            case "docker-image":
                return Resolved(diff_ids=self._around.registry.diff_ids(reference, op.platform["Architecture"]))
            case "http":
                url = op.body["identifier"]
                content = next(one["digest"]["sha256"] for one in told if one["uri"] == url)
                answer = requests.head(url, timeout=10)
                modified = parsedate_to_datetime(answer.headers["Last-Modified"]) if answer.ok else None
                dated = format_datetime(modified, usegmt=True) if modified else None
                return Resolved(digest=f"sha256:{content}", last_modified=dated)
            case "git":
                path = re.sub(r"^[^/]*|#.*", "", reference)
                commit = next(one["digest"]["sha1"] for one in told if path in one["uri"])
                return Resolved(commit=commit, ref="refs/heads/main")
        return Resolved()


def is_local(op: Op) -> bool:
    """Tell whether an operation is a context that a client sends."""
    return op.kind == "source" and op.body["identifier"].startswith("local://")
