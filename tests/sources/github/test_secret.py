"""A secret shows itself to nobody but who asks it to."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import pytest
from requests import PreparedRequest
from requests.structures import CaseInsensitiveDict

from dockcache_tui.sources.github.errors import GitHubError
from dockcache_tui.sources.github.tokens import OwnHost, origin
from dockcache_tui.sources.secret import Secret, bearer

TEXT = "ghp_T0psecret"


@pytest.mark.parametrize("shown", [repr, str, ascii, format, "{:>9}".format, "{!r}".format, "a %s b".__mod__])
def test_nothing_that_prints_shows_it(shown: Callable[[Secret], str]) -> None:
    """No way of making text of a secret, or of what holds one, has it."""
    assert TEXT not in shown(Secret(TEXT))
    assert TEXT not in repr([Secret(TEXT)])


def test_it_is_not_written_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    """Pickling, copying into bytes and JSON refuse it, and a log masks it."""
    secret = Secret(TEXT)
    for refuses in (pickle.dumps, json.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            refuses(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret.reveal())
    logging.getLogger("test").warning("token %s %r", secret, secret)
    assert TEXT not in caplog.text


def test_local_variables_of_a_traceback_do_not_show_it() -> None:
    """Tools that print the variables of every frame print a mask, also for the header's value."""
    secret = Secret(TEXT)
    header = {"Authorization": bearer(secret)}
    revealed = secret.reveal()
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 / (len(header) + bool(revealed) - 2)
    told = traceback.TracebackException(caught.type, caught.value, caught.tb, capture_locals=True)
    assert TEXT not in "".join(told.format())


def test_its_text_is_what_is_sent() -> None:
    """The header has the token, and secrets compare by it."""
    assert bearer(Secret(TEXT)).encode("ascii") == b"Bearer ghp_T0psecret"
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != TEXT
    assert len({Secret(TEXT), Secret(TEXT), Secret("other")}) == 2


@pytest.mark.parametrize(
    "url",
    ["https://api.github.com.evil.example/x", "http://api.github.com/x", "https://api.github.com:444/x", "https://["],
)
def test_it_is_put_on_requests_to_its_own_origin_only(url: str) -> None:
    """Another host, port or scheme is refused, whoever asks; its own, however it is written, gets it."""
    auth = OwnHost(origin("https://api.github.com"), Secret(TEXT))
    request = PreparedRequest()
    request.url, request.headers = url, CaseInsensitiveDict()
    with pytest.raises(GitHubError):
        auth(request)
    assert not request.headers
    request.url = "https://API.github.com:443/y"
    assert auth(request).headers["Authorization"] == f"Bearer {TEXT}"
