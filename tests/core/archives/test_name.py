"""An image is found by the name that its user typed, and a file by its path however that is written."""

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveKind, Image
from dockcache_tui.core.archives.name import image_of
from dockcache_tui.core.archives.path import holds
from dockcache_tui.core.errors import UsageError
from dockcache_tui.core.instant import Instant

ONE = Image(f"sha256:{'1' * 64}", (), "linux/amd64", ("docker.io/library/app:latest",))
TWO = Image(f"sha256:{'2' * 64}", (), "linux/arm64", ("team/app:2",))
THREE = Image(f"sha256:{'3' * 64}", (), "linux/arm/v7", ("localhost:5000/app:2",))
FOUR = Image(f"sha256:{'4' * 64}", (), "linux/s390x", ("stable",), also=(f"sha256:{'1a' * 32}", f"sha256:{'5' * 64}"))
ARCHIVE = Archive("a.tar", ArchiveKind.OCI, "tar", 1, Instant(0), (ONE, TWO, THREE, FOUR))


@pytest.mark.parametrize(
    ("wanted", "image"),
    [
        ("app", ONE),
        ("app:latest", ONE),
        ("library/app", ONE),
        ("docker.io/app", ONE),
        ("index.docker.io/library/app:latest", ONE),
        (f"app@sha256:{'1' * 64}", ONE),
        ("docker.io/team/app:2", TWO),
        ("localhost:5000/app:2", THREE),
        ("stable", FOUR),
        ("linux/arm64", TWO),
        ("3333", THREE),
        ("sha256:4", FOUR),
        (f"stable@sha256:{'5' * 64}", FOUR),
        (f"stable:2@sha256:{'1a' * 32}", FOUR),
        ("sha256:5", FOUR),
        ("1a", FOUR),
        ("1", ONE),
    ],
)
def test_an_image_by_any_of_its_names(wanted: str, image: Image) -> None:
    """Registry and library may be left out, no tag is latest, and a digest is enough."""
    assert image_of(ARCHIVE, wanted) is image


@pytest.mark.parametrize(
    "wanted",
    [
        "app:2",
        "team/app",
        "localhost:5000/app",
        f"app@sha256:{'2' * 64}",
        f"app@sha256:{'5' * 64}",
        "library",
        "APP",
        "app:",
        ":2",
    ],
)
def test_another_name_is_another_image(wanted: str) -> None:
    """Another tag, registry or digest is not what was meant: nothing is guessed."""
    with pytest.raises(UsageError, match="no image"):
        image_of(ARCHIVE, wanted)


@pytest.mark.parametrize(
    ("text", "found"),
    [("etc", True), ("./etc", True), ("/etc/", True), ("ETC/x", True), ("./x", True), ("tc", True), ("/tc", False)],
)
def test_a_path_holds_a_text_however_it_is_written(text: str, *, found: bool) -> None:
    """A leading `./` or `/` is where a name begins."""
    assert holds("etc/xyz", text) is found
