"""What two operations do differently, in the words of a Dockerfile."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any

from dockcache_tui.core.builds.cause import CauseKind, MissEvidence
from dockcache_tui.core.explain.go_json import go_json
from dockcache_tui.core.explain.op_keys import base_name, exec_message, file_action, is_plain_root
from dockcache_tui.core.explain.ops import Body, Op
from dockcache_tui.core.explain.rules import KeyRules

Found = tuple[CauseKind, MissEvidence]

_SECRET_NAME = re.compile(r"(?i)token|secret|passw|credential|auth|(?:^|_)key(?:_|$)|api_?key|private|signature")
_SECRET_VALUE = re.compile(
    r"(?i)://[^/\s:]*:[^/\s@]+@|-----BEGIN|\b(gh[opsur]_|github_pat_|glpat-|AKIA|xox[abp]-|eyJ)\w"
)
_HIDDEN = "(hidden)"
_MOUNTS = {0: "bind", 1: "secret", 2: "ssh", 3: "cache", 4: "tmpfs"}
_CACHE = 3
_NETWORKS = {0: "default", 1: "host", 2: "none"}
_OTHERS = (
    "hostname",
    "ulimit",
    "cgroupParent",
    "validExitCodes",
    "removeMountStubsRecursive",
    "security",
    "cdiDevices",
)
_FILE_WORDS = {
    **dict.fromkeys(("src", "include_patterns", "exclude_patterns", "required_paths", "data"), "args"),
    **dict.fromkeys(("dest", "path"), "dest"),
    **dict.fromkeys(("mode", "modeStr"), "chmod"),
    "owner": "owner",
    "timestamp": "timestamp",
}


def differences(old: Op, new: Op, rules: KeyRules) -> tuple[Found, ...]:
    """Return what differs of two operations of one kind and counts, in the order of the kinds of causes."""
    found: Iterator[Found] = iter(())
    if old.kind == new.kind == "exec":
        found = _of_runs(exec_message(old, rules) or {}, exec_message(new, rules) or {}, (_ids(old), _ids(new)))
    elif old.kind == new.kind == "file":
        found = _of_files(old, new)
    return tuple(sorted(found, key=lambda one: list(CauseKind).index(one[0])))


def platform_name(words: Body) -> str:
    """Return a platform as `linux/arm64/v8`."""
    parts = (words.get("OS"), words.get("Arch") or words.get("Architecture"), words.get("Variant"))
    return "/".join(part for part in parts if part)


def is_secret(name: str, value: str) -> bool:
    """Tell whether the name or the value of a variable looks like one of a secret."""
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def cache_mount(op: Op, number: int) -> Body | None:
    """Return the cache mount of a RUN that one of its inputs begins, None for another input."""
    mounts = op.body.get("mounts") or () if op.kind == "exec" else ()
    return next((one for one in mounts if one.get("mountType") == _CACHE and one.get("input", 0) == number), None)


def sets_mode(op: Op) -> bool:
    """Tell whether a copy gives its files a mode."""
    bodies = (file_action(one)[1] for one in op.body["actions"]) if op.kind == "file" else ()
    return any(body.get("modeStr") or body.get("mode", -1) != -1 for body in bodies)


def _of_runs(old: Body, new: Body, ids: Sequence[Mapping[str, str]]) -> Iterator[Found]:
    before, after = old.get("Exec", {}), new.get("Exec", {})
    one, other = before.get("meta", {}), after.get("meta", {})
    yield from _of_environment(one.get("env") or (), other.get("env") or ())
    yield from _of_arguments(one.get("args") or (), other.get("args") or ())
    yield from _command("user", one.get("user") or "root", other.get("user") or "root")
    yield from _command("cwd", one.get("cwd"), other.get("cwd"))
    yield from _command("hosts", _hosts(one), _hosts(other))
    yield from _command("network", _NETWORKS.get(before.get("network", 0)), _NETWORKS.get(after.get("network", 0)))
    for name in _OTHERS:
        values = before.get(name, one.get(name)), after.get(name, other.get(name))
        yield from _command("other", _option(name, values[0]), _option(name, values[1]))
    yield from _of_mounts(before.get("mounts") or (), after.get("mounts") or (), ids)
    secrets = _text(before.get("secretenv")), _text(after.get("secretenv"))
    if secrets[0] != secrets[1]:
        yield CauseKind.MOUNT, MissEvidence("option", "env", *secrets)
    platforms = platform_name(old), platform_name(new)
    if platforms[0] != platforms[1]:
        yield CauseKind.PLATFORM, MissEvidence("platform", "", *platforms)


def _of_environment(old: Sequence[str], new: Sequence[str]) -> Iterator[Found]:
    before, after = (dict(line.partition("=")[::2] for line in lines) for lines in (old, new))
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one != other:
            what = "added" if one is None else "removed" if other is None else "changed"
            hidden = any(is_secret(name, value) for value in (one, other) if value)
            shown = [value if value is None or not hidden else _HIDDEN for value in (one, other)]
            yield CauseKind.ENVIRONMENT, MissEvidence(what, name, *shown)
    if before == after and list(old) != list(new):
        yield CauseKind.ENVIRONMENT, MissEvidence("order", "", " ".join(before), " ".join(after))


def _of_arguments(old: Sequence[str], new: Sequence[str]) -> Iterator[Found]:
    """Yield the words that differ; where the shell or only white space does, all of both."""
    if list(old) != list(new):
        one, other = (old[-1].split(), new[-1].split()) if old[:-1] == new[:-1] and old and new else (old, new)
        if one == other:
            one, other = old[-1:], new[-1:]
        yield CauseKind.COMMAND, MissEvidence("args", "", *_differing(one, other))


def _differing(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """Return the words from the first to the last that differ."""
    spans = [code[1:] for code in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if code[0] != "equal"]
    (first, _, new_first, _), (_, last, _, new_last) = spans[0], spans[-1]
    return " ".join(old[first:last]), " ".join(new[new_first:new_last])


def _of_mounts(old: Sequence[Body], new: Sequence[Body], ids: Sequence[Mapping[str, str]]) -> Iterator[Found]:
    before, after = ({one["dest"]: one for one in mounts if not is_plain_root(one)} for mounts in (old, new))
    gone = [one for dest, one in before.items() if dest not in after]
    for dest, mount in after.items():
        like = next((one for one in gone if _mount_kind(one) == _mount_kind(mount)), None)
        if dest in before:
            yield from _of_mount(before[dest], mount, ids)
        elif like:
            gone.remove(like)
            yield CauseKind.MOUNT, MissEvidence("target", dest, like["dest"], dest)
        else:
            yield CauseKind.MOUNT, MissEvidence("kind", dest, None, _mount_kind(mount))
    for mount in gone:
        yield CauseKind.MOUNT, MissEvidence("kind", mount["dest"], _mount_kind(mount), None)
    if before == after and list(before) != list(after):
        yield CauseKind.MOUNT, MissEvidence("option", "", " ".join(before), " ".join(after))


def _of_mount(old: Body, new: Body, ids: Sequence[Mapping[str, str]]) -> Iterator[Found]:
    dest = new["dest"]
    if _mount_kind(old) != _mount_kind(new):
        yield CauseKind.MOUNT, MissEvidence("kind", dest, _mount_kind(old), _mount_kind(new))
        return
    if _id(old) != _id(new):  # of which one may not count
        yield CauseKind.MOUNT, MissEvidence("id", dest, ids[0].get(dest), ids[1].get(dest))
        return
    for name in dict.fromkeys((*old, *new)):
        one, other = _without_id(old.get(name)), _without_id(new.get(name))
        if one != other and name not in ("input", "output"):
            yield CauseKind.MOUNT, MissEvidence("option", dest, _option(name, one), _option(name, other))
    if any((old.get(name, 0) < 0) != (new.get(name, 0) < 0) for name in ("input", "output")):
        yield CauseKind.MOUNT, MissEvidence("option", dest)


def _ids(op: Op) -> Mapping[str, str]:
    """Return the ids of mounts by their targets; a Dockerfile's of a cache mount has a namespace before it."""
    found = {}
    for mount in op.body.get("mounts") or ():
        if name := _id(mount):
            found[mount["dest"]] = name.partition("/")[2] or name if "cacheOpt" in mount else name
    return found


