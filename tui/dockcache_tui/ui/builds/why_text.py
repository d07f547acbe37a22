"""The story of why steps of a build ran: each cause once, what shows it, what to do."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, BuildStatus, Step
from dockcache_tui.core.builds.cause import CauseKind, MissCause, MissEvidence
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.builds.why import RootCause, root_causes, root_of, step_place, step_places
from dockcache_tui.core.explain.traced_build import is_missed
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal

MAX_SHOWN = 100
"""Differences of one cause that are shown."""
MAX_PLACES = 6
"""Steps that are named of those that ran because of others."""
MOST = 400
"""Characters of a sentence, a name or a value that are shown."""
_MAX_NAME = 40
_INDENT = (0, 0, 0, 2)
_CONTENT = re.compile(r"(?:sha256:)?([0-9a-f]{64})(?:, ([0-9,]+) bytes?)?")
_WORDS = {"content": "content", "type": "kind", "xattr": "attributes"}
"""What differs of a file, where a plainer word is known."""

Style = Callable[[str], str]
"""Turns `old`, `new`, `dim`, `wrong` or `title` into a style."""


def story(build: Build, step: Step | None, now: Instant, style: Style) -> Group:
    """Return why a step ran, or all steps that did."""
    root = root_of(step, build) if step else None
    parts: list[RenderableType] = []
    for warning in build.warnings:
        parts.append(Text(f"! {_cut(warning.text)}", style("wrong")))
        files = [one for one in warning.differences if one.old is not None or one.new is not None]
        if files:
            parts.append(Padding(_files(files[:MAX_SHOWN], style), _INDENT))
        parts.append(Text())
    if step and root:
        parts.append(Text(_cut(step_title(step)), style("title")))
        if step in root.below and step.cause:
            parts += [Text(_cut(step.cause.text)), Text()]
    for one in (root,) if root else root_causes(build):
        parts += [*_root(one, now, style), Text()]
    return Group(*parts)


def step_title(step: Step) -> str:
    """Return a step as its Dockerfile has it, after its place."""
    name = parse_name(step.name)
    return name.instruction if name.number is None else f"{step_place(step)}  {name.instruction}"


def build_words(build: Build, now: Instant) -> str:
    """Return which build it is, literal: branch and revision, age, builder, the beginning of its ref."""
    where = wording.cut(build.branch.short, _MAX_NAME) if build.branch else "unknown branch"
    at = f"{where}@{build.revision[:8]}" if build.revision else where
    place = wording.cut(build.node or build.builder, _MAX_NAME)
    return literal(f"{at} · {wording.age(build.started_at, now)} ago · {place} · {build.ref[:8]}")


def _root(root: RootCause, now: Instant, style: Style) -> Iterator[RenderableType]:
    cause = root.cause
    yield Text(_cut(cause.text), style("wrong"))
    for step in root.steps[:MAX_PLACES]:
        yield Padding(Text(_cut(step_title(step))), _INDENT)
    if len(root.steps) > MAX_PLACES:
        yield Padding(Text(f"and {wording.count(len(root.steps) - MAX_PLACES, 'more step')}", style("dim")), _INDENT)
    cost = f"{wording.span(root.seconds)} in all"
    if root.below:
        places = _cut(step_places(root.below, MAX_PLACES))
        cost = f"{len(root.below)} more because of it: {places} · {cost}"
    yield Padding(Text(cost, style("dim")), _INDENT)
    if found := cause.differences[:MAX_SHOWN]:
        yield Text()
        is_files = cause.kind is CauseKind.CONTENT
        yield Padding(_files(found, style) if is_files else Group(*_lines(cause, found, now, style)), _INDENT)
        if more := len(cause.differences) - len(found):
            yield Padding(Text(f"and {wording.count(more, 'more difference')}", style("dim")), _INDENT)
    if fix := cause.fix:
        yield Text()
        yield Padding(Text("What to do: ", style("title")).append(_cut(fix.text), "not bold"), _INDENT)
        for line in fix.patch.splitlines():
            look = {"+": "new", "-": "old"}.get(line[:1], "dim")
            yield Padding(Text(_cut(line), style(look)), (0, 0, 0, 4))


def _files(found: Iterable[MissEvidence], style: Style) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=style("dim"), show_edge=False)
    table.add_column("File", overflow="fold", ratio=1)
    for title in ("What", "Before", "Now"):
        table.add_column(title, overflow="fold")
    for one in found:
        what = _WORDS.get(one.what, one.what)
        old = Text("" if one.old is None else f"- {_value(one.old)}", style("old"))
        new = Text("" if one.new is None else f"+ {_value(one.new)}", style("new"))
        table.add_row(Text(_cut(one.name)), Text(_cut(what)), old, new)
    return table


def _value(text: str) -> str:
    """Return a file's size and the beginning of its hash; anything else as it is."""
    content = _CONTENT.fullmatch(text)
    if content is None:
        return _cut(text)
    size = wording.size(int(content[2].replace(",", ""))) if content[2] else ""
    return f"{size} {content[1][:8]}".lstrip()


def _lines(cause: MissCause, found: Iterable[MissEvidence], now: Instant, style: Style) -> Iterator[Text]:
    """Yield what differs as a small diff; what it is stands before it, unless that is clear."""
    if cause.kind is CauseKind.EVICTED:  # of all that may have taken it the times are the same
        for one in islice(found, 1):
            yield Text(f"last seen {_moment(one.old, now)}")
            yield Text(f"gone since {_moment(one.new, now)}")
        return
    for one in found:
        label = _label(cause.kind, one)
        if one.old is None and one.new is None:
            yield Text(label)
        for sign, value, look in (("-", one.old, "old"), ("+", one.new, "new")):
            for line in () if value is None else value.split("\n"):
                yield Text(f"{sign} {label}{_cut(line)}", style(look))


def _label(kind: CauseKind, one: MissEvidence) -> str:
    """Return what stands before both values, literal."""
    if kind is CauseKind.ENVIRONMENT and one.name:
        return _cut(f"{one.name}=")
    if kind is CauseKind.PARENT or one.what == "args":
        return ""
    return _cut(" ".join((*filter(None, (one.name, one.what)), "")))


def _moment(text: str | None, now: Instant) -> str:
    try:
        moment = Instant.parse(text or "")
    except ValueError:
        return _cut(text or "at an unknown time")
    return f"{moment.datetime():%Y-%m-%d %H:%M} UTC, {wording.age(moment, now)} ago"


def _cut(text: str) -> str:
    """Return a text as it can be shown."""
    return literal(wording.cut(text, MOST))


def nothing_to_tell(build: Build) -> tuple[str, str, str]:
    """Return a title, a reason and what to do for a build without a cause."""
    if build.status is BuildStatus.RUNNING:
        return "Still building", "Why steps ran is told as soon as it is known.", "esc  back to the build"
    if any(map(is_missed, build.steps)):
        return "Not known", "Nothing tells why its steps ran.", "c  compare with another build"
    if build.cacheable and build.cached == build.cacheable:
        steps = wording.count(build.cacheable, "step")
        return "All was reused", f"{steps} of {steps} came from the cache.", "b  build again"
    return "Nothing to explain", "No step ran that could have been reused.", "esc  back to the build"
