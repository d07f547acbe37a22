"""Where builds read caches from and write them to, beside what their builder keeps."""

import csv
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

_KINDS = {"gha": "gha scope", "registry": "registry", "inline": "registry", "local": "folder"}
_OPTIONS = {"gha scope": ("gha", "scope"), "registry": ("registry", "ref"), "folder": ("local", "src")}
_USUAL_SCOPE = "buildkit"


@dataclass(frozen=True, slots=True)
class CachePlace:
    """A cache that a build was told to read or to write."""

    kind: str
    """`gha scope`, `registry`, `folder`, or the type that BuildKit has for another, as `s3`."""
    name: str
    """The scope, the reference with its tag, the path of the folder, or what else names it."""
    whole: bool = field(default=True, compare=False)
    """Whether all steps are written (mode=max), or those of the image only."""
    is_there: bool = field(default=True, compare=False)
    """False for a folder that was to be read and has no cache in it."""

    @property
    def words(self) -> str:
        """Return what people call it."""
        match self.kind:
            case "gha scope":
                return f"the Actions cache of the scope {self.name}"
            case "registry":
                return f"the image {self.name}"
            case "folder":
                return f"the folder {self.name}"
        return f"the {self.kind} cache {self.name}"

    @property
    def option(self) -> str:
        """Return what --cache-from takes to read it."""
        kind, attribute = _OPTIONS.get(self.kind, (self.kind, "name"))
        named = f"{attribute}={self.name}"
        if set(named) & {",", '"'}:
            named = '"' + named.replace('"', '""') + '"'
        return f"type={kind},{named}"


class _Entry(msgspec.Struct, rename="pascal"):
    type: str = ""
    attrs: dict[str, str] = {}


def places_of(specs: Iterable[str], folder: str, tags: Iterable[str] = ()) -> tuple[CachePlace, ...]:
    """Return the caches that --cache-from or --cache-to name, as buildx reads them; paths are from a folder.

    An inline cache goes with the image: `tags` are the names that it is given.
    """
    told = tuple(tags)
    return tuple(place for spec in specs for place in _of_spec(spec, folder, told))


def places_read(request: Mapping[str, str]) -> tuple[CachePlace, ...]:
    """Return the caches that a frontend was asked to read, folders as they were given; none for what can't be read."""
    try:
        entries = msgspec.json.decode(request.get("cache-imports", "[]"), type=list[_Entry])
    except msgspec.MsgspecError:
        entries = []
    entries += [_Entry("registry", {"ref": ref}) for ref in request.get("cache-from", "").split(",") if ref]
    return tuple(place for one in entries if (place := _place(one.type, one.attrs, "")))


def option_values(words: Iterable[str], *options: str) -> Iterator[str]:
    """Yield the values that words for buildx give to an option, by any of its names."""
    for word, following in pairwise((*words, "")):
        name, equals, value = word.partition("=")
        if name in options:
            yield value if equals else following


def _of_spec(spec: str, folder: str, tags: Iterable[str]) -> Iterator[CachePlace]:
    words = next(csv.reader(spec.splitlines()), [])
    if not any("=" in word for word in words):
        attributes = {"type": "registry", "ref": spec}
    else:
        attributes = {name.strip().lower(): value for name, _, value in (word.partition("=") for word in words)}
    kind = attributes.pop("type", "")
    for more in [{"ref": tag} for tag in tags] if kind == "inline" else [{}]:
        if place := _place(kind, attributes | more, folder):
            yield place


def _place(kind: str, attributes: Mapping[str, str], folder: str) -> CachePlace | None:
    match kind:
        case "gha":
            name = attributes.get("scope") or _USUAL_SCOPE
        case "registry" | "inline":
            name = _reference(attributes.get("ref", ""))
        case "local":
            path = attributes.get("src") or attributes.get("dest") or ""
            name = posixpath.normpath(posixpath.join(folder, path)) if path else ""
        case _:
            name = attributes.get("name") or attributes.get("bucket") or ""
    whole = attributes.get("mode") == "max" and kind != "inline"
    return CachePlace(_KINDS.get(kind, kind), name, whole) if name else None


def _reference(ref: str) -> str:
    """Return a reference as short as docker shows it, but with its tag."""
    name, at, digest = ref.partition("@")
    for usual in ("index.docker.io/", "docker.io/", "library/"):
        name = name.removeprefix(usual)
    has_tag = ":" in name.rpartition("/")[2]
    return f"{name}{at}{digest}" if has_tag or at or not name else f"{name}:latest"
