"""Bodies of answers: read to their end within bounds, and kept in memory by their ETag."""

from io import BytesIO

import requests
from cachecontrol.cache import DictCache
from cachecontrol.controller import CacheController
from urllib3 import HTTPResponse

from dockcache_tui.sources.github.errors import GitHubError

LONGEST = 32 * 1024 * 1024


class Bodies:
    """What was answered before; a page that did not change costs neither budget nor bytes. Any thread may use it."""

    # CacheControl's adapter would do the same, but spools every body through a file and reads it without bounds.

    def __init__(self) -> None:
        """Begin with nothing."""
        self._controller = CacheController(DictCache())

    def ask_for_changes(self, request: requests.PreparedRequest) -> None:
        """Put the ETag of the answer we have on a request for the same."""
        request.headers.update(self._controller.conditional_headers(request))

    def read(self, request: requests.PreparedRequest, answer: HTTPResponse) -> tuple[int, bytes]:
        """Return status and body; "not modified" is what it was before; raises urllib3's errors and GitHubError."""
        if answer.status == 304:
            before = self._controller.update_cached_response(request, answer)
            return before.status, before.read(decode_content=True)
        raw = _bounded(answer)
        if request.method == "GET":
            self._controller.cache_response(request, answer, raw)
        packed = HTTPResponse(BytesIO(raw), answer.headers, preload_content=False)
        return answer.status, _bounded(packed, decode=True)


def _bounded(answer: HTTPResponse, *, decode: bool = False) -> bytes:
    parts, size = [], 0
    for part in answer.stream(64 * 1024, decode_content=decode):
        size += len(part)
        if size > LONGEST:
            raise GitHubError("the answer is longer than any of GitHub's")
        parts.append(part)
    return b"".join(parts)
