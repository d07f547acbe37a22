"""What would keep a step reused next time, as a patch of the Dockerfile or of .dockerignore where it is one."""

import os
import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from difflib import unified_diff

from dockcache_tui.core.builds.build import Step
from dockcache_tui.core.builds.cause import CauseKind, Fix, MissCause
from dockcache_tui.core.builds.dockerfile import Dockerfile, Instruction, read_dockerfile
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.cause_words import needless
from dockcache_tui.core.explain.dependencies import install_of
from dockcache_tui.core.explain.dockerfile_edits import (
    argument_moved,
    copied_first,
    next_run,
    passed_on,
    pinned,
    user_below,
)
from dockcache_tui.core.explain.evidence import Graph
from dockcache_tui.core.explain.traced_build import TracedBuild, step_ops
from dockcache_tui.core.wording import cut

_MAX_INSTRUCTION = 60
_PATCHED = {CauseKind.CONTENT, CauseKind.BASE, CauseKind.ENVIRONMENT}
_PLAIN_PATH = re.compile(r"[\w.+@/-]+", re.ASCII)
"""What a patch can name without quotes."""
_CACHE_MOUNT = re.compile("--mount=type=(cache|secret|ssh)(,|$)")
_NO_UTF8 = re.compile(r"\\x[89a-f][0-9a-f]|[\ud800-\udfff]")
"""What stands in a text for bytes that are none."""
_READS_GIT = re.compile(r"(?<![\w./-])git(?![\w-])|vcs|setuptools[_-]scm", re.IGNORECASE)


def with_patches(this: TracedBuild, told: Mapping[str, MissCause]) -> Mapping[str, MissCause]:
    """Return causes by their steps, each with a patch where one helps; equal causes stay equal."""
    steps: dict[MissCause, set[str]] = {}
    for digest, cause in told.items():
        steps.setdefault(cause, set()).add(digest)
    patched = {cause: replace(cause, fix=_fix(this, cause, digests)) for cause, digests in steps.items()}
    return {digest: patched[cause] for digest, cause in told.items()}


def diff(name: str, old: str, new: str) -> str:
    """Return what `patch -p1` turns one text of a file into another by; a file without a text is not there yet."""
    before, after = (re.findall("[^\n]*\n|[^\n]+", text) for text in (old, new))
    told = unified_diff(before, after, f"a/{name}" if old else "/dev/null", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in told)


def _fix(this: TracedBuild, cause: MissCause, digests: Collection[str]) -> Fix | None:
    if not cause.fix or not cause.differences or cause.kind not in _PATCHED:
        return cause.fix
    for graph in this.evidence.graphs:
        for step in step_ops(this.build.steps, graph).values():
            if step.digest in digests and (found := _in_graph(this, graph, cause, step)):
                return found
    return cause.fix


def _in_graph(this: TracedBuild, graph: Graph, cause: MissCause, step: Step) -> Fix | None:
    dockerfile = None if _NO_UTF8.search(graph.dockerfile) else read_dockerfile(graph.dockerfile)
    instruction = _instruction(dockerfile, step) if dockerfile else None
    if not dockerfile or not instruction or not cause.fix:
        return None
    first, words, text = cause.differences[0], cause.fix.text, None
    name = _below(this.build.folder, graph.dockerfile_path) or _told_name(graph.request)
    patch = ""
    if cause.kind is CauseKind.CONTENT:
        patch = _left_out(this, graph, dockerfile, cause)
        are_needless = {bool(needless(one.name)) for one in cause.differences}
        if False in are_needless:
            said, text = _copied_first(graph, dockerfile, instruction, cause)
            words = f"{words} {said}" if said and True in are_needless else said or words
    elif cause.kind is CauseKind.BASE and first.new:
        text = pinned(dockerfile, first.name, first.new)
    elif cause.kind is CauseKind.ENVIRONMENT and (user := user_below(dockerfile, instruction, first.name)):
        what = cut(" ".join(user.text.split()), _MAX_INSTRUCTION)
        words = f"Declare ARG {first.name} just above {what}, unless what runs before that reads it."
        text = argument_moved(dockerfile, instruction, first.name)
    elif cause.kind is CauseKind.ENVIRONMENT and (env := passed_on(dockerfile, instruction, first.name)):
        what = cut(" ".join(env.text.split()), _MAX_INSTRUCTION)
        words = f"Move ARG {first.name} and {what} below this step, unless what it runs reads them."
    if text and _PLAIN_PATH.fullmatch(name):
        patch += diff(name, graph.dockerfile, text)
    return Fix(words, patch) if patch or words != cause.fix.text else None


