"""A plot of steps in block characters."""

from collections.abc import Sequence

_BLOCKS = " ▁▂▃▄▅▆▇█"


def columns(points: Sequence[tuple[float, float]], width: int) -> list[float]:
    """Return the value of a step function at `width` evenly spaced moments; points are (moment, value) in order."""
    if not points or width < 1:
        return []
    start, end = points[0][0], points[-1][0]
    values, at = [], 0
    for number in range(width):
        moment = start + (end - start) * number / max(1, width - 1)
        while at + 1 < len(points) and points[at + 1][0] <= moment:
            at += 1
        values.append(points[at][1])
    return values


def draw(values: Sequence[float], height: int, top: float) -> list[str]:
    """Return `height` lines of blocks, the highest first; `top` is the value that fills them all."""
    eighths = [0 if top <= 0 else min(height * 8, max(0, round(value / top * height * 8))) for value in values]
    return ["".join(_BLOCKS[min(8, max(0, filled - row * 8))] for filled in eighths) for row in reversed(range(height))]
