"""`caches --org`: how much each repository of an organisation keeps."""

import re

from dockcache_tui.cli.cache_reading import tell_wait
from dockcache_tui.cli.output import Row, narrate, print_csv, print_document, print_table
from dockcache_tui.core import wording
from dockcache_tui.core.errors import ExitCode, UsageError


def print_usage(organisation: str, *, as_json: bool, as_csv: bool) -> ExitCode:
    """List the repositories, biggest first; raises SourceError."""
    from dockcache_tui.sources.github.source import connect_api, organisation_usage

    if not re.fullmatch(r"[\w.-]{1,100}", organisation, re.ASCII) or organisation in {".", ".."}:
        raise UsageError(f"{organisation!r} is no organisation")
    api = connect_api(on_wait=tell_wait)
    try:
        found = organisation_usage(api, organisation)
    finally:
        api.close()
    rows: list[Row] = [{"repo": one.repo, "count": one.count, "size_in_bytes": one.size} for one in found]
    whole = sum(one.size for one in found)
    if as_json:
        print_document(rows, {"count": sum(one.count for one in found), "size_in_bytes": whole})
    elif as_csv:
        print_csv(("repo", "count", "size_in_bytes"), rows)
    else:
        table = [(one.repo, f"{one.count:,}", wording.size(one.size)) for one in found]
        print_table(("REPOSITORY", "CACHES", "SIZE"), table, right=("CACHES", "SIZE"))
        narrate(f"{len(found)} repositories, {wording.exact_size(whole)}; `caches --repo` lists one's caches.")
    return ExitCode.OK