def _copied_first(graph: Graph, dockerfile: Dockerfile, copy: Instruction, cause: MissCause) -> tuple[str, str | None]:
    """Return what to do about an install below the copy of all files, and the Dockerfile where that is sure."""
    context = next((one for one in graph.contexts if one.name == "context"), None)
    run = next_run(dockerfile, copy)
    if context is None or run is None or (run.flags and not all(map(_CACHE_MOUNT.match, run.flags))):
        return "", None
    top = {os.fsdecode(file.path).partition("/")[0] for file in context.files}
    found = install_of(run.arguments, top, {one.name: one.text for one in context.manifests})
    if found is None or {one.name for one in cause.differences} & set(found.files):
        return "", None
    named = " and ".join(filter(None, (", ".join(found.files[:-1]), found.files[-1])))
    words = f"Copy {named} first, and run {cut(run.arguments, _MAX_INSTRUCTION)} before the rest is copied"
    text = copied_first(dockerfile, copy, run, found.files) if found.is_alone else None
    return (f"{words}.", text) if text else (f"{words}, if it needs no other file.", None)


def _instruction(dockerfile: Dockerfile, step: Step) -> Instruction | None:
    """Return the instruction that a step was: that of its line, or the only one of its text."""
    words = parse_name(step.name).instruction.split()
    if step.line is not None:
        found = dockerfile.at(step.line)
        return found if found and words and found.word == words[0].upper() else None
    alike = [one for one in dockerfile.instructions if [one.word, *one.rest.split()] == words]
    return alike[0] if len(alike) == 1 else None


def _left_out(this: TracedBuild, graph: Graph, dockerfile: Dockerfile, cause: MissCause) -> str:
    """Return what adds files that a build seldom reads to .dockerignore; empty where it seems to read them."""
    context = next((one for one in graph.contexts if one.name == "context"), None)
    lines = list(dict.fromkeys(line for one in cause.differences if (line := needless(one.name))))
    if context is None or context.ignore is None or not lines:
        return ""
    names = [line.rpartition("/")[2] for line in lines]
    told = [line.lstrip("!").strip("/ ") for line in context.ignore.text.splitlines() if line.startswith("!")]
    runs = " ".join(one.text for one in dockerfile.instructions if one.word == "RUN")
    is_read = (
        any(one.names(name) for one in dockerfile.instructions for name in names)
        or any(line.startswith(name) for line in told for name in names)
        or (".git" in names and _READS_GIT.search(runs))
    )
    name = _below(this.build.folder, posixpath.join(context.root, context.ignore.name))
    is_empty = not context.ignore.text and context.ignore.name.encode() in (file.path for file in context.files)
    if is_read or is_empty or not _PLAIN_PATH.fullmatch(name) or _NO_UTF8.search(context.ignore.text):
        return ""
    return diff(name, context.ignore.text, with_lines(context.ignore.text, lines))


def with_lines(text: str, lines: Iterable[str]) -> str:
    """Return a text with further lines that end as its own do."""
    end = "\r\n" if "\r\n" in text else "\n"
    return text + end * bool(text and not text.endswith("\n")) + "".join(f"{line}{end}" for line in lines)


def _told_name(request: Mapping[str, str]) -> str:
    """Return where a Dockerfile is in its repository, as its builder tells; empty where that is not told."""
    folder, name = request.get("vcs:localdir:dockerfile", ""), request.get("filename", "")
    return posixpath.normpath(posixpath.join(folder, name)) if name else ""


def _below(folder: str, path: str) -> str:
    """Return a path as one below a folder, empty where it is not."""
    found = posixpath.relpath(path, folder) if folder and path.startswith("/") else ""
    return "" if found.startswith("..") else found
