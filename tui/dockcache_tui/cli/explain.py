"""`dockcache-tui explain`, and how the story of a build is printed."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockcache_tui.cli.listing import json_option
from dockcache_tui.cli.output import narrate, print_document, print_json, print_line
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core.builds.build import Build, Step
from dockcache_tui.core.builds.fields import whole_build
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.builds.why import RootCause, comparison, evidence_lines, headline, root_causes, warning_lines
from dockcache_tui.core.errors import ExitCode, UsageError
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.literal import literal
from dockcache_tui.core.wording import count, cut, span

if TYPE_CHECKING:
    from dockcache_tui.core.explain.traced_build import TracedBuild
    from dockcache_tui.sources.explanations import Explanations

_MAX_SHOWN, _MAX_NAMED, _MAX_INSTRUCTION, _MAX_ERROR = 10, 3, 100, 300


@click.command()
@click.argument("build", default="last", metavar="[BUILD | FILE.dockerbuild]")
@click.option("--against", default="", metavar="BUILD", help="Compare it with this build, not with the nearest one.")
@click.option("--builder", default="", metavar="B", help="Look for the build on this builder, where others' are too.")
@json_option("json-builds.md")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print Markdown, as for a job's summary.")
def explain(build: str, against: str, builder: str, as_json: bool, as_markdown: bool) -> int:
    """Tell why the steps of a build were not reused, and what would help.

    BUILD is the beginning of a ref, or `last`, which is the default. FILE is a build record (.dockerbuild); FILE#REF is
    one of the builds in it. Each is compared with the nearest earlier build of its project. The exit code is 1 when
    something in a file could not be read.
    """
    from dockcache_tui.sources.docker_cli import Docker
    from dockcache_tui.sources.explanations import Explanations
    from dockcache_tui.sources.journal import Journal

    expect_one_form(as_json=as_json, as_markdown=as_markdown)
    journal = Journal()
    try:
        if journal.notice:
            narrate(journal.notice)
        known, faults = Explanations(Docker(), journal, Path.cwd()), list[str]()
        found = wait_for("the build", lambda: _find(build, builder, known, faults))
        others = wait_for("the other build", lambda: _find(against, builder, known, faults)) if against else ()
        told = [wait_for("what changed", partial(_told, one, found, others, known)) for one in found]
    finally:
        journal.close()
    if as_json and len(told) == 1:
        print_json(whole_build(told[0][0]))
    elif as_json:
        print_document((whole_build(one) for one, _ in told), {"count": len(told)})
    else:
        for number, (one, earlier) in enumerate(told):
            if number:
                print_line("")
            if not as_markdown:
                print_line(headline(one, Instant.now()))
            print_story(one, earlier, as_markdown=as_markdown)
    for fault in faults:
        narrate(fault)
    return int(ExitCode.FAILED if faults else ExitCode.OK)


def expect_one_form(*, as_json: bool, as_markdown: bool) -> None:
    """See that at most one form is asked for; raises UsageError."""
    if as_json and as_markdown:
        raise UsageError("--json and --markdown can't be used together")


def _find(name: str, builder: str, known: "Explanations", faults: list[str]) -> tuple["TracedBuild", ...]:
    """Return the builds that a name means; what of a file can't be read is added to `faults`."""
    if name.startswith("run:"):
        hint = "Download the build record of the run with `dockcache-tui artifacts download`, and explain that file."
        raise UsageError("the builds of workflow runs can't be explained yet", hint=hint)
    file, _, ref = name.partition("#")
    if not {".", "/"} & set(file):
        return (known.named(name, builder),)
    from dockcache_tui.sources.archives.local import LocalArchives

    records = LocalArchives().builds(Path(file))
    faults += dict.fromkeys(f"{file}: {fault}" for one in records for fault in one.faults)
    builds = [one.build for one in records if one.build.ref.startswith(ref)]
    if not builds:
        raise UsageError(f"{file} has no build {ref}", hint=f"`dockcache-tui archive builds {file}` shows those in it.")
    return known.recorded(Path(file), builds)


def _told(
    this: "TracedBuild", beside: Sequence["TracedBuild"], others: Sequence["TracedBuild"], known: "Explanations"
) -> tuple[Build, Build | None]:
    """Explain a build by the nearest of `others`, or of all that are known where there are none; return both."""
    from dockcache_tui.core.explain.baseline import nearest

    earlier = (nearest(this, others) or others[0]) if others else known.nearest(this, beside)
    return known.explained(this, earlier), earlier.build if earlier else None


