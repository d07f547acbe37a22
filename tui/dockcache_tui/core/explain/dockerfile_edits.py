"""Dockerfiles changed so that they do the same and more of them is reused."""

import re
from collections.abc import Sequence

from dockcache_tui.core.archives.name import full_name
from dockcache_tui.core.builds.dockerfile import Dockerfile, Instruction

_MEANS_SOMETHING = re.compile("SOURCE_DATE_EPOCH|BUILDKIT_.*|(?i:(?:https?|ftp|no|all)_proxy)")
"""Build arguments that BuildKit itself looks at."""
_READS_ALL = re.compile(r"(?<![\w./-])(?:env|printenv|envsubst|eval|export -p|declare -p)(?![\w./-])")
_KEEPS_WHAT = re.compile("--(chown|chmod)=")
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


def passed_on(dockerfile: Dockerfile, step: Instruction, name: str) -> Instruction | None:
    """Return the ENV above a step that sets a variable to a build argument, None where there is none."""
    declared = _declaration(dockerfile, step, name)
    above = (one for one in dockerfile.stage(step) if declared and declared.last < one.first < step.first)
    return next((one for one in above if one.word == "ENV" and one.names(name)), None)


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
        is_apart = name not in others and "$" not in word
        if declared.first != declared.last or not _PLAIN_WORDS.fullmatch(declared.rest) or not is_apart:
            return None
        line = moved.pop()
        moved, stays = [line.replace(declared.rest, word)], [*moved, line.replace(declared.rest, others)]
    between = lines[declared.last + 1 : user.above]
    return "".join((*lines[: declared.above], *stays, *between, *moved, *lines[user.above :]))


def next_run(dockerfile: Dockerfile, copy: Instruction) -> Instruction | None:
    """Return the RUN right below the copy of a whole context into the folder where it runs; None for other steps."""
    stage = dockerfile.stage(copy)
    number = stage.index(copy) if copy in stage else len(stage)
    below = stage[number + 1] if number + 1 < len(stage) else None
    folders = [one.arguments.rstrip("/") for one in stage[:number] if one.word == "WORKDIR"]
    source, _, dest = copy.arguments.partition(" ")
    takes_all = copy.word == "COPY" and source in (".", "./") and all(map(_KEEPS_WHAT.match, copy.flags))
    is_here = dest in (".", "./") or (dest.startswith("/") and dest.rstrip("/") in folders[-1:])
    return below if below and below.word == "RUN" and takes_all and is_here else None


def copied_first(dockerfile: Dockerfile, copy: Instruction, run: Instruction, files: Sequence[str]) -> str | None:
    """Return the text with some files copied, and the RUN below run, before the rest is copied."""
    if copy.first != copy.last:
        return None
    lines = list(dockerfile.lines)
    line, ends = lines[copy.first], lines[-1].endswith("\n")
    end = "\r\n" if line.endswith("\r\n") else "\n"
    words = line.split()
    dest = words[-1].rstrip("/")
    first = f"{' '.join((*words[: 1 + len(copy.flags)], *files, dest))}/{end}"
    lines[-1] += end * (not ends)
    between, last = lines[copy.last + 1 : run.above], run.last + 1
    moved = [first, *lines[run.above : last], *between, *lines[copy.above : copy.last + 1]]
    text = "".join((*lines[: copy.above], *moved, *lines[last:]))
    return text if ends else text.removesuffix(end)


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
