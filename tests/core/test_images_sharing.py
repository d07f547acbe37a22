"""Where else a layer is: told by digest, by the tar's digest, and by the step that made it."""

from dataclasses import replace

from core.cache_making import DEV, blob, digest, entries, snapshot
from core.record_making import build, record, step
from dockcache_tui.core.actions_cache.index import CacheIndex, IndexLayer
from dockcache_tui.core.images.archive import Archive, ArchiveKind, Blob, Image, Layer
from dockcache_tui.core.images.sharing import Place, Share, Sharing
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.records.attribution import ScopedRecord

LAYER = Layer(digest("a"), 1, diff_id="sha256:tar")


def archive(path: str, *layers: Layer) -> Archive:
    """Return an archive of one image."""
    blobs = tuple(Blob(layer.digest, layer.size) for layer in layers)
    return Archive(path, ArchiveKind.OCI, "tar", 1, Instant(1), images=(Image("sha256:i", layers),), blobs=blobs)


def test_other_archives_with_the_layer() -> None:
    """The same bytes come first; the same tar packed otherwise is told as such, each archive once."""
    other = replace(LAYER, digest=digest("b"))
    found = Sharing(archives=[archive("packed.tar", other), archive("same.tar", LAYER, LAYER)])
    assert found.of(LAYER) == (Share(Place.ARCHIVE, "same.tar"), Share(Place.ARCHIVE, "packed.tar", repacked=True))


def test_a_layer_that_an_archive_only_names_is_not_in_it() -> None:
    """Its tar is not there."""
    assert Sharing(archives=[archive("a.tar", replace(LAYER, digest=digest("b"), missing=True))]).of(LAYER) == ()


def test_blobs_of_the_actions_cache() -> None:
    """A blob by its key, and by the tar's digest where an index was read that tells it."""
    caches = list(entries(snapshot(blob(1, "a"), blob(2, "other", DEV))).values())
    index = CacheIndex("", (IndexLayer(digest("other"), None, 1, "", "sha256:tar", None),), (), ())
    assert Sharing(caches=caches).of(LAYER) == (Share(Place.ACTIONS, "refs/heads/main"),)
    assert Sharing(caches=caches, indexes=[index]).of(LAYER)[1:] == (Share(Place.ACTIONS, DEV, repacked=True),)


def test_a_record_is_known_by_the_step_that_made_it() -> None:
    """Only where provenance told the step; else it is not known, which is not the same as none."""
    made = step("[2/2] COPY a /a", 0, 1)
    mine = ScopedRecord(record("r1"), created_by=build("b", 0, 1), created_step=made)
    found = Sharing(records=[mine, ScopedRecord(record("r2"))], steps={LAYER.digest: made.digest})
    assert (found.of(LAYER), found.record_known(LAYER)) == ((Share(Place.RECORD, "r1"),), True)
    unknown = Sharing(records=[mine])
    assert (unknown.of(LAYER), unknown.record_known(LAYER)) == ((), False)


def test_a_layer_without_diff_id_is_not_like_any_other() -> None:
    """Two layers whose tars are unknown are not the same tar."""
    assert Sharing(archives=[archive("a.tar", Layer(digest("b"), 1))]).of(Layer(digest("a"), 1)) == ()