def print_story(build: Build, earlier: Build | None, *, as_markdown: bool) -> None:
    """Print why the steps of a build were not reused, and which build it was compared with."""
    now = Instant.now()
    for line in _markdown(build, earlier, now) if as_markdown else _text(build, earlier, now):
        print_line(line)


def _text(build: Build, earlier: Build | None, now: Instant) -> Iterator[str]:
    yield from _head(build, earlier, now)
    for warning in build.warnings:
        yield from ("", f"Warning: {warning.text}", *(f"    {line}" for line in _cut(warning_lines(warning))))
    for root in root_causes(build):
        yield ""
        yield from _cut([_title(step) for step in root.steps])
        lines = [root.cause.text, *_cut(evidence_lines(root.cause)), *_below(root, str)]
        fix = root.cause.fix
        lines += [f"What helps: {fix.text}", *_patch(fix.patch)] if fix else []
        yield from (f"    {line}" for line in lines)


def _markdown(build: Build, earlier: Build | None, now: Instant) -> Iterator[str]:
    """Yield Markdown in which all that comes from outside is code: it is no link, no mention and no HTML."""
    yield "### Why steps were not reused"
    yield ""
    yield from (f"- {_code(line)}" for line in (headline(build, now), *_head(build, earlier, now)))
    for warning in build.warnings:
        yield from ("", f"**Warning:** {_code(warning.text)}", *_block(_cut(warning_lines(warning)), "text"))
    for root in root_causes(build):
        yield ""
        yield from (f"**{_code(title)}**  " for title in _cut([_title(step) for step in root.steps]))
        yield _code(root.cause.text)
        yield from _block(_cut(evidence_lines(root.cause)), "text")
        yield from (f"- {line}" for line in _below(root, _code))
        if fix := root.cause.fix:
            yield f"- What helps: {_code(fix.text)}"
            yield from _block(_patch(fix.patch), "diff")


def _head(build: Build, earlier: Build | None, now: Instant) -> Iterator[str]:
    if told := comparison(build, earlier, now):
        yield told
    if build.error:
        yield f"It {build.status.value}: {cut(build.error, _MAX_ERROR)}"
    if not any(step.cause for step in build.steps):
        yield "All steps that could be reused were reused." if build.cacheable else "No step could have been reused."


def _title(step: Step) -> str:
    name = parse_name(step.name)
    about = (name.platform, name.stage, f"line {step.line}" if step.line else "", span(step.duration))
    told = ", ".join(one for one in about if one and one != span(None))
    return f"{cut(name.instruction, _MAX_INSTRUCTION)}{told and f' ({told})'}"


def _cut(lines: Sequence[str]) -> Sequence[str]:
    return lines if len(lines) <= _MAX_SHOWN else [*lines[:_MAX_SHOWN], f"and {len(lines) - _MAX_SHOWN:,} more"]


def _below(root: RootCause, shown: Callable[[str], str]) -> Iterator[str]:
    if not root.below:
        return
    names = [shown(cut(parse_name(step.name).instruction, _MAX_INSTRUCTION)) for step in root.below]
    named = ", ".join(names[:_MAX_NAMED]) + (f" and {len(names) - _MAX_NAMED:,} more" if names[_MAX_NAMED:] else "")
    yield f"{count(len(names), 'more step')} ran because of it: {named}."
    if root.seconds:
        yield f"All of this took {span(root.seconds)}."


def _patch(patch: str) -> Sequence[str]:
    return [line.expandtabs() for line in patch.splitlines()]


def _block(lines: Sequence[str], language: str) -> Iterator[str]:
    """Yield lines as a block of code that none of them can end."""
    if lines:
        fence = _fence(*lines, least=3)
        yield from ("", f"{fence}{language}", *lines, fence, "")


def _code(text: str) -> str:
    """Return a text as code in a line of Markdown, whatever it holds."""
    shown, fence = literal(text), _fence(text, least=1)
    return f"{fence} {shown} {fence}" if len(fence) > 1 else f"`{shown or ' '}`"


def _fence(*texts: str, least: int) -> str:
    """Return more backticks than stand together in any of the texts."""
    longest = max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)
