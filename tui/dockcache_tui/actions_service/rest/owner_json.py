"""An owner as REST tells one: GitHub's simple user."""

from collections.abc import Mapping

from dockcache_tui.actions_service.repositories import number_of
from dockcache_tui.actions_service.rest.endpoint import node_id

_PATHS = {
    **{name: name for name in ("followers", "received_events", "repos", "subscriptions")},
    "events": "events{/privacy}",
    "following": "following{/other_user}",
    "gists": "gists{/gist_id}",
    "organizations": "orgs",
    "starred": "starred{/owner}{/repo}",
}
"""Where each `*_url` leads, below the owner's own."""


def owner_json(base: str, login: str) -> Mapping[str, object]:
    """Return an owner; `base` ends with a slash. That it is a user and no organisation is a guess."""
    number, url = number_of(login), f"{base}users/{login}"
    return {
        "login": login,
        "id": number,
        "node_id": node_id("User", number),
        "url": url,
        "html_url": f"{base}{login}",
        "avatar_url": f"{base}{login}.png",
        "gravatar_id": None,
        **{f"{name}_url": f"{url}/{path}" for name, path in _PATHS.items()},
        "type": "User",
        "site_admin": False,
    }
