"""`dockcache-tui predict`."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from dockcache_tui.cli.listing import json_option
from dockcache_tui.cli.output import narrate, print_json, print_line, print_table
from dockcache_tui.cli.rebuild import WithRest, what_to_build
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.builds.build import Build, Prediction, Step
from dockcache_tui.core.builds.fields import coming_build
from dockcache_tui.core.builds.names import identity
from dockcache_tui.core.builds.next_build import Given
from dockcache_tui.core.errors import ExitCode

_WORDS = {Prediction.HIT: "is reused", Prediction.MISS: "runs", Prediction.UNKNOWN: "?"}


@click.command(cls=WithRest, options_metavar="[OPTIONS]")
@what_to_build
@json_option("json-builds.md")
@click.pass_obj
def predict(
    extra: tuple[str, ...] | None,
    /,
    path: Path,
    *,
    files: tuple[str, ...],
    as_json: bool,
    **given: Any,
) -> int:
    """Tell which steps a build would reuse now, without building.

    What would be built is what `rebuild` would build with the same options. The builder's own frontend reads the
    Dockerfile, and may ask registries for the images that are built on.
    """
    from dockcache_tui.sources.docker_cli import Docker
    from dockcache_tui.sources.journal import Journal
    from dockcache_tui.sources.predictions import Predictions
    from dockcache_tui.sources.project import find_spec

    docker, journal = Docker(), Journal()
    try:
        named = tuple(filter(None, files)) if files else None
        target = given["target"] or ""
        spec = wait_for("what to build", lambda: find_spec(path, docker, journal, named, target, narrate))
        asked = Given(extra=extra, **given).changing(spec)
        build = wait_for("the builder", lambda: Predictions(docker, journal).predict(asked))
        last = journal.last_durations(asked.project)
    finally:
        journal.close()
    if as_json:
        print_json(coming_build(build, last))
    else:
        _print(build, last)
    return int(ExitCode.OK)


def _print(build: Build, last: Mapping[str, float]) -> None:
    """Print what is predicted of each step, and what those that run took last time."""
    steps = [step for step in build.steps if step.prediction]
    if steps:
        rows = [
            (
                _WORDS[step.prediction or Prediction.UNKNOWN],
                wording.span(last.get(identity(step.name))),
                str(step.line or "–"),
                step.name,
                step.cause.text if step.cause else "",
            )
            for step in steps
        ]
        print_table(("IT", "LAST TOOK", "LINE", "STEP", ""), rows, right=("LAST TOOK", "LINE"))
    for warning in build.warnings:
        print_line(f"Warning: {warning.text}")
    parts = [_part(name, [one for one in steps if one.prediction is name], last) for name in Prediction]
    print_table((f"{wording.count(len(steps), 'step')}: {', '.join(filter(None, parts))}",), ())


def _part(prediction: Prediction, steps: Iterable[Step], last: Mapping[str, float]) -> str:
    """Return how many steps are predicted so, with the time that they took last."""
    of_these = [last.get(identity(step.name)) for step in steps]
    known = [seconds for seconds in of_these if seconds is not None]
    took = f" (took {wording.span(sum(known))} last time)" if known else ""
    names = {Prediction.HIT: "reused", Prediction.MISS: "would run", Prediction.UNKNOWN: "not known"}
    return f"{len(of_these)} {names[prediction]}{took}" if of_these else ""
