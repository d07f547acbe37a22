"""What GitHub's runner tells a job, for a job on this machine."""

from collections.abc import Mapping, Sequence

from dockcache_tui.actions_service.access import READ, WRITE, Grant, Signer
from dockcache_tui.actions_service.home import Home
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope


def variables(
    home: Home, scopes: Sequence[BranchScope], revision: str, *, read_only: bool, repo: str = ""
) -> Mapping[str, str]:
    """Return the environment of a new run at a git revision (or none); `scopes` are what it may restore, its own first.

    `repo` is another repository than the one served. Raises SourceError when no service runs on this folder.
    """
    running = home.running()
    signer = Signer(home.secret())
    own = READ if read_only else READ | WRITE
    run = Instant.now().ns // 10**6
    permissions = ((scope.ref, own if number == 0 else READ) for number, scope in enumerate(scopes))
    repo = repo or running.repo
    grant = Grant(repo, tuple(permissions), run, str(run), revision)
    return {
        "ACTIONS_RESULTS_URL": f"{running.address}/",
        "ACTIONS_CACHE_URL": f"{running.address}/",
        "ACTIONS_RUNTIME_TOKEN": signer.runtime_token(grant),
        "ACTIONS_CACHE_SERVICE_V2": "true",
        "GITHUB_API_URL": running.address,
        "GITHUB_REPOSITORY": repo,
        "GITHUB_REF": scopes[0].ref,
        "GITHUB_TOKEN": signer.rest_token(write=not read_only),
    }
