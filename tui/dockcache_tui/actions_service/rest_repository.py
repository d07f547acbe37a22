"""REST endpoints of a repository: itself, its branches and pull requests; as little of each as a cache client reads."""

from collections.abc import Mapping

from anyio.to_thread import run_sync
from starlette.routing import BaseRoute

from dockcache_tui.actions_service.repositories import NO_COMMIT, branches, default_branch, git_refs, number_of, pulls
from dockcache_tui.actions_service.rest import Answer, Ask, found, route
from dockcache_tui.actions_service.web import path_number

_REPO = "/repos/{owner}/{repo}"


async def _repository(ask: Ask) -> Answer:
    owner, _, name = ask.repo.partition("/")
    return Answer(
        {
            "id": number_of(ask.repo),
            "name": name,
            "full_name": ask.repo,
            "owner": {"login": owner},
            "private": True,
            "default_branch": default_branch(await _refs(ask)),
            "permissions": {"admin": False, "push": ask.write, "pull": True},
        }
    )


async def _branches(ask: Ask) -> Answer:
    per_page, page = ask.page()
    found_branches = list(branches(await _refs(ask)).items())
    shown = found_branches[(page - 1) * per_page : page * per_page]
    url = f"{ask.request.base_url}repos/{ask.repo}/commits/"
    listed = [{"name": name, "commit": {"sha": sha, "url": url + sha}, "protected": False} for name, sha in shown]
    return Answer(listed, headers=ask.links(len(found_branches)))


async def _pulls(ask: Ask) -> Answer:
    per_page, page = ask.page()
    state = ask.choice("state", "open", "closed", "all")
    refs = await _refs(ask)
    listed = [_pull(number, refs, is_open=alive) for number, alive in _numbered(ask, refs).items()]
    chosen = [pull for pull in listed if state in {"all", pull["state"]}]
    return Answer(chosen[(page - 1) * per_page : page * per_page], headers=ask.links(len(chosen)))


async def _one_pull(ask: Ask) -> Answer:
    number, refs = path_number(ask.request, "number"), await _refs(ask)
    alive = found(_numbered(ask, refs).get(number))
    return Answer({**_pull(number, refs, is_open=alive), "merged": False})


def _numbered(ask: Ask, refs: Mapping[str, str]) -> Mapping[int, bool]:
    return pulls(ask.service.caches.refs(ask.repo), refs)


def _pull(number: int, refs: Mapping[str, str], *, is_open: bool) -> Mapping[str, object]:
    """Return a pull request; that it was closed shows in its ref being gone, when and how is not known."""
    return {
        "number": number,
        "state": "open" if is_open else "closed",
        "merged_at": None,
        "closed_at": None,
        "head": {"ref": f"pull/{number}/head"},
        "base": {"ref": default_branch(refs)},
    }


async def _refs(ask: Ask) -> Mapping[str, str]:
    """Return the refs that exist: git's for the repository served here, else those that caches name."""
    settings = ask.service.settings
    ours = await run_sync(git_refs, settings.checkout) if ask.repo == settings.repo else {}
    return ours or dict.fromkeys(ask.service.caches.refs(ask.repo), NO_COMMIT)


ROUTES: tuple[BaseRoute, ...] = (
    route("GET", _REPO, _repository),
    route("GET", _REPO + "/branches", _branches),
    route("GET", _REPO + "/pulls", _pulls),
    route("GET", _REPO + "/pulls/{number:int}", _one_pull),
)
