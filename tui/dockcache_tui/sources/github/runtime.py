"""Reads BuildKit's indexes where that is possible: inside a job, with its runtime token."""

import os
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec
import requests
import urllib3
from requests.auth import AuthBase

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.caches.index import CacheIndex, UnreadableIndexError, read_index
from dockcache_tui.core.caches.keys import CacheKind, decode
from dockcache_tui.sources.command_log import CommandLog
from dockcache_tui.sources.github.api import FAILED, proxy_of, sent
from dockcache_tui.sources.github.connection import Adapter, Bodies, session
from dockcache_tui.sources.github.errors import GitHubError, failure, refusal
from dockcache_tui.sources.github.place import checked, is_here
from dockcache_tui.sources.github.tokens import NoToken, OwnHost, origin
from dockcache_tui.sources.secret import Secret, masked_bytes

_LOOKUP = "/twirp/github.actions.results.api.v1.CacheService/GetCacheEntryDownloadURL"
_TIMEOUT = (5.0, 20.0)


class _Found(msgspec.Struct):
    ok: bool = False
    signed_download_url: str = ""
    matched_key: str = ""


class RuntimeCache:
    """The cache service of one job."""

    def __init__(self, address: str, token: Secret, log: CommandLog) -> None:
        """Take the address of the service, the job's token and where requests are noted."""
        self._address, self._auth, self._log = address, OwnHost(origin(address), token), log

    @classmethod
    def of_job(cls, repo: str, log: CommandLog, environment: Mapping[str, str] = os.environ) -> "RuntimeCache | None":
        """Return the service of the job we run in, None outside one or for another repository than the job's."""
        address, token = environment.get("ACTIONS_RESULTS_URL"), environment.get("ACTIONS_RUNTIME_TOKEN")
        if not address or not token or environment.get("GITHUB_REPOSITORY", repo).lower() != repo.lower():
            return None
        return cls(address, Secret(token), log)

    def indexes(self, caches: Iterable[ActionsCache]) -> dict[int, CacheIndex]:
        """Read the indexes among these entries that the job may read, by id; raises GitHubError, UsageError.

        One that is no index of BuildKit's is left unread.
        """
        found = {}
        for cache in caches:
            if decode(cache.key, cache.version).kind is not CacheKind.INDEX:
                continue
            data = self._read(cache)
            if data is not None and len(data) == cache.size:
                try:
                    found[cache.id] = read_index(data)
                except UnreadableIndexError:
                    continue
        return found

    def _read(self, cache: ActionsCache) -> bytes | None:
        body = msgspec.json.encode({"key": cache.key, "restore_keys": [], "version": cache.version})
        service = checked(self._address, "ACTIONS_RESULTS_URL")
        answer = self._send("POST", f"{service.scheme}://{service.netloc}{_LOOKUP}", self._auth, body)
        try:
            hit = msgspec.json.decode(answer, type=_Found)
        except msgspec.MsgspecError as error:
            raise GitHubError(f"the cache service sent something unexpected: {error}") from error
        if not hit.ok or hit.matched_key != cache.key:
            return None
        # The signed URL is the permission: the token stays here.
        parts = urlsplit(hit.signed_download_url)
        if parts.scheme != "https" and not is_here(parts.hostname or ""):
            raise GitHubError("the cache service points to an unencrypted address")
        return self._send("GET", hit.signed_download_url, NoToken(), None)

    def _send(self, method: str, url: str, auth: AuthBase, body: bytes | None) -> bytes:
        host = urlsplit(url).hostname or ""
        headers = {"Content-Type": "application/json"} if body else {}
        request = requests.Request(method, url, data=body, headers=headers, auth=auth)
        # Whoever has the query of a signed URL may read what it leads to.
        number = self._log.start((method, url.partition("?")[0]))
        status = FAILED
        problem: GitHubError
        try:
            with session(Adapter()) as asking:
                prepared = asking.prepare_request(request)
                with sent(asking, prepared, _TIMEOUT) as answer:
                    status, read = Bodies().read(prepared, answer.raw)
                    if status == 200:
                        return masked_bytes(read)
                    problem = refusal(host, status, answer.headers, read)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            problem = failure(host, error, proxy_of(asking, url))
        finally:
            self._log.finish(number, status)
        raise problem
