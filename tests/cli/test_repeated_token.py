"""Whoever repeats our tokens, none comes onto stdout, stderr or into a file."""

from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from dockcache_tui.cli.main import run
from sources.github_server import TOKEN
from sources.repeating import HOST, WAYS, repeating

PASSWORD = "hunter2-of-the-proxy"
COMMANDS = (
    ["caches"],
    ["caches", "--json"],
    ["caches", "--csv"],
    ["caches", "forecast"],
    ["caches", "restore", "key", "--branch", "main"],
    ["caches", "--org", "octo"],
    ["caches", "delete", "1", "--yes"],
    ["artifacts", "--json"],
    ["artifacts", "download", "log"],
    ["artifacts", "delete", "7", "--yes"],
)


def behind(proxy: tuple[str, Path, list[str]], environment: pytest.MonkeyPatch) -> list[str]:
    """Lead us through a proxy with a password to a repository on a GitHub that has our token; returns what it hears."""
    address, certificate, heard = proxy
    for name in ("NO_PROXY", "no_proxy"):
        environment.delenv(name, raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):
        environment.setenv(name, f"http://me:{PASSWORD}@{address}")
    environment.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    environment.setenv("GITHUB_API_URL", f"https://{HOST}")
    environment.setenv("GITHUB_REPOSITORY", "octo/app")
    environment.setenv("GH_ENTERPRISE_TOKEN", TOKEN)
    return heard


def leaks(text: str) -> list[str]:
    """Return the forms of the tokens that are in a text."""
    pair = f"me:{PASSWORD}"
    forms = {form for secret in (TOKEN, PASSWORD, pair) for form in (secret, quote(secret), *_encoded(secret))}
    return [form for form in forms if form in text]


def _encoded(secret: str) -> tuple[str, ...]:
    return (b64encode(secret.encode()).decode()[:12], b64encode(f"x:{secret}".encode()).decode()[4:16])


@pytest.mark.parametrize("way", WAYS)
def test_a_proxy_that_repeats_what_it_is_sent(
    way: str, tmp_path: Path, rest_alone: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every command that speaks to GitHub fails with words that hold neither our token nor the proxy's password."""
    rest_alone.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with repeating(way, TOKEN, tmp_path) as proxy:
        heard = behind(proxy, rest_alone)
        codes = {" ".join(words): run([*words]) for words in COMMANDS}
    assert set(codes.values()) == {3}, codes
    sent = "\n".join(heard)
    assert b64encode(f"me:{PASSWORD}".encode()).decode() in sent
    assert (TOKEN in sent) is (way not in {"refusal", "certificate"})
    told = capfd.readouterr()
    files = [path for folder in ("data", "state") for path in (tmp_path / folder).rglob("*") if path.is_file()]
    assert not leaks("\n".join((told.out, told.err, *(path.read_text("latin-1") for path in files))))
    assert ("***" in told.err) is (way in {"refusal", "body", "garbage"})
