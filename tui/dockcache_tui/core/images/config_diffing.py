"""What differs between the configs of two images, line by line."""

from collections.abc import Iterator, Mapping

from dockcache_tui.core.wording import cut

MOST_LINES = 200
_MOST_SHOWN = 200
_LAYERS = "rootfs"
"""Says what the layers' digests say."""

Json = object
"""What a JSON document decodes to."""


def diff_configs(first: Json, second: Json) -> tuple[str, ...]:
    """Return a line for each value that differs, such as `config.Env.PATH: /bin, then /usr/bin`."""
    one, other = dict(_flat(first)), dict(_flat(second))
    steps = sum(one.get(path) != value for path, value in other.items() if _is_step_time(path) and path in one)
    paths = [path for path in {**one, **other} if one.get(path) != other.get(path)]
    lines = [
        f"{cut(path, _MOST_SHOWN)}: {_shown(one, path)}, then {_shown(other, path)}"
        for path in paths
        if not (_is_step_time(path) and path in one and path in other)
    ]
    if steps:
        lines.append(f"history: {steps:,} steps have another time" if steps > 1 else "history: a step has another time")
    more = len(lines) - MOST_LINES
    return (*lines[:MOST_LINES], f"and {more:,} more values") if more > 0 else tuple(lines)


def _flat(document: Json) -> Iterator[tuple[str, str]]:
    """Yield every value with the path to it; an environment variable goes by its name."""
    todo: list[tuple[str, Json]] = [("", document)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, Mapping):
            todo += [(f"{path}.{key}" if path else str(key), below) for key, below in value.items()][::-1]
        elif isinstance(value, list):
            todo += [(_item(path, number, below), _value(path, below)) for number, below in enumerate(value)][::-1]
        elif path.partition(".")[0] != _LAYERS and value not in (None, "", False):
            yield path, str(value)


def _item(path: str, number: int, value: Json) -> str:
    if _is_env(path) and isinstance(value, str):
        return f"{path}.{value.partition('=')[0]}"
    return f"{path}.{number}"


def _value(path: str, value: Json) -> Json:
    return value.partition("=")[2] if _is_env(path) and isinstance(value, str) else value


def _is_env(path: str) -> bool:
    return path == "config.Env"


def _is_step_time(path: str) -> bool:
    return path.startswith("history.") and path.endswith(".created")


def _shown(values: Mapping[str, str], path: str) -> str:
    return cut(values[path], _MOST_SHOWN) if path in values else "nothing"
