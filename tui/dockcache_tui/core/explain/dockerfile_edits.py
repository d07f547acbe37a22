"""Dockerfiles changed so that they do the same and more of them is reused."""

import re

from dockcache_tui.core.archives.name import full_name
from dockcache_tui.core.builds.dockerfile import Dockerfile, Instruction

_MEANS_SOMETHING = re.compile("SOURCE_DATE_EPOCH|BUILDKIT_.*|(?i:(?:https?|ftp|no|all)_proxy)")
"""Build arguments that BuildKit itself looks at."""
_READS_ALL = re.compile(r"(?<![\w./-])(?:env|printenv|envsubst|eval|export -p|declare -p)(?![\w./-])")
_VARIABLE = re.compile(r"\$\{?(\w+)", re.ASCII)
_PLAIN_WORDS = re.compile(r"""[^"'\\`]*""")


def user_below(dockerfile: Dockerfile, step: Instruction, name: str) -> Instruction | None:
    """Return what in a step's stage uses a build argument first, None where that is not below the step."""
    declared = _declaration(dockerfile, step, name)
    if declared is None or _MEANS_SOMETHING.fullmatch(name):
        return None
    below = (one for one in dockerfile.stage(step) if one.first > declared.last)
    user = next((one for one in below if _uses(one, declared, name)), None)
    return user if user and user.first > step.first else None


def argument_moved(dockerfile: Dockerfile, step: Instruction, name: str) -> str | None:
    """Return the text with a build argument declared just above its first user; None where that is not below a step.

    Comments right above the ARG move with it; other arguments in its line do not.
    """
    declared, user = _declaration(dockerfile, step, name), user_below(dockerfile, step, name)
    if declared is None or user is None:
        return None
    lines, words = list(dockerfile.lines), declared.rest.split()
    moved, stays = lines[declared.above : declared.last + 1], list[str]()
    if len(words) > 1:
        word = next(one for one in words if one.partition("=")[0] == name)
        others = " ".join(one for one in words if one != word)
        if declared.first != declared.last or not _PLAIN_WORDS.fullmatch(declared.rest) or name in others:
            return None
        line = moved.pop()
        moved, stays = [line.replace(declared.rest, word)], [*moved, line.replace(declared.rest, others)]
    between = lines[declared.last + 1 : user.above]
    return "".join((*lines[: declared.above], *stays, *between, *moved, *lines[user.above :]))


def pinned(dockerfile: Dockerfile, reference: str, digest: str) -> str | None:
    """Return the text with an image named by its digest wherever a stage begins with it; None where none does."""
    stages = {one.arguments.lower().partition(" as ")[2] for one in dockerfile.instructions if one.word == "FROM"}
    lines = list(dockerfile.lines)
    for one in dockerfile.instructions:
        name = one.arguments.partition(" ")[0]
        is_it = one.word == "FROM" and name.lower() not in stages and full_name(name) == full_name(reference)
        if is_it and one.first == one.last:
            by_digest = f"{name}@{digest}"
            lines[one.first] = re.sub(rf"(?<=\s){re.escape(name)}(?=\s|$)", by_digest, lines[one.first], count=1)
    return "".join(lines) if lines != list(dockerfile.lines) else None


def _declaration(dockerfile: Dockerfile, step: Instruction, name: str) -> Instruction | None:
    """Return the only ARG of a name above a step in its stage."""
    above = (one for one in dockerfile.stage(step) if one.word == "ARG" and one.first < step.first)
    found = [one for one in above if name in (word.partition("=")[0] for word in one.rest.split())]
    return found[0] if len(found) == 1 else None


def _uses(one: Instruction, declared: Instruction, name: str) -> bool:
    """Tell whether an instruction reads an argument, or sets what the argument's default is made of."""
    sets = one.word in ("ARG", "ENV") and any(one.names(variable) for variable in _VARIABLE.findall(declared.rest))
    return one.names(name) or sets or bool(one.word == "RUN" and _READS_ALL.search(one.text))
