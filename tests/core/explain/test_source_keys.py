"""The keys of sources, by the rules of their versions."""

import pytest

from core.explain.sample_ops import AMD64, IMAGE, op
from dockcache_tui.core.explain.go_json import digest
from dockcache_tui.core.explain.op_keys import op_keys
from dockcache_tui.core.explain.rules import rules_of
from dockcache_tui.core.explain.source_keys import RANDOM, UNKNOWN, Keys, Resolved

SHA, OTHER = f"sha256:{'ab' * 32}", f"sha256:{'cd' * 32}"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def keys(identifier: str, version: str = "v0.34.2", found: Resolved | None = None, **attrs: str) -> Keys:
    """Return the keys of a source; names of attributes have `_` for a dot."""
    rules = rules_of(version)
    assert rules
    attributes = {name.replace("_", "."): value for name, value in attrs.items()}
    return op_keys(op("source", {"identifier": identifier, "attrs": attributes}), rules, found)


def named(text: str) -> str:
    """Return the key of a source that BuildKit calls so."""
    return digest(f"buildkit.source.v0:{text}".encode())


def test_context() -> None:
    """A context has random keys: nothing is ever found by them."""
    assert keys("local://context") == RANDOM


def test_image() -> None:
    """An image is named by the digest that its reference came to and the platform, not by its tag."""
    told = named(digest(f'{{"Digest":"{SHA}","OS":"linux","Arch":"amd64"}}'.encode()))
    assert keys(IMAGE) == Keys((told,), complete=True)
    assert keys(IMAGE.replace("latest", "v1")) == keys(IMAGE)
    assert keys("docker-image://busybox", found=Resolved(digest=SHA)) == keys(IMAGE)
    assert keys(f"oci-layout://store@{SHA}") == keys(IMAGE)
    limited = named(digest(f'{{"Digest":"{SHA}","OS":"linux","Arch":"amd64","Limit":1}}'.encode()))
    assert keys(IMAGE, image_layerlimit="1").known == (limited,)


def test_image_by_its_layers() -> None:
    """Before 0.34 an image is found by its chain of layers too; without those its keys are not all known."""
    by_manifest = keys(IMAGE).known
    assert keys(IMAGE, "v0.25.2") == Keys(by_manifest)
    assert keys(IMAGE, "v0.25.2", Resolved(diff_ids=())) == Keys(by_manifest, complete=True)
    one = keys(IMAGE, "v0.25.2", Resolved(diff_ids=(SHA,)))
    assert one == Keys((*by_manifest, named(SHA)), complete=True)
    two = keys(IMAGE, "v0.25.2", Resolved(diff_ids=(SHA, OTHER)))
    assert two.known[1] == named(digest(f"{SHA} {OTHER}".encode()))
    assert keys(IMAGE, "v0.25.2", Resolved(diff_ids=(SHA, OTHER)), image_layerlimit="1").known[1] == one.known[1]


def test_image_of_nothing_known() -> None:
    """An image that was not resolved yet has no known key, nor has one without a platform."""
    rules = rules_of("v0.34.2")
    assert rules
    assert keys("docker-image://busybox") == UNKNOWN
    assert op_keys(op("source", {"identifier": IMAGE}, platform={}), rules) == UNKNOWN
    assert op_keys(op("source", {"identifier": IMAGE}, platform=AMD64), rules).complete


def test_file() -> None:
    """A file is named by its content and what its server said of it; with a checksum nobody is asked."""
    plain = f'{{"Filename":"f","Perm":0,"UID":0,"GID":0,"Checksum":"{SHA}"}}'
    assert keys("https://h/f", http_filename="f", http_checksum=SHA).known == (named(digest(plain.encode())),)
    found = Resolved(digest=SHA, last_modified="")
    assert keys("https://h/f", found=found, http_filename="f").known == (named(digest(plain.encode())),)
    more = f'{{"Filename":"f","Perm":420,"UID":1,"GID":2,"Checksum":"{SHA}","LastModTime":"x","AuthHeaderSecret":"s"}}'
    numbers = {"http_perm": "0644", "http_uid": "1", "http_gid": "2", "http_authheadersecret": "s"}
    found = Resolved(digest=SHA, last_modified="x")
    assert keys("http://h/f", found=found, http_filename="f", **numbers).known == (named(digest(more.encode())),)


@pytest.mark.parametrize("found", [Resolved(), Resolved(digest=SHA), Resolved(last_modified="")])
def test_file_nobody_asked_for(found: Resolved) -> None:
    """A file of unknown content or date has no known key, nor has one fetched with headers of its own."""
    assert keys("https://h/f", found=found, http_filename="f") == UNKNOWN
    whole = Resolved(digest=SHA, last_modified="")
    assert keys("https://h/f", found=whole, http_filename="f", http_header_accept="x") == UNKNOWN
    assert keys("https://h/f", found=whole) == UNKNOWN


@pytest.mark.parametrize(
    ("version", "reference", "attrs", "text"),
    [
        ("v0.34.2", "main", {}, COMMIT),
        ("v0.34.2", COMMIT, {}, COMMIT),
        ("v0.34.2", "main:/a/../b/", {}, f"{COMMIT}:b"),
        ("v0.34.2", "main", {"git_keepgitdir": "true"}, f"{COMMIT}.git#refs/heads/main"),
        ("v0.34.2", COMMIT, {"git_keepgitdir": "true"}, f"{COMMIT}.git#{COMMIT}"),
        ("v0.16.0", "main", {"git_keepgitdir": "true"}, f"{COMMIT}.git"),
        ("v0.34.2", "main", {"git_skipsubmodules": "true"}, f"{COMMIT}(skip-submodules)"),
        ("v0.23.0", "main", {"git_skipsubmodules": "true"}, COMMIT),
        ("v0.34.2", "main", {"git_mtime": "commit"}, f"{COMMIT}(mtime=commit)"),
        ("v0.34.2", "main", {"git_mtime": "checkout"}, COMMIT),
        ("v0.28.0", "main", {"git_mtime": "commit"}, COMMIT),
        ("v0.34.2", "main:d", {"git_checkoutbundle": "true"}, f"{COMMIT}:d(bundle)"),
        ("v0.29.0", "main:d", {"git_checkoutbundle": "true"}, f"{COMMIT}:d"),
    ],
)
def test_repository(version: str, reference: str, attrs: dict[str, str], text: str) -> None:
    """A repository is named by its commit and what is taken of it, in the words of the version."""
    found = Resolved(commit=COMMIT, ref="refs/heads/main")
    assert keys(f"git://h/r.git#{reference}", version, found, **attrs).known == (named(text),)


def test_repository_nobody_asked_for() -> None:
    """A branch of unknown commit has no known key; one kept with its history needs the full ref too."""
    assert keys("git://h/r.git#main") == UNKNOWN
    assert keys("git://h/r.git#main", found=Resolved(commit=COMMIT), git_keepgitdir="true") == UNKNOWN
