"""Where else a layer is: told by digest, by the tar's digest, and by the step that made it."""

from dataclasses import replace

from core.cache_making import DEV, blob, content, digest, entries, index, snapshot
from core.record_making import build, record, step
from dockcache_tui.core.archives.archive import Archive, ArchiveKind, Blob, Image, Layer
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import attribute
from dockcache_tui.core.sharing import Share, SharedWith, shares

LAYER = Layer(digest("a"), 1, diff_id="sha256:tar")


def archive(path: str, *layers: Layer) -> Archive:
    """Return an archive of one image."""
    blobs = tuple(Blob(layer.digest, layer.size) for layer in layers if not layer.missing)
    return Archive(path, ArchiveKind.OCI, "tar", 1, Instant(1), images=(Image("sha256:i", layers),), blobs=blobs)


MINE = archive("/here/mine.tar", LAYER)


def test_other_archives_with_the_layer() -> None:
    """The same bytes come first; the same tar packed otherwise is told as such; the archive itself is not other."""
    packed = archive("/b/packed.tar", replace(LAYER, digest=digest("b")))
    found = shares(MINE, [packed, MINE, archive("/a/same.tar", LAYER, LAYER)])
    assert found[LAYER.digest] == (
        Share(SharedWith.ARCHIVE, "same.tar", "/a/same.tar"),
        Share(SharedWith.ARCHIVE, "packed.tar", "/b/packed.tar", repacked=True),
    )


def test_a_layer_that_an_archive_only_names_is_not_in_it() -> None:
    """Its tar is not there."""
    assert shares(MINE, [archive("/a.tar", replace(LAYER, digest=digest("b"), missing=True))]) == {}


def test_blobs_of_the_actions_cache() -> None:
    """A blob is known by its key, and told by its branch."""
    caches = entries(snapshot(blob(1, "a"), blob(2, "other", DEV))).values()
    assert shares(MINE, caches=caches) == {LAYER.digest: (Share(SharedWith.ACTIONS, "main", "1"),)}


def test_a_blob_that_an_index_names_is_told_with_its_scope() -> None:
    """The cache scope is what people know it by."""
    caches = entries(snapshot(blob(1, "a"), index(2, "app")), {2: content("a")}).values()
    (found,) = shares(MINE, caches=caches)[LAYER.digest]
    assert (found.name, found.key) == ("main · app", "1")


def test_a_record_is_known_by_the_step_that_made_it() -> None:
    """Only where the build's history told which layer the step made; of other records nothing is said."""
    copied = replace(step("[2/2] COPY a /a", 0, 2), layers=(LAYER.digest,))
    made = build("b", 0, 3, None, copied, step("[3/3] COPY b /b", 2, 3))
    records = [
        record("r1", created=1, what=("regular", "[2/2] COPY a /a")),
        record("r2", created=2.5, what=("regular", "[3/3] COPY b /b")),
    ]
    found = shares(MINE, records=attribute(records, [made]))
    assert found == {LAYER.digest: (Share(SharedWith.RECORD, "[2/2] COPY a /a", "r1"),)}
    assert shares(MINE, records=attribute(records, [])) == {}


def test_a_layer_without_diff_id_is_not_like_any_other() -> None:
    """Two layers whose tars are unknown are not the same tar."""
    first, second = archive("/a.tar", Layer(digest("a"), 1)), archive("/b.tar", Layer(digest("b"), 1))
    assert shares(first, [second]) == {}
