"""What of an operation is in its key, and what is not."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explain.sample_ops import AMD64, copy, op, run
from dockcache_tui.core.explain.go_json import digest, go_json
from dockcache_tui.core.explain.inputs import input_keys
from dockcache_tui.core.explain.op_keys import base_name, op_keys
from dockcache_tui.core.explain.ops import Op, read_ops
from dockcache_tui.core.explain.rules import KeyRules, rules_of
from dockcache_tui.core.explain.source_keys import UNKNOWN
from dockcache_tui.core.explain.store import record_digest

SAMPLES = Path(__file__).parent / "samples"


def rules(version: str = "v0.34.2") -> KeyRules:
    """Return the rules of a version."""
    found = rules_of(version)
    assert found
    return found


def key(one: Op, version: str = "v0.34.2") -> str:
    """Return an operation's only key."""
    keys = op_keys(one, rules(version))
    assert keys.complete
    return keys.known[0]


def test_keys_of_a_daemon() -> None:
    """Each key and selector of a real build is what BuildKit 0.34.2 kept, whatever the order of fields we are told."""
    told = json.loads((SAMPLES / "keys.json").read_text())
    ops = [one for one in read_ops((SAMPLES / "provenance.json").read_text()).ops if one.kind]
    keys = {one.id: op_keys(one, rules()).known for one in ops}
    named = [
        [record_digest(keys[one.id][0]), number, each.selector]
        for one in ops
        for number, each in enumerate(input_keys(one, rules()))
        if each.selector
    ]
    assert sorted(named) == told["selectors"]
    image = "buildkit.source.v0:" + next(one for one in told["keys"] if digest(_source(one)) in keys["step0"])
    others = {one for known in keys.values() for one in known} - set(keys["step0"])
    assert others == set(told["keys"]) - {image.removeprefix("buildkit.source.v0:")}


def _source(one: str) -> bytes:
    return f"buildkit.source.v0:{one}".encode()


HOST = {"Host": "h", "IP": "1.1.1.1"}
CACHE = {"dest": "/c", "mountType": 3, "output": -1, "input": -1}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (run(proxy_env={"http_proxy": "p"}), run()),
        (run(extraHosts=[HOST]), run(extraHosts=[HOST | {"IP": "2.2.2.2"}])),
        (run([{"dest": "/m", "input": 1, "selector": "/a"}]), run([{"dest": "/m", "input": 1, "selector": "/b"}])),
        (run([CACHE | {"cacheOpt": {"ID": "x/y"}}]), run([CACHE | {"cacheOpt": {"ID": "z", "sharing": 2}}])),
        (run([CACHE | {"cacheOpt": {"ID": "//c", "sharing": 1}}]), run([CACHE | {"cacheOpt": {"ID": "z"}}])),
        (copy(src="/d/f"), copy(src="/e/f")),
        (op("exec", {"meta": {"args": ["a"]}, "mounts": [{"dest": "/"}]}, 1), op("exec", {"meta": {"args": ["a"]}}, 1)),
    ],
)
def test_not_in_a_key(one: Op, other: Op) -> None:
    """What differs here is in no key."""
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (run(env=["A=1", "B=1"]), run(env=["B=1", "A=1"])),
        (run(user="app"), run()),
        (run(extraHosts=[HOST]), run(extraHosts=[HOST | {"Host": "i"}])),
        (run([CACHE | {"cacheOpt": {"ID": "/c"}}]), run([CACHE | {"cacheOpt": {"ID": "x"}}])),
        (run([CACHE | {"cacheOpt": {"ID": "n//c"}}]), run([CACHE | {"cacheOpt": {"ID": "n//c", "sharing": 1}}])),
        (run([{"dest": "/m", "input": 1}]), run([{"dest": "/m", "input": 1, "readonly": True}])),
        (
            op("exec", {"meta": {"args": ["a"]}}, 1),
            op("exec", {"meta": {"args": ["a"]}}, 1, {**AMD64, "Variant": "v3"}),
        ),
        (op("exec", {"meta": {}, "mounts": [{"dest": "/", "readonly": True}]}, 1), op("exec", {"meta": {}}, 1)),
        (copy(src="/d/f"), copy(src="/d/g")),
        (copy(mode=0o640), copy(mode=0o644)),
        (copy({"src": "/a"}, {"src": "/b"}), copy({"src": "/b"}, {"src": "/a"})),
        (copy(owner={"user": {"User": {"byId": 1}}}), copy(owner={"group": {"User": {"byId": 1}}})),
    ],
)
def test_in_a_key(one: Op, other: Op) -> None:
    """What differs here is in the key."""
    assert key(one) != key(other)


