"""Extended attributes as people read them."""

import struct

import pytest

from dockcache_tui.core.archives.file_entry import xattr_text

NET_RAW, CHECKPOINT, NEW = 1 << 13, 1 << 8, 1 << 31


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("security.capability", struct.pack("<5I", 0x02000001, NET_RAW, 0, 0, 0), "cap_net_raw=ep"),
        (
            "security.capability",
            struct.pack("<5I", 0x02000000, 1, 1, CHECKPOINT, 0),
            "cap_chown=ip cap_checkpoint_restore=p",
        ),
        ("security.capability", struct.pack("<3I", 0x01000001, 0, NET_RAW), "cap_net_raw=ei"),
        ("security.capability", struct.pack("<6I", 0x03000001, 1, 0, NEW, 0, 5), "cap_chown,63=ep [rootid=5]"),
        ("security.capability", b"\1\0\0\2", "0x01000002"),
        ("user.note", "näme".encode(), "näme"),
        ("user.note", b"", ""),
        ("user.note", b"a\0", "0x6100"),
        ("user.note", b"\xff", "0xff"),
    ],
)
def test_an_attribute_in_words(name: str, value: bytes, text: str) -> None:
    """Capabilities go by their names, other values as text, and what is no text is told in hex."""
    assert xattr_text(name, value) == text
