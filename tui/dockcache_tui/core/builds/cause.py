"""Why a step was not reused, as it is kept, shown and printed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_MAX_EVIDENCE = 100


class CauseKind(StrEnum):
    """What kept a step from being reused; `CASCADE` is another step that ran."""

    FLAG = "flag"
    FIRST_BUILD = "first build"
    NEW_STEP = "new step"
    ENVIRONMENT = "environment"
    COMMAND = "command"
    MOUNT = "mount"
    PLATFORM = "platform"
    BASE = "base"
    CONTENT = "content"
    PARENT = "parent"
    EVICTED = "evicted"
    NOT_IMPORTED = "not imported"
    DEAD_BLOB = "dead blob"
    CASCADE = "cascade"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class MissEvidence:
    """One thing that differs between two builds; a value is None where there is none."""

    what: str
    """What of a cause's kind it is, as `mode` of a file or `user` of a command."""
    name: str = ""
    """Of a file, a variable, a mount, an image or a flag."""
    old: str | None = None
    new: str | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """What would keep a step reused next time."""

    text: str
    """A sentence."""
    patch: str = ""
    """What to change in the project, as a unified diff; empty where words have to do."""


@dataclass(frozen=True, slots=True)
class MissCause:
    """The first cause of a step, with what shows it."""

    kind: CauseKind
    text: str
    """A sentence for people."""
    differences: tuple[MissEvidence, ...] = ()
    root: str = ""
    """Of a cascade: the digest of the step at its end, which has a cause of its own."""
    fix: Fix | None = None
    """None where nothing is to be done."""


class HitKind(StrEnum):
    """What is wrong with a step that was reused, or was said to be."""

    STALE = "stale"
    FALSE = "false hit"
    MOUNT_TRAP = "mount trap"
    NOT_DETERMINISTIC = "not deterministic"


@dataclass(frozen=True, slots=True)
class HitWarning:
    """One thing that is wrong with what a build reused, with what shows it."""

    kind: HitKind
    text: str
    """A sentence for people."""
    differences: tuple[MissEvidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Folded:
    """A cause with all steps that it is the cause of, and those that ran because they did, by their digests."""

    cause: MissCause
    steps: tuple[str, ...]
    below: tuple[str, ...] = ()


def fold(causes: Mapping[str, MissCause]) -> tuple[Folded, ...]:
    """Return each cause once, in the order of the steps; those of a cascade stand with its end."""
    steps: dict[MissCause, list[str]] = {}
    below: dict[str, list[str]] = {}
    for digest, cause in causes.items():
        if cause.kind is CauseKind.CASCADE:
            below.setdefault(cause.root, []).append(digest)
        else:
            steps.setdefault(cause, []).append(digest)
    return tuple(
        Folded(cause, tuple(digests), tuple(one for digest in digests for one in below.get(digest, ())))
        for cause, digests in steps.items()
    )


def cause_row(cause: MissCause) -> Mapping[str, Any]:
    """Return a cause as the JSON of a step has it."""
    return {
        "kind": cause.kind.value,
        "text": cause.text,
        "evidence": _rows(cause.differences[:_MAX_EVIDENCE]),
        "evidence_total": len(cause.differences),
        "root": cause.root or None,
        "fix": {"text": cause.fix.text, "patch": cause.fix.patch or None, "predicted": None} if cause.fix else None,
    }


def warning_row(warning: HitWarning) -> Mapping[str, Any]:
    """Return a warning as the JSON of a build has it."""
    return {
        "kind": warning.kind.value,
        "text": warning.text,
        "evidence": _rows(warning.differences[:_MAX_EVIDENCE]),
    }


def _rows(differences: Iterable[MissEvidence]) -> Sequence[Mapping[str, str | None]]:
    return [{"what": one.what, "name": one.name or None, "old": one.old, "new": one.new} for one in differences]
