"""Reads a cache that a build left in a folder (`--cache-to type=local`), without importing it."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import msgspec

from dockcache_tui.core.archives.manifest import CACHE_CONFIG
from dockcache_tui.core.explain.cache_config import CachedRecord, read_cache_config

_TAG = "latest"
_NAME = "org.opencontainers.image.ref.name"
_LARGEST = 64 << 20


class _Descriptor(msgspec.Struct, rename="camel"):
    digest: str
    media_type: str = ""
    annotations: dict[str, str] = {}


class _Manifest(msgspec.Struct):
    manifests: list[_Descriptor] = []
    config: _Descriptor | None = None


def read_cache_folder(folder: Path) -> tuple[CachedRecord, ...] | None:
    """Return the records of the cache that buildx would import, and which have lost their data.

    None where there is no such cache, and buildx passes it over. Raises ValueError for one that can't be read.
    """
    try:
        index = msgspec.json.decode((folder / "index.json").read_bytes(), type=_Manifest)
        found = next((one for one in index.manifests if one.annotations.get(_NAME) == _TAG), None)
        if found is None:
            return None
        manifest = msgspec.json.decode(_blob(folder, found.digest), type=_Manifest)
        told = [*manifest.manifests, *filter(None, [manifest.config])]
        config = next((one.digest for one in told if one.media_type == CACHE_CONFIG), "")
        records = read_cache_config(_blob(folder, config), str(folder)) if config else ()
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ValueError(f"{folder} holds a cache that can't be read: {error}") from error
    return tuple(replace(one, is_lost=not any(_is_there(folder, result) for result in one.results)) for one in records)


def _is_there(folder: Path, result: Iterable[str]) -> bool:
    return all(_place(folder, blob).is_file() for blob in result)


def _blob(folder: Path, digest: str) -> bytes:
    with _place(folder, digest).open("rb") as blob:
        return blob.read(_LARGEST)


def _place(folder: Path, digest: str) -> Path:
    if not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise ValueError(f"{digest!r} is no digest")
    return folder / "blobs" / "sha256" / digest.removeprefix("sha256:")
