"""Who may do what: runtime tokens, REST tokens and signed URLs, all JWTs of one secret, and what a job is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import TypeVar

import jwt
import msgspec

from dockcache_tui.actions_service.home import Home
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope, is_repo

READ, WRITE = 1, 2
JOB_SECONDS = 6 * 3600
_SKEW = 60
_REST_PREFIX = "ghs_"
_RUN_DIGITS = 18  # SQLite's integers end at 19


T = TypeVar("T")


class DeniedError(Exception):
    """A token or a URL that is not to be trusted; str(error) is why."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a runtime token lets its job do; `scopes` are refs with permission bits in restore order."""

    repo: str
    scopes: tuple[tuple[str, int], ...]
    run: int = 0
    job: str = ""
    sha: str = ""

    @property
    def readable(self) -> tuple[str, ...]:
        """Return the refs it may restore from, first choice first."""
        return tuple(ref for ref, permission in self.scopes if permission & READ)

    @property
    def writable(self) -> str | None:
        """Return the ref it saves to; BuildKit takes the last of several."""
        return next((ref for ref, permission in reversed(self.scopes) if permission & WRITE), None)

    @property
    def branch(self) -> str:
        """Return the name of the run's own branch, as REST tells it."""
        return BranchScope(self.scopes[0][0]).short if self.scopes else ""


class BlobAccess(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a signed URL opens: one blob, for reading (`r`) or for creating and writing (`cw`)."""

    blob: str
    sp: str
    name: str = ""
    type: str = "application/octet-stream"


class _Access(msgspec.Struct):
    Scope: str
    Permission: int


class _RuntimeClaims(msgspec.Struct):
    ac: str
    scp: str = ""
    repository: str = ""
    sha: str = ""


class Signer:
    """Signs and reads the tokens and URLs of one data folder."""

    def __init__(self, secret: bytes, *, any_token: bool = False) -> None:
        """Trust what `secret` signed; with `any_token` runtime tokens of any signature too."""
        self._secret = secret
        self._any_token = any_token

    def runtime_token(self, grant: Grant) -> str:
        """Return a job's token, with the claims that GitHub's have."""
        access = [{"Scope": ref, "Permission": permission} for ref, permission in grant.scopes]
        claims = {
            "ac": msgspec.json.encode(access).decode(),
            "scp": f"Actions.Results:{grant.run}:{grant.job}",
            "repository": grant.repo,
            "sha": grant.sha,
        }
        return self._signed("runtime", claims, JOB_SECONDS)

    def grant(self, token: str, default_repo: str) -> Grant:
        """Read a runtime token; raises DeniedError."""
        claims = _claims(self._read("runtime", token, ("ac", "exp", "nbf"), trusting=self._any_token), _RuntimeClaims)
        try:
            access = msgspec.json.decode(claims.ac, type=list[_Access])
        except msgspec.DecodeError as error:
            raise DeniedError(f"the ac claim can't be read: {error}") from error
        repo = claims.repository or default_repo
        if not is_repo(repo):
            raise DeniedError("the repository claim is not owner/name")
        scopes = tuple((one.Scope, one.Permission) for one in access)
        run, job = _backend_ids(claims.scp)
        return Grant(repo, scopes, run, job, claims.sha)

    def rest_token(self, *, write: bool) -> str:
        """Return a GITHUB_TOKEN for the repositories of this folder."""
        return _REST_PREFIX + self._signed("rest", {"write": write}, JOB_SECONDS)

    def may_write(self, token: str) -> bool:
        """Read a REST token and tell whether it may change things; raises DeniedError."""
        return self._read("rest", token.removeprefix(_REST_PREFIX), ("exp", "write"))["write"] is True

    def url_signature(self, access: BlobAccess, seconds: float) -> str:
        """Return the query value that opens a blob for so long."""
        return self._signed("blob", msgspec.to_builtins(access), seconds)

    def blob_access(self, signature: str) -> BlobAccess:
        """Read a URL's query value; raises DeniedError."""
        return _claims(self._read("blob", signature, ("exp",)), BlobAccess)

    def _signed(self, audience: str, claims: Mapping[str, object], seconds: float) -> str:
        now = int(time())
        times = {"aud": audience, "nbf": now - _SKEW, "exp": now + int(seconds)}
        return jwt.encode({**claims, **times}, self._secret, algorithm="HS256")

    def _read(
        self, audience: str, token: str, required: tuple[str, ...], *, trusting: bool = False
    ) -> dict[str, object]:
        checks = jwt.types.Options(require=list(required), verify_exp=True, verify_nbf=True)
        if trusting:
            checks |= {"verify_signature": False, "verify_aud": False}
        try:
            return jwt.decode(token, self._secret, algorithms=["HS256"], audience=audience, options=checks)
        except (jwt.InvalidTokenError, UnicodeError) as error:
            raise DeniedError(str(error)) from error


def _claims(claims: object, type_: type[T]) -> T:
    try:
        return msgspec.convert(claims, type_)
    except msgspec.ValidationError as error:
        raise DeniedError(str(error)) from error


def _backend_ids(scp: str) -> tuple[int, str]:
    """Return run and job of the part `Actions.Results:<run>:<job>`; 0 and nothing where there is none."""
    for part in scp.split():
        kind, _, rest = part.partition(":")
        run, _, job = rest.partition(":")
        if kind == "Actions.Results" and run.isdecimal() and run.isascii() and len(run) <= _RUN_DIGITS:
            return int(run), job
    return 0, ""


def variables(
    home: Home, scopes: Sequence[BranchScope], revision: str, *, read_only: bool, repo: str = ""
) -> Mapping[str, str]:
    """Return the environment of a new run at a git revision (or none); `scopes` are what it may restore, its own first.

    `repo` is another repository than the one served. Raises SourceError when no service runs on this folder.
    """
    running = home.running()
    signer = Signer(home.secret())
    own = READ if read_only else READ | WRITE
    run = Instant.now().ns // 10**6
    permissions = ((scope.ref, own if number == 0 else READ) for number, scope in enumerate(scopes))
    repo = repo or running.repo
    grant = Grant(repo, tuple(permissions), run, str(run), revision)
    return {
        "ACTIONS_RESULTS_URL": f"{running.address}/",
        "ACTIONS_CACHE_URL": f"{running.address}/",
        "ACTIONS_RUNTIME_TOKEN": signer.runtime_token(grant),
        "ACTIONS_CACHE_SERVICE_V2": "true",
        "GITHUB_API_URL": running.address,
        "GITHUB_REPOSITORY": repo,
        "GITHUB_REF": scopes[0].ref,
        "GITHUB_TOKEN": signer.rest_token(write=not read_only),
    }