def _without_id(value: Any) -> Any:
    return {name: one for name, one in value.items() if name != "ID"} if isinstance(value, dict) else value


def _mount_kind(mount: Body) -> str:
    return _MOUNTS.get(mount.get("mountType", 0), "other")


def _id(mount: Body) -> str | None:
    options = mount.get("cacheOpt") or mount.get("secretOpt") or mount.get("SSHOpt") or {}
    return options.get("ID")


def _option(name: str, value: Any) -> str | None:
    return f"{name}={_text(value)}" if value is not None else None


def _of_files(old: Op, new: Op) -> Iterator[Found]:
    for before, after in zip_longest(old.body["actions"], new.body["actions"]):
        one, other = (file_action(told) if told else ("", {}) for told in (before, after))
        if one[0] != other[0]:
            yield from _command("args", _source(one[1]), _source(other[1]))
            continue
        for name in dict.fromkeys((*one[1], *other[1])):
            values = one[1].get(name), other[1].get(name)
            if name == "src" and base_name(values[0] or "") == base_name(values[1] or ""):
                continue
            if values[0] != values[1]:
                yield from _command(_FILE_WORDS.get(name, "other"), _value(name, values[0]), _value(name, values[1]))


def _source(body: Body) -> str | None:
    return body.get("src") or body.get("path")


def _value(name: str, value: Any) -> str | None:
    if name == "owner":
        return _owner(value) if value else None
    if name in ("mode", "timestamp") and value == -1:
        return None
    if name == "mode" and isinstance(value, int):
        return f"{value:04o}"
    return _text(value)


def _owner(value: Mapping[str, Any]) -> str:
    names = []
    for who in ("user", "group"):
        user = (value.get(who) or {}).get("User") or {}
        names.append((user.get("byName") or {}).get("name") or str(user.get("byId", 0)))
    return ":".join(names)


def _hosts(meta: Body) -> str | None:
    return " ".join(one.get("Host", "") for one in meta.get("extraHosts") or ()) or None


def _command(what: str, old: str | None, new: str | None) -> Iterator[Found]:
    if old != new:
        yield CauseKind.COMMAND, MissEvidence(what, "", old, new)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else go_json(value).decode()
