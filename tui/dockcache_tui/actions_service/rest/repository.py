"""REST endpoints of a repository: itself, its branches and pull requests."""

from collections.abc import Mapping

from anyio.to_thread import run_sync
from starlette.routing import BaseRoute

from dockcache_tui.actions_service.repositories import NO_COMMIT, Tip, branches, default_branch, git_refs, pulls
from dockcache_tui.actions_service.rest.endpoint import Ask, JsonAnswer, found, route
from dockcache_tui.actions_service.rest.objects import one_pull_json, pull_json, repository_json
from dockcache_tui.actions_service.web import path_number

_REPO = "/repos/{owner}/{repo}"


async def _repository(ask: Ask) -> JsonAnswer:
    permissions = {"admin": False, "push": ask.write, "pull": True}
    return JsonAnswer({**_home(ask, await _refs(ask)), "permissions": permissions})


async def _branches(ask: Ask) -> JsonAnswer:
    found_branches = list(branches(await _refs(ask)).items())
    url = f"{ask.request.base_url}repos/{ask.repo}/commits/"
    listed = [
        {"name": name, "commit": {"sha": tip.sha, "url": url + tip.sha}, "protected": False}
        for name, tip in ask.paged(found_branches)
    ]
    return JsonAnswer(listed, headers=ask.links(len(found_branches)))


async def _pulls(ask: Ask) -> JsonAnswer:
    state = ask.choice("state", "open", "closed", "all")
    refs = await _refs(ask)
    chosen = [pull for pull in pulls(_saved(ask), refs) if state in {"all", "open" if pull.is_open else "closed"}]
    home, base = _home(ask, refs), _base(refs)
    shown = [pull_json(home, base, pull) for pull in ask.paged(chosen)]
    return JsonAnswer(shown, headers=ask.links(len(chosen)))


async def _one_pull(ask: Ask) -> JsonAnswer:
    number, refs = path_number(ask.request, "number"), await _refs(ask)
    pull = found(next((pull for pull in pulls(_saved(ask), refs) if pull.number == number), None))
    return JsonAnswer(one_pull_json(_home(ask, refs), _base(refs), pull))


def _home(ask: Ask, refs: Mapping[str, Tip]) -> Mapping[str, object]:
    return repository_json(str(ask.request.base_url), ask.repo, refs, ask.service.started)


def _base(refs: Mapping[str, Tip]) -> str:
    """Return the commit that pull requests are taken to start from, the default branch's."""
    tip = branches(refs).get(default_branch(refs))
    return tip.sha if tip else NO_COMMIT


def _saved(ask: Ask) -> Mapping[str, Tip]:
    return {ref: Tip(NO_COMMIT, time) for ref, time in ask.service.caches.refs(ask.repo).items()}


async def _refs(ask: Ask) -> Mapping[str, Tip]:
    """Return the refs that exist: git's for the repository served here, else those that caches name."""
    settings = ask.service.settings
    ours = await run_sync(git_refs, settings.checkout) if ask.repo == settings.repo else {}
    return ours or _saved(ask)


ROUTES: tuple[BaseRoute, ...] = (
    route("GET", _REPO, _repository),
    route("GET", _REPO + "/branches", _branches),
    route("GET", _REPO + "/pulls", _pulls),
    route("GET", _REPO + "/pulls/{number:number}", _one_pull),
)
