"""Which remote is a repository on the GitHub that is asked; who is asked is seen by a proxy that all requests go to."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from time import sleep

import pytest

from dockcache_tui.core.errors import UsageError
from dockcache_tui.sources.git import read_checkout
from dockcache_tui.sources.github.place import find_repo
from nobody import git
from sources.github_server import TOKEN

PATH = {"PATH": "/usr/bin:/bin"}
OURS = [
    "https://github.com/octo/app",
    "https://github.com/octo/app.git",
    "https://github.com/octo/app.git/",
    "https://GitHub.com:443/octo/app/",
    "https://me:password@github.com/octo/app.git",
    "https://x-access-token:ghs_1@github.com/octo/app",
    "https://www.github.com/octo/app",
    "http://github.com/octo/app",
    "git://github.com/octo/app.git",
    "git@github.com:octo/app.git",
    "git@github.com:/octo/app.git",
    "github.com:octo/app",
    "ssh://git@github.com/octo/app.git",
    "ssh://git@github.com:22/octo/app.git",
    "ssh://git@ssh.github.com:443/octo/app.git",
    "git+ssh://git@github.com/octo/app",
]
NOT_OURS = [
    "/srv/github.com/octo/app",
    "../octo/app",
    "./octo/app.git",
    "github.com/octo/app",
    "C:/octo/app",
    "file:///srv/octo/app",
    "file://github.com/octo/app",
    "https://gitlab.com/octo/app.git",
    "git@gitlab.com:octo/app.git",
    "git@bitbucket.org:octo/app.git",
    "ssh://git@ghe.example.com/octo/app",
    "git@ghe.example.com:octo/app.git",
    "https://github.com.evil.example/octo/app",
    "https://notgithub.com/octo/app",
    "https://api.github.com/octo/app",
    "https://g\u0456thub.com/octo/app",
    "https://github.com./octo/app",
    "https://github.com@evil.example/octo/app",
    "https://github.com:443@evil.example/octo/app",
    "https://evil.example\\@github.com/octo/app",
    "https://evil.example/@github.com/octo/app",
    "https://a@b@github.com/octo/app",
    "https://github.com%2eevil.example/octo/app",
    "https://github.com:8443/octo/app",
    "https://github.com:99999999/octo/app",
    "git@github.com@evil.example:octo/app",
    "ssh://github.com@evil.example/octo/app",
    "ssh://-oProxyCommand=touch%20sprung/octo/app",
    "-oProxyCommand=touch sprung:octo/app",
    "ssh://[::1]/octo/app",
    "[::1]:octo/app",
    "https://[2001:db8::1]/octo/app",
    "https://github.com/octo/app/tree/main",
    "https://github.com/octo",
    "https://github.com/octo/.git",
    "https://github.com/octo/app?x=1",
    "https://github.com/octo/app#x",
    "https://evil.example/#github.com/octo/app",
    "ext::sh -c touch% sprung github.com/octo/app",
    "https::https://github.com/octo/app",
    "ftp://github.com/octo/app",
]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a repository without a remote."""
    git(tmp_path, "init", "-q")
    return tmp_path


def found(folder: Path, **environment: str) -> str:
    """Return the repository that is found, empty for "Which repository?"."""
    try:
        return find_repo("", folder, PATH | environment)
    except UsageError as error:
        return "" if error.title == "Which repository?" and error.hint else f"{error.title}: {error}"


@pytest.mark.parametrize("url", OURS)
def test_a_remote_on_the_github_that_is_asked(clone: Path, url: str) -> None:
    """However git writes an address on github.com, it is that repository, and the checkout's too."""
    git(clone, "config", "remote.origin.url", url)
    assert found(clone) == "octo/app"
    assert read_checkout(clone, PATH).repo == "octo/app"


@pytest.mark.parametrize("url", NOT_OURS)
def test_a_remote_anywhere_else(clone: Path, url: str) -> None:
    """A path, another host, one that looks alike and what is no address are no repository, and start nothing."""
    git(clone, "config", "remote.origin.url", url)
    assert found(clone) == ""
    assert read_checkout(clone, PATH).repo == ""
    assert not (clone / "sprung").exists()


