"""The order steps are shown in: what a step needs stands above it."""

from collections.abc import Mapping, Sequence


def needs_first(inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the keys so that each comes after its inputs, else as given; unknown inputs and cycles do no harm."""
    ordered: dict[str, None] = {}
    entered: set[str] = set()
    for root in inputs:
        stack = [root]
        while stack:
            key = stack[-1]
            waiting = [one for one in inputs[key] if one in inputs and one not in entered] if key not in entered else []
            entered.add(key)
            if waiting:
                stack.extend(reversed(waiting))
            else:
                ordered[stack.pop()] = None
    return list(ordered)
