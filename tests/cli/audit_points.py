"""Moments of a delete, as the audit log sees them, at which a test lets something happen."""

from collections.abc import Callable, Iterable
from itertools import count

import pytest

from dockcache_tui.sources.audit import AuditLog, Named


def before(patch: pytest.MonkeyPatch, what: str, number: int, act: Callable[[], object]) -> None:
    """Let something happen right before the audit log is told `what` for the n-th time, counted from 1."""
    write, seen = AuditLog.write, count(1)

    def writing(log: AuditLog, things: Iterable[Named], told: str, detail: str = "") -> str:
        if told == what and next(seen) == number:
            act()
        return write(log, things, told, detail)

    patch.setattr(AuditLog, "write", writing)
