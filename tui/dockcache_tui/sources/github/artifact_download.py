"""Downloads a workflow artifact: gone on with where it broke off, checked by its digest, never over a file unasked."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import requests
import urllib3

from dockcache_tui.core.archives.artifact import Artifact, file_name
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.sources.github.api import Api, sent
from dockcache_tui.sources.github.connection import Adapter, session
from dockcache_tui.sources.github.errors import GitHubError, failure
from dockcache_tui.sources.github.gate import AskedWait, asked_wait
from dockcache_tui.sources.github.place import is_here
from dockcache_tui.sources.github.tokens import NoToken
from dockcache_tui.sources.part_file import PartFile, taken

Done = Callable[[int, int], None]
"""Told how many bytes there are and how many it will be; what it raises ends the download for now."""
_ATTEMPTS = 5
"""Failures in a row without a byte between them."""
_PAUSE = 0.5
_TIMEOUT = (5.0, 30.0)
_PIECE = 256 * 1024
_BODY = 4096
_FAILED = 599
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_ZIP_TYPES = {"application/zip", "application/x-zip-compressed", "zip-compressed"}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


class _AgainError(Exception):
    """The download broke off in a way that a new request may get around."""

    def __init__(self, problem: GitHubError, wait: AskedWait | None = None) -> None:
        super().__init__(str(problem))
        self.problem, self.wait = problem, wait


class Download:
    """One artifact on its way into a folder."""

    def __init__(self, api: Api, repo: str, artifact: Artifact, to: Path, *, replace: bool = False) -> None:
        """Take what to download and whereto; `replace` allows to write over a file."""
        self._api, self._repo, self._artifact, self._to, self._replace = api, repo, artifact, to, replace
        # Without a digest nothing tells whether two halves belong together.
        self._digest = artifact.digest if _DIGEST.fullmatch(artifact.digest or "") else None

    def run(self, done: Done | None = None) -> Path:
        """Download and return the file; raises DockcacheError.

        What arrived is kept in a `.part` and gone on with where GitHub tells a digest, else thrown away.
        """
        name = file_name(self._artifact, zipped=False)
        with PartFile(self._to / f"{name}.{self._artifact.id}.part") as part:
            if self._digest:
                part.resume()
            else:
                part.empty()
            resumed = part.size > 0
            try:
                kind = self._fill(part, done)
            except BaseException:
                if not self._digest:
                    part.empty()
                raise
            if self._digest and part.digest != self._digest and resumed:
                part.empty()
                kind = self._fill(part, done)
            if self._digest and part.digest != self._digest:
                found = part.digest
                part.empty()
                raise DockcacheError(
                    f"{name} arrived as {found}, and GitHub says it is {self._digest}",
                    title="The download is damaged",
                    hint="Nothing was kept of it. Try again.",
                )
            place = self._place(zipped=kind in _ZIP_TYPES and part.head(4) in _ZIP)
            part.finish(place, replace=self._replace)
        return place

    def _place(self, *, zipped: bool) -> Path:
        return self._to / file_name(self._artifact, zipped=zipped)

    def _fill(self, part: PartFile, done: Done | None) -> str:
        """Read to the end, with as many requests as that takes, and return the content type."""
        failures = 0
        while True:
            before = part.size
            try:
                return self._receive(self._signed(), part, done)
            except _AgainError as again:
                failures = 1 if part.size > before else failures + 1
                if failures == _ATTEMPTS:
                    raise again.problem from again
                # Held at the gate, a wait shows where all waits show, and closing the connection ends it.
                self._api.gate.hold(again.wait or AskedWait(_PAUSE * 2**failures, str(again.problem)))

    def _signed(self) -> str:
        """Return the address GitHub gives out for a minute; raises GitHubError."""
        try:
            url = self._api.location(f"/repos/{self._repo}/actions/artifacts/{self._artifact.id}/zip")
        except GitHubError as error:
            if error.status != 410:
                raise
            hint = "GitHub keeps an artifact's name for a while after its bytes are gone."
            raise GitHubError("it is past its retention", title="Expired", hint=hint, status=410) from error
        try:
            parts = urlsplit(url)
            safe = parts.scheme == "https" or (parts.scheme == "http" and is_here(parts.hostname or ""))
        except ValueError:
            safe = False
        if not safe:
            raise GitHubError(f"{self._api.place.host} points to an unencrypted address")
        return url

    def _receive(self, url: str, part: PartFile, done: Done | None) -> str:
        """Write on with what one request gives; raises _AgainError, GitHubError, DockcacheError."""
        parts = urlsplit(url)
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={part.size}-"} if part.size else {})
        # The address's query is the permission: neither the token goes along, nor the query into the log.
        number = self._api.log.start(("GET", f"{parts.scheme}://{parts.netloc}{parts.path}"))
        status = _FAILED
        problem: GitHubError
        try:
            with session(Adapter()) as asking:
                prepared = asking.prepare_request(requests.Request("GET", url, headers=headers, auth=NoToken()))
                with sent(asking, prepared, _TIMEOUT) as answer:
                    status = answer.status_code
                    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                    total = self._total(answer, part)
                    if not self._replace and (place := self._place(zipped=kind in _ZIP_TYPES)).exists():
                        raise taken(place)
                    for piece in answer.raw.stream(_PIECE, decode_content=False):
                        part.append(piece)
                        if done:
                            done(part.size, total)
                    return kind
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            problem = failure(parts.hostname or "", error)
        finally:
            self._api.log.finish(number, status)
        raise _AgainError(problem)

    def _total(self, answer: requests.Response, part: PartFile) -> int:
        """Return how many bytes it will be; raises _AgainError or GitHubError for an answer that can't be used."""
        host, status = urlsplit(answer.url).hostname or "", answer.status_code
        if status not in {200, 206}:
            raise self._refused(host, status, answer.headers, answer.raw.read(_BODY, decode_content=False), part)
        if status == 206 and not answer.headers.get("Content-Range", "").startswith(f"bytes {part.size}-"):
            part.empty()
            raise _AgainError(GitHubError(f"{host} sends a different part than was asked for"))
        if status == 200:
            part.empty()
        length = answer.headers.get("Content-Length", "")
        if not re.fullmatch("[0-9]{1,15}", length):
            raise GitHubError(f"{host} does not say how long the file is")
        return part.size + int(length)

    def _refused(
        self, host: str, status: int, headers: Mapping[str, str], body: bytes, part: PartFile
    ) -> _AgainError | GitHubError:
        if status == 416:
            part.empty()
            return _AgainError(GitHubError(f"{host} has fewer bytes than before", status=status))
        if status == 404:
            return GitHubError(f"{host} no longer has the file", title="Not found", status=status)
        problem = GitHubError(
            f"{host} refuses the address that GitHub gave ({status})", hint="Try again.", status=status
        )
        if status in {401, 403, 408, 429} or status >= 500:
            return _AgainError(problem, asked_wait(status, headers, body, 0) if status == 429 else None)
        return problem
