"""Requests to one GitHub: with the token to its own host only, revalidated, patient, logged, and with clear errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from requests.utils import parse_header_links, select_proxy
from urllib3.util.retry import Retry

from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.ending import Ended, check, cut_by, is_cut
from dockcache_tui.sources.github.connection import Adapter, Bodies, session
from dockcache_tui.sources.github.errors import GitHubError, failure, refusal
from dockcache_tui.sources.github.gate import Gate, asked_wait
from dockcache_tui.sources.github.place import GitHubPlace, checked, is_here
from dockcache_tui.sources.github.tokens import NoToken, OwnHost, origin
from dockcache_tui.sources.secret import Secret, masked, masked_bytes

T = TypeVar("T")
CONCURRENT = 8
"""Requests of one listing at a time; GitHub allows a hundred of everything."""
_TIMEOUT = (4.0, 20.0)
"""Seconds to connect, tried twice, and to read: within ten it shows whether somebody is there."""
_ATTEMPTS = 4
_REDIRECTS = {302, 303, 307}
FAILED = 599
"""What the request log tells of one without an answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of success, read to its end; `headers` ignore case."""

    headers: Mapping[str, str]
    body: bytes
    next: str | None
    last: str | None


class Api:
    """A session with one GitHub; any thread may use it."""

    def __init__(
        self,
        place: GitHubPlace,
        token: Secret | None,
        gate: Gate,
        log: CommandLog,
        timeout: tuple[float, float] = _TIMEOUT,
    ) -> None:
        """Prepare, without a request; `timeout` is to connect and to read, in seconds."""
        self.place, self.gate, self.log = place, gate, log
        self.has_token = token is not None
        self.refused = ""
        """Why GitHub refused to delete; of a fine-grained token's rights nothing else tells."""
        self._origin = origin(checked(place.api, "the API's address").geturl())
        self._auth = OwnHost(self._origin, token) if token else NoToken()
        self._timeout = timeout
        self._bodies = Bodies()
        retries = Retry(
            connect=1, read=False, other=0, status=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504),
            allowed_methods={"GET"}, raise_on_status=False, respect_retry_after_header=False, redirect=False,
        )  # fmt: skip
        self._session = session(Adapter(pool_maxsize=2 * CONCURRENT, max_retries=retries))
        self._session.headers.update(
            {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": f"dockcache-tui/{version('dockcache-tui')}",
                # Revalidate always: GitHub lets answers be reused for a minute, in which entries come and go.
                "Cache-Control": "no-cache",
            }
        )

    def get(self, path: str, **params: str | int) -> Answer:
        """Read a path below the API's base, or a whole URL of a Link header; raises GitHubError."""
        url = path if "://" in path else self.place.api + path
        return self._request("GET", url, params)

    def location(self, path: str) -> str:
        """Return where a path that is a redirect leads, without going there; raises GitHubError."""
        answer = self._request("GET", self.place.api + path, {}, redirected=True)
        location = answer.headers.get("Location")
        if not location:
            raise GitHubError(f"{self.place.host} does not say where that is")
        return location

    def delete(self, path: str) -> None:
        """Delete what a path names; raises GitHubError."""
        self._request("DELETE", self.place.api + path, {})

    def decoded(self, answer: Answer, type_: type[T]) -> T:
        """Decode an answer's JSON; raises GitHubError for anything else."""
        try:
            return msgspec.json.decode(answer.body, type=type_)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            kind = answer.headers.get("Content-Type", "nothing said")
            raise GitHubError(
                f"the answer of {self.place.host} is not what GitHub answers: {error}",
                hint=f"Its content type is {kind[:80]!r}. Is a proxy or a sign-in page in between?",
            ) from error

    def close(self) -> None:
        """Wake whoever waits, and let go of connections."""
        self.gate.close()
        self._session.close()

    def _request(self, method: str, url: str, params: Mapping[str, str | int], *, redirected: bool = False) -> Answer:
        if origin(url) != self._origin:
            raise GitHubError(f"an answer of {self.place.host} points to another host, which is not asked")
        if not (self.has_token or self.place.is_public or self.place.is_here):
            raise GitHubError(
                f"there is no token for {self.place.host}, which gets only a token of its own",
                hint=f"Set GH_ENTERPRISE_TOKEN, or run `gh auth login --hostname {self.place.host}`.",
                title="Not signed in",
            )
        points = 1 if method == "GET" else 5
        for attempt in range(_ATTEMPTS):
            self.gate.enter(points)
            status, headers, body = self._send(method, url, params)
            self.gate.note(headers)
            if status in _REDIRECTS if redirected else 200 <= status < 300:
                return Answer(headers, body, _link(headers, "next"), _link(headers, "last"))
            wait = asked_wait(status, headers, body, attempt)
            if wait is None:
                problem = refusal(self.place.host, status, headers, body)
                if (method, status) == ("DELETE", 403):
                    self.refused = str(problem)
                raise problem
            self.gate.hold(wait)
        raise GitHubError(
            f"{self.place.host} asks to wait again and again", hint="Try again later.", title="Rate limit", status=429
        )

    def _send(self, method: str, url: str, params: Mapping[str, str | int]) -> tuple[int, Mapping[str, str], bytes]:
        prepared = self._session.prepare_request(requests.Request(method, url, params=dict(params), auth=self._auth))
        if method == "GET":
            self._bodies.ask_for_changes(prepared)
        number = self.log.start((method, prepared.url or url))
        status = FAILED
        problem: GitHubError
        try:
            with sent(self._session, prepared, self._timeout) as response:
                status, body = self._bodies.read(prepared, response.raw)
                # Who repeats what we sent must not get a token onto the screen, into a file or to another host.
                headers = {name: masked(value) for name, value in response.headers.items()}
                return status, CaseInsensitiveDict(headers), masked_bytes(body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            problem = failure(self.place.host, error, proxy_of(self._session, url))
        finally:
            self.log.finish(number, status)
        raise problem


def proxy_of(session: requests.Session, url: str) -> str:
    """Return host and port of the environment's proxy for an address, without its user; empty when there is none."""
    found = session.merge_environment_settings(url, {}, None, None, None)["proxies"]
    return urlsplit(select_proxy(url, found) or "").netloc.rpartition("@")[2]


@contextmanager
def sent(
    session: requests.Session, request: requests.PreparedRequest, timeout: tuple[float, float]
) -> Iterator[requests.Response]:
    """Send a request with the environment's proxies and certificates, and give its answer, of which the body is unread.

    The session itself would read a redirect's body without bounds, and work out where it leads. Raises Ended also for
    what was cut off without an error.
    """
    url = request.url or ""
    found = session.merge_environment_settings(url, {}, stream=True, verify=True, cert=None)
    verify = found["verify"] or True
    # A proxy would read what plain http to this machine carries, and it leads to another machine's loopback.
    proxies = {} if is_here(urlsplit(url).hostname or "") else found["proxies"]
    check()
    try:
        with (
            session.get_adapter(url).send(request, True, timeout, verify, None, proxies) as answer,  # noqa: FBT003
            cut_by(answer.raw.shutdown),
        ):
            yield answer
    finally:
        if is_cut():
            raise Ended


def _link(headers: Mapping[str, str], rel: str) -> str | None:
    links = parse_header_links(headers.get("Link", ""))
    return next((link["url"] for link in links if link.get("rel") == rel), None)
