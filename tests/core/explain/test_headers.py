"""What of a file besides its bytes counts."""

import stat

from dockcache_tui.core.explain.headers import header


def test_file() -> None:
    """A file's header has its permissions and size; a name, a date and an owner it has not."""
    told = b"namemode420uid0gid0size5typeflag0linknameunamegnamedevmajor0devminor0"
    assert header(stat.S_IFREG | 0o644, 5) == told
    assert header(stat.S_IFREG | 0o4755, 0) == told.replace(b"420", b"2541").replace(b"size5", b"size0")
    assert header(stat.S_IFREG | 0o644, 5, owner=(1, 2)) == told.replace(b"uid0gid0", b"uid1gid2")


def test_other_kinds() -> None:
    """Links have a target and no mode, devices numbers, only files a size; a socket is an empty file."""
    assert header(stat.S_IFLNK | 0o700, 4, b"to/x").startswith(b"namemode511uid0gid0size0typeflag2linknameto/xuname")
    assert b"size0typeflag5" in header(stat.S_IFDIR | 0o755, 4096)
    assert b"size0typeflag6" in header(stat.S_IFIFO | 0o644)
    assert header(stat.S_IFCHR | 0o600, device=(1, 3)).endswith(b"typeflag3linknameunamegnamedevmajor1devminor3")
    assert b"typeflag4" in header(stat.S_IFBLK | 0o600)
    assert header(stat.S_IFSOCK | 0o644) == header(stat.S_IFREG | 0o644)


def test_xattrs() -> None:
    """Extended attributes follow in the order of their names, but for those of the system."""
    told = {b"user.b": b"2", b"user.a": b"1", b"security.selinux": b"s", b"system.posix_acl": b"p"}
    plain = header(stat.S_IFREG | 0o644)
    assert header(stat.S_IFREG | 0o644, xattrs=told) == plain + b"user.a1user.b2"
    assert header(stat.S_IFREG | 0o644, xattrs={b"security.capability": b"c"}) == plain + b"security.capabilityc"
