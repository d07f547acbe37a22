"""Each fault of GitHub, or of what is in between: a clear error, and the token nowhere."""

import logging
import socket
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from dockcache_tui.core.errors import ExitCode, SourceError
from dockcache_tui.sources.github.answers import UsageAnswer
from dockcache_tui.sources.github.errors import GitHubError
from sources.github_server import TOKEN, Asked, Reply, api_of, serving

PATH = "/repos/octo/app/actions/cache/usage"


def error_of(reply: Reply, log: pytest.LogCaptureFixture) -> SourceError:
    """Ask a server that answers so, and return the error; nothing of it, its traceback or the logs has the token."""
    log.set_level(logging.DEBUG)
    with serving(lambda _: reply) as github:
        api = api_of(github.address, timeout=(10.0, 1.0 if reply.delay else 20.0))
        with pytest.raises(SourceError) as caught:
            api.decoded(api.get(PATH), UsageAnswer)
        # The test's own frame holds the token.
        below = caught.tb.tb_next
        told = "".join(traceback.TracebackException(caught.type, caught.value, below, capture_locals=True).format())
        assert TOKEN not in told + log.text + repr(api.log.entries()) + repr(vars(caught.value))
        assert {one.headers["authorization"] for one in github.asked} == {f"Bearer {TOKEN}"}
        api.close()
    assert caught.value.exit_code is ExitCode.UNREACHABLE
    assert caught.value.hint or caught.value.title
    return caught.value


@pytest.mark.parametrize(
    ("status", "headers", "words", "hint"),
    [
        (401, {}, "does not know this token: No, \\u202e", "gh auth login"),
        (
            403,
            {"x-accepted-github-permissions": "actions=write"},
            "does not allow that: No",
            "It needs: actions=write.",
        ),
        (403, {}, "does not allow that: No", "more rights"),
        (404, {}, "has nothing there: No", "private repository"),
        (410, {}, "does not allow that (410): No", ""),
        (422, {}, "does not allow that (422): No", ""),
        (500, {}, "failed (500): No", "again"),
        (503, {}, "failed (503): No", "again"),
    ],
)
def test_refusals(
    status: int, headers: Mapping[str, str], words: str, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal says what it is in our words and GitHub's, literally, and what to do."""
    error = error_of(Reply({"message": "No, \u202e"}, status, headers), caplog)
    assert words in str(error)
    assert "\u202e" not in str(error)
    assert hint in error.hint
    assert isinstance(error, GitHubError)
    assert error.status == status


@pytest.mark.parametrize(
    "body", [b"<html>sign in</html>", b"", b"[]", b'"x', b'{"active_caches_count": "many"}', b"\xff"]
)
def test_what_is_not_githubs_json(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A page of a proxy, nothing, another form or other types are told as such."""
    error = error_of(Reply(body, headers={"content-type": "text/html"}), caplog)
    assert "is not what GitHub answers" in str(error)
    assert "text/html" in error.hint


def test_an_answer_that_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    """A body shorter than announced is no answer, even where what arrived reads well."""
    error = error_of(Reply(b'{"active_caches_count": 1}     ', cut=5), caplog)
    assert "cut off" in str(error)


def test_an_answer_that_never_comes(caplog: pytest.LogCaptureFixture) -> None:
    """A server that hangs is given up."""
    assert "did not answer in time" in str(error_of(Reply({}, delay=60), caplog))


def test_an_answer_without_end(caplog: pytest.LogCaptureFixture) -> None:
    """A body longer than any of GitHub's is not read to its end."""
    assert "too long to be GitHub" in str(error_of(Reply(b" " * (33 * 1024 * 1024)), caplog))


def test_nobody_there() -> None:
    """A port where nobody listens can't be reached."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        api = api_of(f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(GitHubError, match="can't be reached"):
            api.get(PATH)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is asked at the place a redirect names, with or without the token."""
    with serving(lambda _: Reply({"active_caches_count": 1})) as other:
        error = error_of(Reply({}, status, {"location": f"{other.address}/x"}), caplog)
        assert other.asked == []
    assert "redirects to another address" in str(error)
    assert "--repo" in error.hint


def test_a_link_to_another_host_is_not_followed() -> None:
    """A next page on another host or port is an error before anything is sent there."""
    with serving(lambda _: Reply({})) as other:

        def answer(_: Asked) -> Reply:
            return Reply({}, headers={"link": f'<{other.address}/page2?page=2>; rel="next"'})

        with serving(answer) as github:
            api = api_of(github.address)
            with pytest.raises(GitHubError, match="points to another host"):
                api.get(api.get(PATH).next or "")
        assert other.asked == []


@pytest.mark.parametrize(
    "link", ["not a link", "<>; rel=next", '<http://[>; rel="next"', "<;>,,,;", '<http://h:x/>; rel="next"']
)
def test_a_damaged_link(link: str) -> None:
    """What is no Link header leads nowhere, and raises nothing but our own error."""
    with serving(lambda _: Reply({}, headers={"link": link})) as github:
        api = api_of(github.address)
        following = api.get(PATH).next
        if following:
            with pytest.raises(GitHubError):
                api.get(following)


def test_a_moment_of_weakness_is_not_told() -> None:
    """A 502 that passes is asked again at once."""
    replies = [Reply({}, 502), Reply({"active_caches_count": 3})]
    with serving(lambda _: replies.pop(0)) as github:
        api = api_of(github.address)
        assert api.decoded(api.get(PATH), UsageAnswer).active_caches_count == 3
    assert len(github.asked) == 2


def test_no_proxy_stands_between_us_and_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment, which could read plain http, is not told the token that is for a local service."""
    with serving(lambda _: Reply({})) as proxy, serving(lambda _: Reply({"active_caches_count": 3})) as service:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        api = api_of(service.address)
        assert api.decoded(api.get(PATH), UsageAnswer).active_caches_count == 3
        assert proxy.asked == []


def test_without_a_token_none_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A netrc file with a password for the host is left alone."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with serving(lambda _: Reply({})) as github:
        api_of(github.address, None).get(PATH)
    (asked,) = github.asked
    assert "authorization" not in asked.headers
    assert asked.headers["user-agent"].startswith("dockcache-tui/")