@pytest.mark.parametrize(
    ("host", "url", "repo"),
    [
        ("ghe.example.com", "git@ghe.example.com:octo/app", "octo/app"),
        ("ghe.example.com", "https://ghe.example.com/octo/app", "octo/app"),
        ("ghe.example.com", "https://github.com/octo/app", ""),
        ("ghe.example.com", "https://ghe.example.com:8443/octo/app", ""),
        ("ghe.example.com:8443", "https://ghe.example.com:8443/octo/app", "octo/app"),
        ("ghe.example.com:8443", "ssh://git@ghe.example.com:22/octo/app", "octo/app"),
        ("ghe.example.com:8443", "https://ghe.example.com/octo/app", ""),
        ("octo.ghe.com", "https://octo.ghe.com/octo/app", "octo/app"),
        ("octo.ghe.com", "https://other.ghe.com/octo/app", ""),
    ],
)
def test_another_github(clone: Path, host: str, url: str, repo: str) -> None:
    """With GH_HOST it is a remote on that host and, on the web, that port; the checkout knows github.com's too."""
    git(clone, "remote", "add", "origin", url)
    assert found(clone, GH_HOST=host) == repo
    assert read_checkout(clone, PATH | {"GH_HOST": host}).repo == (repo or "octo/app" * ("//github.com" in url))


def test_of_several_remotes(clone: Path) -> None:
    """One on the GitHub that is asked wins over `origin` elsewhere, and `origin` over others there."""
    git(clone, "remote", "add", "origin", "git@gitlab.example.com:me/mirror.git")
    git(clone, "remote", "add", "fork", "https://github.com/me/fork")
    assert found(clone) == "me/fork"
    git(clone, "remote", "set-url", "origin", "https://github.com/octo/app")
    assert found(clone) == "octo/app"


def test_what_git_rewrites(clone: Path) -> None:
    """An address is what insteadOf makes of it: onto GitHub, and away from it."""
    git(clone, "config", "url.git@github.com:.insteadOf", "gh:")
    git(clone, "remote", "add", "origin", "gh:octo/app")
    assert found(clone) == "octo/app"
    git(clone, "config", "url.https://mirror.example/.insteadOf", "https://github.com/")
    git(clone, "remote", "set-url", "origin", "https://github.com/octo/app")
    assert found(clone) == ""


def test_an_alias_of_ssh(clone: Path) -> None:
    """A host of ssh's configuration counts as what it stands for, with the user's ssh only, and never as an option."""
    (clone / "config").write_text(
        "Host work\n  HostName github.com\nHost by-443\n  HostName ssh.github.com\nHost lab\n  HostName git.example\n"
        "Match user octocat\n  HostName github.com\nHost inner\n  HostName ghe.example.com\n"
    )
    ssh = clone / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\necho "$@" >> {clone}/asked\nexec {shutil.which("ssh")} -F {clone}/config "$@"\n')
    ssh.chmod(0o755)

    def of(url: str, **environment: str) -> str:
        git(clone, "config", "remote.origin.url", url)
        return found(clone, **{"PATH": f"{ssh.parent}:/usr/bin:/bin"} | environment)

    assert of("git@work:octo/app.git") == "octo/app"
    assert of("ssh://git@by-443:443/octo/app") == "octo/app"
    assert of("octocat@anywhere:octo/app") == "octo/app"
    assert of("git@lab:octo/app") == ""
    assert of("git@inner:octo/app") == ""
    assert of("git@inner:octo/app", GH_HOST="ghe.example.com:8443") == "octo/app"
    (clone / "asked").unlink()
    for url in (
        "https://work/octo/app",
        "-work:octo/app",
        "-Fx@work:octo/app",
        "ssh://-work/octo/app",
        "/work:octo/app",
    ):
        assert of(url) == ""
    assert not (clone / "asked").exists()
    (ssh.parent / "git").symlink_to("/usr/bin/git")
    ssh.unlink()
    assert of("git@work:octo/app.git", PATH=str(ssh.parent)) == ""


