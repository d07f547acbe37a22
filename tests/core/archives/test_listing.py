"""Archives and artifacts as one list: what the filter knows of them, and their JSON."""

from dataclasses import replace

import pytest

from dockcache_tui.core.archives.archive import Archive, ArchiveKind, Fault, Image
from dockcache_tui.core.archives.artifact import Artifact
from dockcache_tui.core.archives.fields import ARCHIVE_FIELDS
from dockcache_tui.core.archives.listing import ListedArchive
from dockcache_tui.core.field import json_row
from dockcache_tui.core.filter import parse
from dockcache_tui.core.instant import Instant
from dockcache_tui.core.scope import BranchScope

NOW = Instant.parse("2026-11-24T12:00:00Z")
MAIN = BranchScope.of("main")
FILE = ListedArchive(
    "app.tar",
    "/project/app.tar",
    Archive(
        "app.tar",
        ArchiveKind.OCI,
        "tar",
        2_000_000,
        Instant.parse("2026-11-24T11:00:00Z"),
        images=(Image("sha256:1", (), "linux/amd64"), Image("sha256:2", (), attestation_of="sha256:1")),
        branches=(MAIN,),
    ),
)
ARTIFACT = ListedArchive(
    "image",
    artifact=Artifact(
        7,
        "image",
        500,
        expired=False,
        created_at=Instant.parse("2026-11-20T12:00:00Z"),
        expires_at=Instant.parse("2026-11-25T12:00:00Z"),
        branch=BranchScope.of("topic"),
        revision="",
        run=1,
        digest=None,
    ),
)
BROKEN = ListedArchive("bad.bin", problem="it is a PNG")


@pytest.mark.parametrize(
    ("expression", "passing"),
    [
        ("", [FILE, ARTIFACT, BROKEN]),
        ("kind:oci", [FILE]),
        ("is:artifact", [ARTIFACT]),
        ("branch:main", [FILE]),
        ("branch:topic", [ARTIFACT]),
        ("size>1MB", [FILE]),
        ("age>2d", [ARTIFACT]),
        ("platform:amd64", [FILE]),
        ("is:faulty", [BROKEN]),
        ("is:known", [FILE, ARTIFACT]),
        ("!is:artifact", [FILE, BROKEN]),
    ],
)
def test_the_filter_knows_archives(expression: str, passing: list[ListedArchive]) -> None:
    """Files and artifacts answer to the same words."""
    passes = parse(expression, ARCHIVE_FIELDS).compile(NOW)
    assert [row for row in (FILE, ARTIFACT, BROKEN) if passes(row)] == passing


def test_rows_have_keys_of_their_own() -> None:
    """A file and an artifact of the same name are two rows."""
    keys = [FILE.key, ARTIFACT.key, ListedArchive("app.tar", "/elsewhere/app.tar").key]
    assert len(set(keys)) == len(keys)


def test_the_state_names_the_first_fault() -> None:
    """The first fault is told, and how many more there are."""
    archive = FILE.archive
    assert archive
    cut = replace(FILE, archive=replace(archive, faults=(Fault("cut off"), Fault("no such blob"))))
    assert cut.state == "cut off, and 1 more"


def test_json_of_a_row() -> None:
    """Sizes are bytes, times RFC 3339, branches full refs, absent values null."""
    assert json_row(ARCHIVE_FIELDS, FILE) == {
        "name": "app.tar",
        "path": "/project/app.tar",
        "kind": "oci layout",
        "size": 2_000_000,
        "platforms": ["linux/amd64"],
        "branches": ["refs/heads/main"],
        "created_at": "2026-11-24T11:00:00Z",
        "expires_at": None,
        "state": None,
    }
    assert json_row(ARCHIVE_FIELDS, ARTIFACT)["expires_at"] == "2026-11-25T12:00:00Z"
