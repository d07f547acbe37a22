"""Policies and prunes as people write them: buildkitd.toml, Docker's daemon.json, and the options of `buildx prune`."""

# Read in BuildKit's cmd/buildkitd/config and getGCPolicy, in moby's daemon/config/builder.go and builder-next, and in
# buildx's commands/prune.go. "10GB" is 10 GiB in all of them.

import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.records.policy import Rule

Table: TypeAlias = Mapping[str, Any]

_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+) ?(?:([kmgtp])(?:i?b)?|b)?", re.IGNORECASE)
_DURATION = re.compile(r"\+?(?:(?:[0-9]{1,15}(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"([0-9.]+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SOURCES = ("type==source.local", "type==exec.cachemount", "type==source.git.checkout")
_DOCKER_FIELDS = ("description", "id", "immutable", "inuse", "mutable", "parent", "private", "shared", "type")
_AGES = ("until", "unused-for")


def read_policy(text: str) -> tuple[Rule, ...]:
    """Return the rules that a buildkitd.toml or a daemon.json asks for: none where it switches the collection off.

    Raises UsageError where it can't be read, or leaves to the builder's disk how much to keep.
    """
    try:
        if text.lstrip().startswith("{"):
            return _docker_policy(_lowered(json.loads(text)))
        return _buildkit_policy(_lowered(tomllib.loads(text)))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the policy can't be read: {error}", hint=_HINT) from error


_HINT = "Give a buildkitd.toml, or a daemon.json of Docker."


def prune_rule(filters: Iterable[str], *, all_: bool, reserved: str, max_used: str, min_free: str) -> Rule:
    """Return what `docker buildx prune` asks for with these options; raises UsageError."""
    given = tuple(filters)
    for one in given:
        if "=" not in one:
            raise UsageError(f"{one!r} is no filter of `docker buildx prune`", hint="Write it as NAME=VALUE.")
    age, parts = _filters(given)
    return Rule(all_, age, size(reserved), size(max_used), size(min_free), parts)


def size(value: object) -> int:
    """Return bytes as Docker reads them, `10GB` as 10 GiB; nothing is 0; raises UsageError, also for a share."""
    text = "" if value is None else str(value).strip('"')
    if text.endswith("%"):
        raise UsageError(
            f"{text} is a share of the builder's disk, whose size is not known", hint="Write it in bytes, such as 20GB."
        )
    match = _SIZE.fullmatch(text)
    if text and match is None:
        raise UsageError(f"{text!r} is no size", hint="Write it such as 20GB, which is 20 GiB.")
    return int(float(match[1]) * 1024 ** " kmgtp".index((match[2] or " ").lower())) if match else 0


def duration(value: object) -> float:
    """Return the seconds of a duration such as `48h` or `1h30m`, or of a plain number; raises UsageError."""
    text = "" if value is None else str(value).strip('"')
    if re.fullmatch("[0-9]{1,12}", text):
        return float(text)
    if text and not _DURATION.fullmatch(text):
        raise UsageError(f"{text!r} is no duration", hint="Write it such as 48h or 1h30m.")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))


def _lowered(value: Any) -> Any:
    """Return a document with its keys in small letters: Go does not tell them apart."""
    if isinstance(value, dict):
        return {str(key).lower(): _lowered(one) for key, one in value.items()}
    return [_lowered(one) for one in value] if isinstance(value, list) else value


def _table(parent: Table, key: str) -> Table:
    value = parent.get(key) or {}
    if not isinstance(value, Mapping):
        raise UsageError(f"{key} is no table in the policy", hint=_HINT)
    return value


def _rows(parent: Table, key: str) -> Sequence[Table]:
    value = parent.get(key) or []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise UsageError(f"{key} is no list of rules in the policy", hint=_HINT)
    return value


def _texts(parent: Table, key: str) -> tuple[str, ...]:
    value = parent.get(key) or []
    if not isinstance(value, list):
        raise UsageError(f"{key} is no list in the policy", hint=_HINT)
    return tuple(map(str, value))