def test_a_service_of_this_machine_has_no_remotes(clone: Path) -> None:
    """With an API on this machine only a name counts, whatever GITHUB_SERVER_URL says."""
    git(clone, "remote", "add", "origin", "https://github.com/octo/app")
    local = {"GITHUB_API_URL": "http://127.0.0.1:1"}
    assert found(clone, **local) == ""
    assert found(clone, **local, GITHUB_SERVER_URL="https://github.com") == ""
    assert found(clone, **local, GITHUB_REPOSITORY="local/one") == "local/one"
    assert find_repo("asked/for", clone, PATH | local) == "asked/for"
    assert read_checkout(clone, PATH | local).repo == "octo/app"


@contextmanager
def recording_proxy() -> Iterator[tuple[str, list[str]]]:
    """Serve as a proxy that lets nobody through; give its address, and all that it is asked for and told."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            seen.append(self.path)
            seen.extend(self.headers.values())
            self.send_error(403)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked_hosts(folder: Path, *words: str, **environment: str) -> tuple[int | None, set[str], str]:
    """Run `caches` until it ends or asks somebody; return its exit code, None if it asked, who is asked, and stderr."""
    command = (sys.executable, "-c", "from dockcache_tui.cli.main import main; main()", "caches", *words)
    with recording_proxy() as (proxy, seen):
        tokens = {"HOME": str(folder), "GH_TOKEN": TOKEN, "HTTPS_PROXY": proxy}
        with subprocess.Popen(
            command, cwd=folder, env={**tokens, **PATH, **environment}, stderr=subprocess.PIPE, text=True
        ) as process:
            while process.poll() is None and not seen:
                sleep(0.02)
            code = process.poll()
            process.kill()
            told = process.stderr.read() if process.stderr else ""
    assert TOKEN not in "".join(seen) + told
    return code, {one for one in seen if one.endswith(":443")}, told


def test_nobody_is_asked_for_a_repository_that_is_none(clone: Path) -> None:
    """A remote elsewhere is "Which repository?" with a hint, exit code 2, and no request at all; GitHub's is asked."""
    for url in ("git@gitlab.com:octo/app", "/srv/octo/app", "git@ghe.example.com:octo/app"):
        git(clone, "config", "remote.origin.url", url)
        code, asked, told = asked_hosts(clone)
        assert (code, asked) == (2, set())
        assert "Which repository?" in told
        assert "--repo" in told
    git(clone, "config", "remote.origin.url", "git@github.com:octo/app")
    assert asked_hosts(clone)[1] == {"api.github.com:443"}


def test_github_enterprise_is_asked_with_a_token_of_its_own(clone: Path) -> None:
    """A host that gh is signed in to is asked without a word, one that GH_HOST names with a token; without one not."""
    git(clone, "config", "remote.origin.url", "git@ghe.example.com:octo/app")
    code, asked, told = asked_hosts(clone, GH_HOST="ghe.example.com")
    assert (code, asked) == (3, set())
    assert "GH_ENTERPRISE_TOKEN" in told
    code, asked, _ = asked_hosts(clone, "--repo", "ghe.example.com/octo/app")
    assert (code, asked) == (3, set())
    code, asked, _ = asked_hosts(clone, GH_ENTERPRISE_TOKEN="own")
    assert (code, asked) == (2, set())
    assert asked_hosts(clone, GH_HOST="ghe.example.com", GH_ENTERPRISE_TOKEN="own")[1] == {"ghe.example.com:443"}
    gh = clone / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text('#!/bin/sh\n[ "$4" = ghe.example.com ] && echo "own$GH_TOKEN$GH_ENTERPRISE_TOKEN"\n')
    gh.chmod(0o755)
    signed_in = {"PATH": f"{gh.parent}:/usr/bin:/bin"}
    assert asked_hosts(clone, **signed_in)[1] == {"ghe.example.com:443"}
    git(clone, "config", "remote.origin.url", "git@gitlab.example.com:octo/app")
    code, asked, _ = asked_hosts(clone, **signed_in, GH_ENTERPRISE_TOKEN="own")
    assert (code, asked) == (2, set())
