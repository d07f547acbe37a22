"""`dockcache-tui archive builds`."""

from dataclasses import replace
from pathlib import Path

import click

from dockcache_tui.cli.build_rows import print_report
from dockcache_tui.cli.output import narrate, print_document, print_line
from dockcache_tui.core.builds.build import Build
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.images.build_record import BuildRecord
from dockcache_tui.core.images.record_row import record_row


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--logs", is_flag=True, help="What each step said, too.")
@click.option("--dockerfile", is_flag=True, help="Print the Dockerfiles they were built from instead.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document (docs/archives.md).")
def builds(file: Path, logs: bool, dockerfile: bool, as_json: bool) -> int:
    """Show the builds in a build record (.dockerbuild): steps, what was reused, what was said.

    With a fault in it the exit code is 1.
    """
    from dockcache_tui.sources.archives.local import LocalArchives
    from dockcache_tui.sources.branches import RevisionBranches

    branches = RevisionBranches(Path.cwd())
    found = [replace(one, build=branches.placed(one.build)) for one in LocalArchives().builds(file)]
    faults = list(dict.fromkeys(fault for one in found for fault in one.faults))
    if as_json:
        print_document((record_row(one, logs=logs) for one in found), {"count": len(found), "faults": len(faults)})
    elif dockerfile:
        for source in dict.fromkeys(source for one in found for source in one.files):
            for line in source.text.splitlines():
                print_line(line)
    else:
        for number, one in enumerate(found):
            if number:
                print_line("")
            _print_build(one.build)
            if logs:
                _print_logs(one)
    for fault in faults:
        narrate(f"{file}: {fault}")
    return int(ExitCode.FAILED if faults else ExitCode.OK)


def _print_build(build: Build) -> None:
    words = (build.ref, build.branch.short if build.branch else "", build.revision[:12], build.folder)
    print_line("  ".join(filter(None, words)))
    print_report(build)


def _print_logs(record: BuildRecord) -> None:
    for step in record.build.steps:
        log = record.log(step.digest)
        if log.lines:
            print_line("")
            print_line(step.name)
            if log.dropped:
                print_line(f"  … {log.dropped:,} lines before")
            for line in log.lines:
                print_line(f"  {line}")
