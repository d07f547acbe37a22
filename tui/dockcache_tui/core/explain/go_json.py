"""JSON as BuildKit writes it, to the byte, since keys are hashed from it."""

import json
from hashlib import sha256

_ESCAPED = {ord(character): rf"\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def go_json(value: object) -> bytes:
    """Write a value as Go does: no spaces, and some characters escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED).encode()


def digest(content: bytes) -> str:
    """Return BuildKit's digest of some bytes."""
    return f"sha256:{sha256(content).hexdigest()}"
