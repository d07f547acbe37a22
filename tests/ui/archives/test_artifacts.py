"""Workflow artifacts in the Archives view, on the real local service: listed, narrowed, downloaded, deleted."""

import io
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.test_artifacts_service import GZIP, RECORD, upload
from dockcache_tui.core.instant import Instant
from service.serving import Job, Served
from sources.archive_files_making import as_tar, file, oci, tar
from ui.bench import bench
from ui.caches_bench import CachesHouse


@pytest.fixture
def job(served: Served, rest_alone: pytest.MonkeyPatch, tmp_path: Path) -> Job:
    """A job on main of a repository of its own, which the app reads; files go to a folder of the test's."""
    rest_alone.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    rest_alone.chdir(tmp_path / "here")
    return served.job("main").enter(rest_alone)


def zipped(tmp_path: Path) -> bytes:
    """Return an artifact's zip with an image archive in it."""
    image = as_tar(oci(tmp_path / "image", [tar(file("hello", b"from an artifact"))])).path
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.write(image, "image.tar")
    assert tarfile.is_tarfile(image)
    return out.getvalue()


async def test_an_artifact_is_downloaded_and_opened(job: Job, tmp_path: Path) -> None:
    """Enter offers the download; the file then stands in the list and opens to its layers and files."""
    upload(job, "image", zipped(tmp_path), mime_type="application/zip")
    async with bench(CachesHouse()) as app:
        await app.see("no cache yet")
        await app.press("4")
        await app.see(r"image +artifact .* main .* \d+d", "1 artifact on GitHub")
        await app.press("enter")
        await app.see("Artifact image", "Download")
        await app.press("enter")
        await app.see(r"image\.zip +oci layout", "1 archive here")
        await app.press("/")
        await app.type("!is:artifact")
        await app.press("enter", "enter")
        await app.see(r"image\.zip › layers", "in zip")
        await app.press("enter")
        await app.see(r"hello +16 B")


async def test_a_download_that_broke_off_is_gone_on_with(rest_alone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What stops a download is told in place of its progress, and the next try asks only for the rest."""
    rest_alone.setattr("dockcache_tui.sources.github.artifact_download._PAUSE", 0.01)
    (tmp_path / "here").mkdir()
    rest_alone.chdir(tmp_path / "here")
    served = Served(tmp_path / "a", "--fault", "download:cut=500000:times=1", "--fault", "download:500:times=5")
    try:
        upload(served.job("main").enter(rest_alone), RECORD, GZIP)
        async with bench(CachesHouse()) as app:
            await app.see("no cache yet")
            await app.press("4")
            await app.see(rf"{RECORD} +artifact", "1 artifact on GitHub")
            await app.press("enter")
            await app.see("Download")
            await app.press("enter")
            await app.see("refuses the address that GitHub gave", "^ 1 artifact on GitHub")
            (part,) = Path.cwd().iterdir()
            assert part.read_bytes() == GZIP[:500_000]
            await app.press("enter")
            await app.see("Download")
            await app.press("enter")
            await app.see("Downloaded")
    finally:
        served.stop()
    assert [path.read_bytes() for path in Path.cwd().iterdir()] == [GZIP]


async def test_what_is_left_of_an_artifact_counts_down(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the view is open the time until GitHub deletes an artifact goes on."""
    upload(job, "one", b"PK\x05\x06" + bytes(18))
    async with bench(CachesHouse()) as app:
        await app.see("no cache yet")
        await app.press("4")
        await app.see(r"one +artifact .* 89d")
        later = Instant(Instant.now().ns + 40 * 86_400 * 10**9)
        monkeypatch.setattr("dockcache_tui.ui.archives.archives_view.Instant", SimpleNamespace(now=lambda: later))
        await app.see(r"one +artifact .* 49d")


async def test_a_branch_narrows_artifacts(job: Job) -> None:
    """The filter knows an artifact's branch."""
    upload(job, "one", b"PK\x05\x06" + bytes(18))
    upload(job.also("topic"), "two", b"PK\x05\x06" + bytes(18))
    async with bench(CachesHouse()) as app:
        await app.see("no cache yet")
        await app.press("4")
        await app.see(r"one +artifact .* main", r"two +artifact .* topic")
        await app.press("/")
        await app.type("branch:topic")
        await app.see("1 of 2")
        await app.see_no(r"one +artifact")


async def test_a_branch_that_only_artifacts_have_narrows_every_view(job: Job) -> None:
    """The f key offers the branches of artifacts too, and picking one leaves only what its runs made."""
    upload(job, "one", b"PK\x05\x06" + bytes(18))
    upload(job.also("topic"), "two", b"PK\x05\x06" + bytes(18))
    async with bench(CachesHouse()) as app:
        await app.see("no cache yet")
        await app.press("4")
        await app.see(r"one +artifact .* main", r"two +artifact .* topic")
        await app.press("f")
        await app.see("Branch scope of every view", "topic +0 records · 1 archive")
        await app.type("topic")
        await app.press("enter")
        await app.see(r"^ dockcache .* · topic ", r"two +artifact")
        await app.see_no(r"one +artifact")


async def test_an_artifact_is_deleted_as_previewed(job: Job) -> None:
    """The d key shows what goes; No keeps it, Delete deletes just that."""
    upload(job, "keep", b"PK\x05\x06" + bytes(18))
    upload(job, "waste", b"PK\x05\x06" + bytes(18))
    async with bench(CachesHouse()) as app:
        await app.see("no cache yet")
        await app.press("3", "4")
        await app.see(r"keep +artifact", r"waste +artifact")
        await app.press("/")
        await app.type("waste")
        await app.see("1 of 2")
        await app.press("enter", "d")
        await app.see("Delete artifacts", "1 entry, 22 B", "waste")
        await app.press("enter")
        await app.see_no("Delete artifacts")
        await app.press("d")
        await app.see("Delete artifacts")
        await app.press("tab", "enter")
        await app.see("Deleted 1 artifact")
        await app.press("escape")
        await app.see(r"keep +artifact", "1 artifact on GitHub")