def _buildkit_policy(document: Table) -> tuple[Rule, ...]:
    workers = _table(document, "worker")
    worker = _table(workers, "oci") or _table(workers, "containerd")
    if worker.get("gc") is False:
        return ()
    rules = tuple(
        Rule(
            all=bool(one.get("all")),
            keep_duration=duration(one.get("keepduration")),
            reserved=size(one.get("reservedspace")) or size(one.get("keepbytes")),
            max_used=size(one.get("maxusedspace")),
            min_free=size(one.get("minfreespace")),
            filters=_texts(one, "filters"),
        )
        for one in _rows(worker, "gcpolicy")
    )
    return rules or _default(worker, "reservedspace", "gckeepstorage", "maxusedspace", "minfreespace", docker=False)


def _docker_policy(document: Table) -> tuple[Rule, ...]:
    collection = _table(_table(document, "builder"), "gc")
    if collection.get("enabled") is False:
        return ()
    rules = tuple(map(_docker_rule, _rows(collection, "policy")))
    names = ("defaultreservedspace", "defaultkeepstorage", "defaultmaxusedspace", "defaultminfreespace")
    return rules or _default(collection, *names, docker=True)


def _docker_rule(written: Table) -> Rule:
    filters = _texts(written, "filter")
    age, parts = _filters(filters)
    for one in filters:
        name = one.partition("=")[0].strip().lower()
        if name not in (*_AGES, *_DOCKER_FIELDS):
            known = ", ".join((*_AGES, *_DOCKER_FIELDS))
            raise UsageError(f"Docker passes over the filter {name}, as if it was not there", hint=f"It knows {known}.")
    return Rule(
        all=bool(written.get("all")),
        keep_duration=age,
        reserved=size(written.get("reservedspace")) or size(written.get("keepstorage")),
        max_used=size(written.get("maxusedspace")),
        min_free=size(written.get("minfreespace")),
        filters=parts,
    )


def _default(
    limits: Table, reserved: str, kept: str, max_used: str, min_free: str, *, docker: bool
) -> tuple[Rule, ...]:
    """Return the four rules that there are where none are written, with the limits that are."""
    floor, most, free = size(limits.get(reserved)), size(limits.get(max_used)), size(limits.get(min_free))
    if docker or not (most or free):
        floor = floor or size(limits.get(kept))
    if not (floor or most or free):
        raise UsageError(
            "the policy sets no limit, and so leaves it to the builder's disk, whose size is not known",
            hint="Set reservedSpace, maxUsedSpace and minFreeSpace, or rules.",
        )
    share = math.e * math.pi * (1 + math.sqrt(5)) / 200 if docker else 0
    return (
        Rule(keep_duration=48 * 3600, max_used=max(512_000_000, round(floor * share)), filters=_SOURCES),
        Rule(keep_duration=60 * 86_400, reserved=floor, max_used=most, min_free=free),
        Rule(reserved=floor, max_used=most, min_free=free),
        Rule(all=True, reserved=floor, max_used=most, min_free=free),
    )


def _filters(filters: Iterable[str]) -> tuple[float, tuple[str, ...]]:
    """Return the age and BuildKit's filter of Docker's `name=value` filters, each name once; raises UsageError."""
    values: dict[str, str] = {}
    for one in filters:
        name, _, value = one.partition("=")
        name = name.strip().lower()
        if name in values:
            raise UsageError(f"the filter {name} is given twice, and takes one value")
        values[name] = value.strip()
    ages = [values.pop(name) for name in _AGES if name in values]
    if len(ages) > 1:
        raise UsageError(f"{' and '.join(_AGES)} are one filter: give one of them")
    parts = [f"{name}{_operator(name)}{value}" for name, value in values.items()]
    return duration(ages[0]) if ages else 0.0, (",".join(parts),) if parts else ()


def _operator(name: str) -> str:
    return "~=" if name == "id" else "=" if name.endswith(("!", "~")) else "=="
