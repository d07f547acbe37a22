"""What bytes are, told by their first ones; names count for nothing."""

from dockcache_tui.sources.archives.tar_headers import BLOCK, checked
from dockcache_tui.sources.archives.unpacking import PACKINGS, packing_of

HEAD = 4096
"""So many bytes are enough to tell."""

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