def test_of_0_12() -> None:
    """Before 0.13 the id and sharing of each cache mount were in the key."""
    one, other = (run([CACHE | {"cacheOpt": {"ID": name}}]) for name in ("x", "y"))
    assert key(one) == key(other)
    assert key(one, "v0.12.5") != key(other, "v0.12.5")


@pytest.mark.parametrize("indexes", [(-1, 1, 0), (0, 2, 0), (0, 1, 1)])
def test_unusual_indexes(indexes: tuple[int, int, int]) -> None:
    """What an action stands on and gives is in the key where it is not the usual."""
    names = ("input", "secondaryInput", "output")
    body = {"rm": {"path": "/x"}}
    usual = op("file", {"actions": [dict(zip(names, (0, 1, 0), strict=True)) | {"Action": body}]}, 3)
    other = op("file", {"actions": [dict(zip(names, indexes, strict=True)) | {"Action": body}]}, 3)
    assert key(usual) != key(other)
    assert key(usual) == digest(b'{"Type":"buildkit.file.v0","Actions":["eyJwYXRoIjoiL3gifQ=="]}')


@pytest.mark.parametrize(
    "one",
    [
        run(arguments=["of a newer BuildKit"]),
        run(args=["no \ufffd UTF-8"]),
        op("exec", {"meta": {}}, 1, {}),
        op("teleport", {"to": "there"}, 1),
        op("build", {"builder": -1, "def": {}}, 1),
        op("file", {"actions": [{"input": -1, "secondaryInput": -1, "output": 0, "Action": {}}]}),
        op("source", {"identifier": "carrier-pigeon://a"}),
    ],
)
def test_unknown(one: Op) -> None:
    """An operation with anything that we don't know has no key that we know."""
    assert op_keys(one, rules()) == UNKNOWN


@pytest.mark.parametrize("kind", ["merge", "diff", "passthrough", "build"])
def test_counted_whole(kind: str) -> None:
    """Operations that count whole are named by their kind and body; a build's body is called Exec."""
    name = {"build": "Exec"}.get(kind, kind.capitalize())
    assert key(op(kind, {}, 2)) == digest(f'{{"Type":"buildkit.{kind}.v0","{name}":{{}}}}'.encode())


@pytest.mark.parametrize(("path", "base"), [("/a/b", "b"), ("/a/", "a"), ("/", "/"), ("", "."), ("a", "a")])
def test_base_names(path: str, base: str) -> None:
    """The last part of a path is what Go says."""
    assert base_name(path) == base


def test_json_of_go() -> None:
    """Some characters are escaped as Go does, others are left as they are."""
    assert go_json({"a": "<&>é\u2028\n\x7f\\"}) == b'{"a":"\\u003c\\u0026\\u003e\xc3\xa9\\u2028\\n\x7f\\\\"}'


@given(st.permutations(["src", "dest", "mode", "timestamp", "createDestPath", "include_patterns"]))
def test_order_of_fields(names: list[str]) -> None:
    """The order in which fields are told is in no key."""
    plain = {"mode": 1, "timestamp": -1, "createDestPath": True, "include_patterns": ["a"], "src": "/a", "dest": "/b"}
    body = {name: plain[name] for name in names}
    action = {"Action": {"copy": body}, "output": 0, "secondaryInput": 1, "input": 0}
    assert key(op("file", {"actions": [action]}, 2)) == key(
        op("file", {"actions": [{**action, "Action": {"copy": plain}}]}, 2)
    )
