"""What stands between us and GitHub: each fault is told by its cause, and soon."""

import socket
import subprocess
import sys
from pathlib import Path
from threading import Event
from time import monotonic, sleep
from typing import Any

import pytest

from dockcache_tui.sources.github.connection import Adapter, session
from dockcache_tui.sources.github.errors import GitHubError, refusal
from sources.github_server import Reply, api_of, serving
from sources.silent import answering, full, untrusted

PATH = "/repos/octo/app"
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


def error_of(address: str) -> GitHubError:
    """Ask, and return the error, which comes within ten seconds, or what a busy machine makes of them."""
    began = monotonic()
    with pytest.raises(GitHubError) as caught:
        api_of(address, timeout=(4.0, 20.0)).get(PATH)
    assert monotonic() - began < 40
    assert caught.value.hint
    return caught.value


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the machine's own."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_an_untrusted_certificate(tmp_path: Path, no_proxy: None) -> None:  # noqa: ARG001
    """A certificate that nobody signed is told as one, with why, and what to set."""
    with untrusted(tmp_path) as port:
        error = error_of(f"https://127.0.0.1:{port}")
    assert "certificate of 127.0.0.1 can't be trusted: self" in str(error)
    assert "REQUESTS_CA_BUNDLE" in error.hint


def test_a_port_without_tls(no_proxy: None) -> None:  # noqa: ARG001
    """A port that answers without TLS is told as such, not as a certificate."""
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        error = error_of(f"https://127.0.0.1:{port}")
    assert "does not speak proper TLS: " in str(error)
    assert "right address and port" in error.hint


@pytest.mark.parametrize("answer", [None, b""])
def test_a_port_that_says_nothing(answer: bytes | None, no_proxy: None) -> None:  # noqa: ARG001
    """Neither an address that nothing leads to nor a port that never speaks keeps us waiting."""
    with full() if answer is None else answering(answer) as port:
        assert "did not answer in time" in str(error_of(f"https://127.0.0.1:{port}"))


def test_a_name_without_an_address(no_proxy: None) -> None:  # noqa: ARG001
    """A name that the name server does not know is told as such."""
    assert "can't be reached: " in str(error := error_of("https://github.invalid"))
    assert "resolution" in str(error) or "not known" in str(error) or "resolve" in str(error)


HOSTS = ("::1", *(f"127.0.0.{number}" for number in range(2, 9)))


@pytest.fixture
def many_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name of eight addresses of this machine, the last of which is 127.0.0.1 when its name begins with `some`."""
    look_up = socket.getaddrinfo

    def looked_up(host: str, *words: Any) -> list[Any]:
        if not host.endswith("dead.invalid"):
            return look_up(host, *words)
        hosts = (*HOSTS, "127.0.0.1") if host.startswith("some") else HOSTS
        return [found for one in hosts for found in look_up(one, *words)]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)


@pytest.mark.usefixtures("no_proxy", "many_addresses")
def test_a_host_whose_addresses_all_swallow_packets() -> None:
    """All addresses of a name together take no longer than one: each is given a share of the time."""
    with full(*HOSTS) as port:
        assert "did not answer in time" in str(error_of(f"https://dead.invalid:{port}"))


@pytest.mark.usefixtures("no_proxy", "many_addresses")
def test_a_host_of_which_one_address_answers() -> None:
    """The one that answers is found though it comes last."""
    with serving(lambda _: Reply({"id": 1})) as github, session(Adapter()) as asking:
        port = int(github.address.rpartition(":")[2])
        with full(*HOSTS, port=port):
            assert asking.get(f"http://some.dead.invalid:{port}/", timeout=(4.0, 60.0)).json() == {"id": 1}


@pytest.mark.usefixtures("no_proxy")
def test_a_name_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup that hangs is given up like a connection."""
    never = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: never.wait(600))
    try:
        assert "the name server did not answer in time" in str(error_of("https://github.invalid"))
    finally:
        never.set()


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("refusing", "Tunnel connection failed: 407 Proxy Authentication Required"),
        ("http://user:hunter2@127.0.0.1:1", "Connection refused"),
        ("http://user:hunter2@proxy.invalid:3128", ""),
        ("gopher://user:hunter2@127.0.0.1:70", "unsupported scheme"),
    ],
)
def test_a_proxy_that_is_of_no_use(
    proxy: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    no_proxy: None,  # noqa: ARG001
) -> None:
    """The error names the proxy, never its user, with why it can't be used and which variable names it."""
    with answering(REFUSED) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{port}" if proxy == "refusing" else proxy)
        error = error_of("https://github.invalid")
    assert error.title == "The proxy fails"
    assert words in str(error)
    assert "HTTPS_PROXY" in error.hint
    assert "hunter2" not in f"{error}{error.hint}"


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (302, {"Location": "https://portal.invalid/login"}, "sends us to portal.invalid (302)"),
        (403, {"Content-Type": "text/html; charset=utf-8"}, "answers with a web page (403)"),
        (407, {}, "a proxy before github.com asks for a user and password"),
    ],
)
def test_something_in_between_is_not_github(status: int, headers: dict[str, str], words: str) -> None:
    """A sign-in page, a company's filter and a proxy are not taken for GitHub's own refusal."""
    error = refusal("github.com", status, headers, b"<html>Sign in</html>")
    assert words in str(error)
    assert "proxy" in error.hint or "HTTPS_PROXY" in error.hint
    assert "token" not in error.hint


def test_a_repository_that_was_renamed_is_no_stranger() -> None:
    """GitHub's own redirect leads to its API, under another host's name than people use."""
    error = refusal("github.com", 301, {"Location": "https://api.github.com/repositories/1"}, b"{}")
    assert "renamed or moved" in error.hint


@pytest.mark.usefixtures("no_proxy")
def test_a_name_that_no_host_has() -> None:
    """A label that is too long is told, and is no defect."""
    assert "can't be reached: that is not a host's name" in str(error_of(f"https://{'a' * 64}.invalid"))


def test_a_wait_of_a_thread_does_not_outlive_the_process(tmp_path: Path) -> None:
    """A process whose threads wait for an answer that never comes ends as soon as its own work is done."""
    code = (
        "from threading import Event\n"
        "from dockcache_tui.sources.side_by_side import SideBySide\n"
        "began = Event()\n"
        "SideBySide(1, 'x').submit(lambda: (began.set(), Event().wait(600)))\n"
        "began.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) as process:
        until = monotonic() + 120
        while process.poll() is None and monotonic() < until:
            sleep(0.05)
        try:
            assert process.poll() == 0
        finally:
            process.kill()
