"""A secret text that nothing shows by accident."""

from typing import NoReturn

_MASK = "***"


class Secret:
    """A token. Printing, formatting, logging and pickling never give it away; `reveal` does."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        """Keep the text."""
        self.__text = text

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
