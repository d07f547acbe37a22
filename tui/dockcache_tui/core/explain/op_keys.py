"""The key of an operation: the hash of what it does, without what it does it on.

Rules as in BuildKit's solver/llbsolver/ops.
"""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from dockcache_tui.core.explain.go_json import digest, go_json
from dockcache_tui.core.explain.ops import Body, Op
from dockcache_tui.core.explain.rules import KeyRules
from dockcache_tui.core.explain.source_keys import UNKNOWN, Keys, Resolved, platform_words, source_keys

_NAMES = {"merge": "Merge", "diff": "Diff", "passthrough": "Passthrough", "build": "Exec"}
"""What keys call the operations that count whole."""
_OPTIONS = {"cacheOpt", "secretOpt", "SSHOpt", "resultID"}


def op_keys(op: Op, rules: KeyRules, resolved: Resolved | None = None) -> Keys:
    """Return the keys of an operation; `resolved` tells of a source what its identifier does not say."""
    written: Body | None = None
    match op.kind:
        case "source":
            return source_keys(op, rules, resolved or Resolved())
        case "exec":
            written = exec_message(op, rules)
        case "file":
            written = _file(op)
        case kind if kind in _NAMES:
            written = {"Type": f"buildkit.{kind}.v0", _NAMES[kind]: op.body}
    return UNKNOWN if written is None else Keys((digest(go_json(written)),), complete=True)


def file_action(told: Body) -> tuple[str, Body]:
    """Return the kind and body of one action on files; both empty for a symlink, which the provenance leaves out."""
    return next(iter(told["Action"].items())) if told["Action"] else ("", {})


def action_kind(op: Op) -> str:
    """Return the kind of an operation's first action on files, empty for one of another kind."""
    return file_action(op.body["actions"][0])[0] if op.kind == "file" and op.body["actions"] else ""


def base_name(path: str) -> str:
    """Return the last part of a path by Go's rules: "/" and "" give "/" and "."."""
    return path.rstrip("/").rpartition("/")[2] or ("/" if path else ".")


def exec_message(op: Op, rules: KeyRules) -> Body | None:
    """Return what of a RUN is hashed, None where its platform is not known."""
    if not op.platform:  # then the daemon takes its own
        return None
    meta = _without(op.body["meta"], "proxy_env")
    if "extraHosts" in meta:
        meta["extraHosts"] = [_without(host, "IP") for host in meta["extraHosts"]]
    mounts = [_mount(one, rules) for one in op.body.get("mounts") or ()]
    body = {**op.body, "meta": meta, "mounts": mounts}
    if not mounts or (len(mounts) == 1 and is_plain_root(mounts[0])):
        del body["mounts"]
    return {"Type": "buildkit.exec.v0", "Exec": body, **platform_words(op)}


def _mount(mount: Body, rules: KeyRules) -> Body:
    kept = _without(mount, "selector")
    if "cacheOpt" in kept and rules.drops_cache_ids and not _is_default_cache(kept["cacheOpt"], kept["dest"]):
        kept["cacheOpt"] = _without(kept["cacheOpt"], "ID", "sharing")
    return kept


def _is_default_cache(options: Body, dest: str) -> bool:
    """Tell whether a cache mount is one without an id; a Dockerfile's are called `namespace/target` then."""
    name = options.get("ID", "")
    return not options.get("sharing") and dest in (name, name.partition("/")[2])


def is_plain_root(mount: Body) -> bool:
    """Tell whether a mount is nothing but the root of what a RUN stands on."""
    special = mount.get("readonly") or mount.get("mountType") or _OPTIONS & mount.keys()
    return mount["dest"] == "/" and not special


def _file(op: Op) -> Body | None:
    actions, indexes = [], []
    for told in op.body["actions"]:
        index = [told["input"], told["secondaryInput"], told["output"]]
        kind, body = file_action(told)
        if not kind:
            return None
        if kind == "copy" and 0 <= index[1] < len(op.inputs):
            body = {"src": base_name(body.get("src", "")), **_without(body, "src")}
        actions.append(b64encode(go_json(body)).decode())
        indexes.append(index)
    usual = [_usual_index(number, len(indexes), secondary) for number, (_, secondary, _) in enumerate(indexes)]
    more = {} if indexes == usual else {"indexes": indexes}
    return {"Type": "buildkit.file.v0", "Actions": actions, **more}


def _usual_index(number: int, count: int, secondary: int) -> Sequence[int]:
    """Return the indexes that are not written: each action stands on the one before and the last makes the output."""
    stands_on = count + number - 1 if number else 0
    return [stands_on, 1 if secondary == 1 else -1, 0 if number == count - 1 else -1]


def _without(message: Body, *names: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in names}
