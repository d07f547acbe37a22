"""A daemon's own key store, as its debugging address tells it: what its records are named by."""

import http.client
import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from dockcache_tui.core.explain.store import KeyedRecord, Link


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a record is named by: its own digest and, for one input, a selector and the record it stands on."""

    record: str
    input: int
    selector: str
    parent: str
    """The digest of a record without inputs; empty for another."""


@dataclass(frozen=True, slots=True)
class KeyStore:
    """All that the store names records by; `roots` are the digests of records without inputs."""

    keys: frozenset[Key]
    roots: frozenset[str]
    told: list[dict[str, Any]]

    def records(self) -> list[KeyedRecord]:
        """Return the records as we read them from anywhere."""
        return [
            KeyedRecord(
                str(one["id"]),
                one.get("digest") or one["parents"][0]["digest"],
                frozenset(_link(each) for each in one.get("parents") or ()),
            )
            for one in self.told
        ]


def read_store(debug: str) -> KeyStore:
    """Read the store of the daemon that is debugged at an address."""
    told = json.loads(_get(debug, "/debug/cache/store"))
    roots = {one["id"]: one["digest"] for one in told if one.get("digest") and not one.get("random")}
    keys = {
        Key(link["digest"], link["input"], link.get("selector", ""), roots.get(link["target"], ""))
        for one in told
        for link in one.get("parents") or ()
    }
    return KeyStore(frozenset(keys), frozenset(roots.values()), told)


def _link(told: dict[str, Any]) -> Link:
    return Link(told["input"], str(told["target"]), told.get("selector", ""))


def plaintext(debug: str, digest: str) -> str:
    """Return what the daemon hashed to a digest."""
    return _get(debug, f"/debug/cache/lookup?digest={digest}")


def _get(debug: str, path: str) -> str:
    with closing(http.client.HTTPConnection(debug, timeout=60)) as connection:
        accept = {"Accept": "application/json"} if path.endswith("store") else {}
        connection.request("GET", path, headers=accept)
        return connection.getresponse().read().decode(errors="backslashreplace")
