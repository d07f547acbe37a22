"""Who repeats a token that we sent has it masked, however it is written."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from dockcache_tui.cli.main import run
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.crash_log import write_crash
from dockcache_tui.sources.github.errors import GitHubError, failure
from dockcache_tui.sources.rawjson import parse_line
from dockcache_tui.sources.secret import Secret, masked
from sources.github_server import TOKEN, Asked, Reply, api_of, cache_json, page_of, serving

ODD = "ghs_Can+ary/To~ken=%value"
WAYS: list[Callable[[str], str]] = [
    str,
    lambda token: f"authorization: Bearer {token}\r\nhost: x",
    lambda token: quote(token, safe=""),
    lambda token: re.sub("%..", lambda one: one[0].lower(), quote(token, safe="")),
    lambda token: "".join(f"%{ord(one):02x}" for one in token),
    lambda token: b64encode(token.encode()).decode(),
    lambda token: b64encode(f"x:{token}".encode()).decode(),
    lambda token: b64encode(f"me:{token}".encode()).decode(),
    lambda token: urlsafe_b64encode(f"x-access-token:{token}".encode()).decode(),
    lambda token: token[:16],
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("token", [TOKEN, ODD])
def test_each_way_to_write_a_token(token: str, way: Callable[[str], str]) -> None:
    """Plain, URL-encoded, in base64 with any user before it, or cut off: nothing of it is left, and the rest stays."""
    Secret(token)
    told = masked(f"before <{way(token)}> after")
    assert told.startswith("before <")
    assert told.endswith("> after")
    assert "***" in told
    assert token[:8] not in told


def test_signed_tokens_are_told_apart() -> None:
    """All JWTs begin alike: ours is masked, and another, as in a signed address, is not."""
    head = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
    ours, other = f"{head}.eyJzdWIiOiJvdXJzIn0.c2lnbmVkIQ", f"{head}.eyJzdWIiOiJvdGhlciJ9.c2lnbmVkIT"
    Secret(ours)
    assert masked(f"Bearer {ours}; {WAYS[3](ours)}; {WAYS[4](ours)}") == "Bearer ***; ***; ***"
    assert masked(f"sig={other}") == f"sig={other}"


def test_a_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a variable holds is masked though nobody used it yet; a text too short to be a token is not."""
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", "rt_0123456789abcdef")
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "of")
    assert masked("a list of rt_0123456789abcdef.") == "a list of ***"


def echo(asked: Asked) -> Reply:
    """Repeat what was asked in body and headers of a refusal."""
    sent = "; ".join(f"{name}: {value}" for name, value in asked.headers.items())
    basic = b64encode(f"x:{TOKEN}".encode()).decode()
    words = f"proxy refuses {sent} {quote(TOKEN)} Basic {basic}"
    return Reply({"message": words}, 403, {"x-accepted-github-permissions": sent, "location": sent, "link": sent})


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A token, a repository, and folders of the test's own."""
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_REPOSITORY", "octo/app")
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def clean(text: str) -> bool:
    """Tell whether no form of the token is in a text."""
    forms = (TOKEN[:12], b64encode(f"x:{TOKEN}".encode()).decode()[4:20], b64encode(TOKEN.encode()).decode()[:12])
    return not any(form in text for form in forms)


@pytest.mark.parametrize(
    "words", [["caches", "--json"], ["caches"], ["artifacts"], ["caches", "delete", "1", "--yes", "--json"]]
)
def test_a_server_that_repeats_headers(
    words: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal that repeats the request in words and headers is told without the token."""
    with serving(echo) as github:
        monkeypatch.setenv("GITHUB_API_URL", github.address)
        assert run(words) == 3
        assert any(TOKEN in one.headers.get("authorization", "") for one in github.asked)
    told = capfd.readouterr()
    assert "proxy refuses" in told.err
    assert "***" in told.err
    assert clean(told.err + told.out)


def test_rows_and_audit_that_repeat_it(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key that holds the token is masked in the document and in the audit log, as is the refusal of a delete."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "DELETE":
            return echo(asked)
        if asked.path.endswith("/caches"):
            return page_of(asked, "", [cache_json(1, key=f"key-{TOKEN}")])
        return Reply({} if asked.path.endswith("/app") else [])

    with serving(answer) as github:
        monkeypatch.setenv("GITHUB_API_URL", github.address)
        for words in (["caches", "--json"], ["caches", "--csv"], ["caches"]):
            assert run(words) == 0
        run(["caches", "delete", "1", "--yes", "--json"])
    told = capfd.readouterr()
    audit = (tmp_path / "data" / "audit.jsonl").read_text()
    assert "key-***" in told.out
    assert "key-***" in audit
    assert "proxy refuses" in audit + told.out + told.err
    assert clean(told.out + told.err + audit)
    assert all(json.loads(line) for line in audit.splitlines())


def test_a_redirect_that_repeats_it() -> None:
    """A place that holds the token is not handed on, and neither is the refusal's chain of errors."""
    with serving(lambda asked: Reply({}, 302, {"location": f"/x?{asked.headers['authorization']}"})) as github:
        assert clean(api_of(github.address).location("/zip"))
    assert clean(str(GitHubError(f"odd {TOKEN}", hint=f"see {TOKEN}")) + GitHubError("", hint=TOKEN).hint)


@pytest.mark.parametrize("before", [0, 290, 295])
def test_words_that_are_cut_within_it(before: int) -> None:
    """Nothing of it is left where an error's words are cut in its midst."""
    problem = failure("github.com", requests.ConnectionError("x" * before + TOKEN))
    assert TOKEN[:4] not in str(problem)


def test_logs_that_repeat_it() -> None:
    """The command log, a build's output and errors, and a crash log hold none."""
    log = CommandLog()
    log.start(("GET", f"https://x/?q={quote(TOKEN)}", f"--header=Basic {b64encode(f'x:{TOKEN}'.encode()).decode()}"))
    assert clean(str(log.entries()[0]))
    data = b64encode(f"curl: {TOKEN} refused".encode()).decode()
    line = {"vertexes": [{"digest": "d", "error": TOKEN}], "logs": [{"vertex": "d", "data": data}]}
    progress = parse_line(json.dumps(line).encode())
    assert progress.logs[0].data == b"curl: *** refused"
    assert progress.vertexes[0].error == "***"
    assert parse_line(f"error: {TOKEN}".encode()).noise == "error: ***"
    path = write_crash(KeyError(TOKEN))
    assert path
    assert "KeyError" in path.read_text()
    assert clean(path.read_text())
