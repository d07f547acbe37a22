"""A secret text that nothing shows by accident, and a mask for what others say of it."""

import os
import re
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from typing import NoReturn
from urllib.parse import quote, unquote, urlsplit

_MASK = "***"
_VARIABLES = (
    "GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN",
    "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
)  # fmt: skip
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_SHORTEST = 8
"""Characters: a shorter text is part of too many words to be masked."""
_ENOUGH = 12
"""Characters that tell a token when the rest of it was cut off."""
_REST = r"[\w.~%+/=-]*"
_known: set[str] = set()


class Secret:
    """A token. Printing, formatting, logging and pickling never give it away; `reveal` does."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text
        _known.add(text)

    def reveal(self) -> str:
        """Return the text, as one whose repr is masked too, so that no dump of local variables shows it."""
        return _Masked(self.__text)

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__text == other.__text

    def __hash__(self) -> int:
        return hash(self.__text)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


class _Masked(str):
    """Text that goes into a header as it is and into a traceback's variables as a mask."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_MASK)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def bearer(secret: Secret) -> str:
    """Return the value of an Authorization header; its repr is masked."""
    return _Masked(f"Bearer {secret.reveal()}")


def masked(text: str) -> str:
    """Return text without the tokens we know of, as they are, URL-encoded, or in base64 as basic authentication is.

    Neither has it the passwords of proxies that the environment names.
    """
    tokens = frozenset((*_known, *(os.environ.get(name, "").strip() for name in _VARIABLES)))
    pattern = _pattern(tokens, frozenset(filter(None, map(os.environ.get, _PROXIES))))
    return pattern.sub(_MASK, text) if pattern else text


def masked_bytes(data: bytes) -> bytes:
    """Return bytes without the tokens we know of, which are ASCII; see masked."""
    return masked(data.decode("latin-1")).encode("latin-1")


@lru_cache(maxsize=8)
def _pattern(tokens: frozenset[str], proxies: frozenset[str]) -> re.Pattern[str] | None:
    logins = [login for login in map(_login, proxies) if login and login.isascii()]
    secrets = {*tokens, *(login.partition(":")[2] for login in logins)}
    forms = {form for token in secrets if len(token) >= _SHORTEST and token.isascii() for form in _forms(token)}
    forms |= {form for login in logins if len(login) >= _SHORTEST for form in _in_base64(login)}
    beginnings = sorted({re.escape(form) for form in forms}, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(beginnings)}){_REST}") if beginnings else None


def _forms(token: str) -> set[str]:
    """Return how each way to write a token begins; in base64 there are three, by where it begins within a triple."""
    # All JWTs begin alike, and none is worth anything without its third part: one is known by the two before it.
    bare = token.rpartition(".")[0] if token.count(".") == 2 else token[:_ENOUGH]
    hexadecimal = "".join(f"%{ord(one):02X}" for one in bare)
    encoded = {
        quote(bare, safe=""),
        re.sub("%..", lambda one: one[0].lower(), quote(bare, safe="")),
        hexadecimal,
        hexadecimal.lower(),
    }
    return {bare, *encoded, *_in_base64(bare)}


def _in_base64(text: str) -> set[str]:
    found = set()
    for shift in range(3):
        data, first = b"\0" * shift + text.encode(), (0, 2, 3)[shift]
        whole = len(data) * 8 // 6
        found |= {code(data).decode()[first:whole] for code in (b64encode, urlsafe_b64encode)}
    return found


def _login(proxy: str) -> str:
    """Return the user and password of a proxy's address; empty when it has none."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        return ""
    return f"{unquote(parts.username or '')}:{unquote(parts.password)}" if parts.password else ""
