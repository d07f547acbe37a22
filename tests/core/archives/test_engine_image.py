"""Which layers of an archive an engine has already, and which names move."""

from hashlib import sha256

from dockcache_tui.core.archives.archive import Image, Layer
from dockcache_tui.core.archives.engine_image import (
    EngineImage,
    Loaded,
    LoadedImage,
    chain_ids,
    layers_there,
    moved_names,
)

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


def image(*diff_ids: str | None) -> Image:
    """Return an image of an archive; None is an empty layer, an empty text a tar whose digest is not known."""
    layers = [Layer("", 0, empty=True) if one is None else Layer(f"packed {one}", 1, diff_id=one) for one in diff_ids]
    return Image("sha256:image", tuple(layers))


def kept(*diff_ids: str, id_: str = "1", names: tuple[str, ...] = ()) -> EngineImage:
    """Return an image of an engine."""
    return EngineImage(id_, names, 1, None, "linux/amd64", diff_ids)


def test_chain_ids() -> None:
    """The first is the tar's digest, each other the digest of the chain below and its own (OCI image specification)."""
    first, second = chain_ids([A, B])
    assert first == A
    assert second == f"sha256:{sha256(f'{A} {B}'.encode()).hexdigest()}"


def test_a_layer_is_there_on_the_layers_below_it() -> None:
    """Shared first layers are there; the same tar on others is not."""
    assert layers_there(image(A, B, C), [kept(A, B), kept(C)]) == (True, True, False)
    assert layers_there(image(B, A), [kept(A, B)]) == (False, False)
    assert layers_there(image(A), [kept(A, B)]) == (True,)
    assert layers_there(image(A), []) == (False,)


def test_what_nothing_is_known_of() -> None:
    """Empty layers are neither, and from a layer of unknown content on nothing can be said."""
    assert layers_there(image(None, A, None, B), [kept(A)]) == (None, True, None, False)
    assert layers_there(image(A, "", B, None), [kept(A)]) == (True, None, None, None)


def test_layers_of_several_images_count_once() -> None:
    """A base that two images share is one layer that was there."""
    both = [kept(A)]
    images = tuple(LoadedImage(one, layers_there(one, both)) for one in (image(A, B), image(A, None, C)))
    loaded = Loaded((), (), images)
    assert (loaded.kept, loaded.new) == (1, 2)


def test_names_that_move() -> None:
    """A name moves when it meant another image; a new one does not."""
    before = [kept(A, id_="1", names=("x:1", "y:1")), kept(B, id_="2", names=("z:1",))]
    after = [
        kept(A, id_="1", names=("y:1",)),
        kept(C, id_="3", names=("x:1", "new:1")),
        kept(B, id_="2", names=("z:1",)),
    ]
    assert moved_names(before, after) == ("x:1",)
