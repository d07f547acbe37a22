"""`caches --org`: how much each repository of an organisation keeps."""

from dockcache_tui.cli.cache_reading import tell_wait
from dockcache_tui.cli.output import narrate, print_csv, print_document, print_table
from dockcache_tui.cli.waiting import wait_for
from dockcache_tui.core import wording
from dockcache_tui.core.actions_cache.fields import REPOSITORY_FIELDS
from dockcache_tui.core.actions_cache.row import usage_row
from dockcache_tui.core.errors import ExitCode
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant


def print_usage(organisation: str, expression: str, *, as_json: bool, as_csv: bool) -> ExitCode:
    """List the repositories that pass a filter, biggest first; raises SourceError, FilterError."""
    from dockcache_tui.sources.github.organisation import read_usage

    passes = parse(expression, REPOSITORY_FIELDS).compile(Instant.now())
    usage = wait_for("GitHub", lambda: read_usage(organisation, on_wait=tell_wait))
    found = [one for one in usage if passes(one)]
    whole = sum(one.size for one in found)
    if as_json:
        print_document(map(usage_row, found), {"count": sum(one.count for one in found), "size_in_bytes": whole})
    elif as_csv:
        print_csv(("repo", "count", "size_in_bytes"), map(usage_row, found))
    else:
        table = [(one.repo, f"{one.count:,}", wording.size(one.size)) for one in found]
        print_table(("REPOSITORY", "CACHES", "SIZE"), table, right=("CACHES", "SIZE"))
        many = wording.count(len(found), "repository", "repositories")
        narrate(f"{many}, {wording.exact_size(whole)}; `caches --repo` lists one's caches.")
    return ExitCode.OK
