"""Opens an archive, whatever it is packed in; its first bytes tell, and names count for nothing."""

import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from dockcache_tui.core.archives.archive import ArchiveError, BrokenArchiveError
from dockcache_tui.core.wording import cut
from dockcache_tui.sources.archives.members import FolderMembers, Members
from dockcache_tui.sources.archives.spans import Packed, Source, Span, beginning
from dockcache_tui.sources.archives.tar_fields import BLOCK, checked
from dockcache_tui.sources.archives.tar_members import TarMembers
from dockcache_tui.sources.archives.unpacking import PACKINGS, packing_of
from dockcache_tui.sources.archives.zip_members import ZipMembers

HEAD = 4096
"""Bytes that are enough to tell."""

_MAGIC = (
    (b"\x7fELF", "an ELF program"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"]\0\0", "lzma data"),
    (b"LZIP", "lzip data"),
    (b"\x04\x22\x4d\x18", "lz4 data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"!<arch>\n", "an ar archive, such as a Debian package"),
    (b"070701", "a cpio archive"),
    (b"070702", "a cpio archive"),
    (b"hsqs", "a SquashFS image"),
    (b"MZ", "a Windows program"),
    (b"#!", "a script"),
    (b"\xca\xfe\xba\xbe", "a Mach-O program or a Java class"),
    (b"\xcf\xfa\xed\xfe", "a Mach-O program"),
    (b"\0asm", "a WebAssembly module"),
)

SAVED = re.compile(r"(sha256:)?[0-9a-f]{64}(\.json|\.tar(\.gz)?|/layer\.tar|/json|/VERSION)?")
"""What the files of a `docker save` are called."""
_BLOB = re.compile(r"(.+/)?blobs/sha(?:256/[0-9a-f]{64}|512/[0-9a-f]{128})")
_MAX_LOOKED_AT = 1000
_MAX_TOLD = 5
_LONGEST_TOLD = 80


def container_of(head: bytes) -> str:
    """Return `tar`, `zip` or one of PACKINGS for the first bytes of one, else nothing."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if packing := packing_of(head):
        return packing
    block = head[:BLOCK]
    return "tar" if len(block) == BLOCK and (checked(block) or block[257:262] == b"ustar" or not any(block)) else ""


def described(head: bytes) -> str:
    """Return what bytes seem to be, for a sentence."""
    if not head:
        return "nothing"
    if container := container_of(head):
        return {"tar": "a tar", "zip": "a zip"}.get(container) or f"{PACKINGS[container]} data"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[257:262] == b"ustar":
        return "a tar cut inside its first header"
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        text = head[: error.start].decode("utf-8") if error.start > len(head) - 4 else ""
    if text and all(letter.isprintable() or letter in "\t\n\r\f" for letter in text):
        return "JSON" if text.lstrip()[:1] in ("{", "[") else "text"
    return "data of an unknown kind" if any(head) else "zeros"


def open_members(path: Path) -> tuple[Members, str]:
    """Open a file or folder; returns it and the folder in it that the layout is in.

    What lies in a zip beside other archives is asked for as `artifact.zip/image.tar`. Raises ArchiveError.
    """
    try:
        if path.is_dir():
            return _rooted(FolderMembers(path))
        place, inner = _in_zip(path)
        file = _opened(place)
        try:
            span = Span(file, 0, file.seek(0, 2))
            zipped = inner or container_of(_head(span)) == "zip"
            return _of_zip(ZipMembers(span), inner) if zipped else _rooted(_of(span, span.size))
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise ArchiveError(f"{path}: {error.strerror or error}") from error


def layout_roots(names: Collection[str]) -> list[str]:
    """Return the folders among names that an image layout is in, the outermost first; `docker save` has no folder."""
    found = set()
    beside = {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] == "manifest.json"}
    for name in names:
        folder, _, last = name.rpartition("/")
        if last == "oci-layout" or (last == "version" and folder in beside):  # the latter of skopeo's `dir:`
            found.add(folder)
        elif blob := _BLOB.fullmatch(name):
            found.add((blob[1] or "").rstrip("/"))
        elif name == "manifest.json" or SAVED.fullmatch(name):
            found.add("")
    return sorted(found, key=lambda root: (root.count("/") + bool(root), root))


def _opened(path: Path) -> BinaryIO:
    """Open a file, and nothing else: reading from a FIFO would wait for ever."""
    if not path.is_file():
        raise ArchiveError(f"{path} is not a file" if path.exists() else f"{path} is not there")
    return path.open("rb")


def _in_zip(path: Path) -> tuple[Path, str]:
    """Split a path that leads into a zip."""
    for parent in path.parents:
        if parent.is_file():
            return parent, str(path.relative_to(parent))
    return path, ""


def _of(source: Source, size: int, suffix: str = "") -> TarMembers:
    """Open a tar, plain or packed."""
    head = _head(source)
    kind = container_of(head)
    if kind == "tar":
        return TarMembers(source, f"tar{suffix}", size)
    if kind in PACKINGS:
        packed = Packed(source, kind)
        inner = _head(packed)
        if container_of(inner) == "tar":
            return TarMembers(packed, f"tar.{kind}{suffix}", size)
        raise ArchiveError(f"it is {described(head)} of something that is not a tar: {described(inner)}")
    raise ArchiveError(f"it is {described(head)}, not an image archive")


def _of_zip(zipped: ZipMembers, inner: str) -> tuple[Members, str]:
    """Open what is in a zip: the one archive in it or the one asked for, which may be the zip itself."""
    roots = layout_roots(zipped.sizes())
    if not inner and "" in roots:
        zipped.packing = "folder in zip"
        return zipped, ""
    choices = [*roots, *(name for name in _tars(zipped) if not any(_below(name, root) for root in roots))]
    if inner:
        choices = [name for name in choices if name == inner]
    if len(choices) > 1:
        told = ", ".join(choices[:_MAX_TOLD]) + (" and more" if len(choices) > _MAX_TOLD else "")
        raise ArchiveError(f"it is a zip with several archives: {told}", hint="Name one as ZIP/ARCHIVE.")
    if not choices:
        raise ArchiveError(f"it is a zip without an image archive{_contents(zipped)}")
    if choices[0] in roots:
        zipped.packing = "folder in zip"
        return zipped, choices[0]
    members = _of(zipped.source(choices[0]), zipped.size, " in zip")
    for fault in zipped.faults:
        members.faults.add(fault)
    return _rooted(members)


def _tars(zipped: ZipMembers) -> Iterator[str]:
    for name in list(zipped.sizes())[:_MAX_LOOKED_AT]:
        try:
            source = zipped.source(name)
            kind = container_of(_head(source))
            if kind == "tar" or (kind in PACKINGS and container_of(_head(Packed(source, kind))) == "tar"):
                yield name
        except BrokenArchiveError as error:
            zipped.faults.add(error.fault)


def _contents(zipped: ZipMembers) -> str:
    names = list(zipped.sizes())[:_MAX_TOLD]
    return "".join(f"; {cut(name, _LONGEST_TOLD)} is {described(_head(zipped.source(name)))}" for name in names)


def _rooted(members: Members) -> tuple[Members, str]:
    # Deeper down a layout is only one of the files of something else, as of a container that builds images.
    roots = [root for root in layout_roots(members.sizes()) if "/" not in root]
    if roots:
        return members, roots[0]
    members.close()
    found = _told(members.sizes())
    why = "".join(f"; {fault}" for fault in islice(members.faults, 1))
    what = "a folder" if members.packing == "folder" else f"a {members.packing}"
    raise ArchiveError(f"it is {what} of {found}, not an image archive{why}")


def _told(names: Collection[str]) -> str:
    first = ", ".join(cut(name, _LONGEST_TOLD) for name in islice(names, 3))
    return f"{first} and more" if len(names) > 3 else first or "nothing"


def _head(source: Source) -> bytes:
    return beginning(source, HEAD)


def _below(name: str, root: str) -> bool:
    return not root or name.startswith(f"{root}/")
