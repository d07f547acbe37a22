"""`dockcache-tui caches` against the real local service: what is listed, foreseen, restored and deleted."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from core.cache_making import blob_key
from dockcache_tui.cli.main import run
from dockcache_tui.core.caches.keys import BUILDKIT_VERSION, index_key
from dockcache_tui.core.instant import Instant
from documented import check_documented
from service.serving import Job, Served

MAIN, DEV, PULL = "refs/heads/main", "refs/heads/dev", "refs/pull/7/merge"
LAYERS = [f"sha256:{digit * 64}" for digit in "abc"]
INDEX = json.dumps({"layers": [{"blob": blob, "parent": -1, "annotations": {"size": 10}} for blob in LAYERS[:1]]})


def buildkit(job: Job, scope: str, number: int, content: bytes = INDEX.encode()) -> int:
    """Save an index as BuildKit does, on the job's ref; returns its id."""
    ref = job.grant.scopes[0][0]
    return job.save(f"{index_key(scope, ref)}#{number}", content, version=BUILDKIT_VERSION)


def blob(job: Job, digest: str) -> int:
    """Save a layer's blob as BuildKit does; returns its id."""
    return job.save(blob_key(digest), b"0123456789", version=BUILDKIT_VERSION)


def document(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """Run a command with --json and return its document."""
    assert run([*words, "--json"]) == code, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[object]:
    """Return the ids that `caches` lists, by id."""
    return [item["id"] for item in document(capsys, "caches", "--sort", "id", *words)["items"]]


def test_the_list(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """Every entry is listed with what its key says, filters and branches narrow it, and the sums are the service's."""
    ids = [buildkit(job, "app", 1), buildkit(job, "app", 2), blob(job, LAYERS[0])]
    ids.append(job.also(DEV, MAIN).save("Linux-npm-1"))
    whole = document(capsys, "caches", "--sort", "id")
    check_documented(whole, "json-caches.md#caches")
    assert [item["id"] for item in whole["items"]] == ids
    assert [(item["kind"], item["scope"], item["generation"], item["superseded"]) for item in whole["items"]] == [
        ("index", "app", 1, True),
        ("index", "app", 2, False),
        ("blob", None, None, False),
        ("other", None, None, False),
    ]
    size = 2 * len(INDEX) + 10 + len("content")
    assert whole["totals"] == {
        "count": 4,
        "size_in_bytes": size,
        "repository_count": 4,
        "repository_size_in_bytes": size,
        "usage_count": 4,
        "usage_size_in_bytes": size,
        "limit_in_bytes": 10**10,
        "retention_days": 7,
    }
    assert listed(capsys, "--branch", "dev") == ids[3:]
    assert listed(capsys, "--branch", "dev", "--restorable") == ids
    assert listed(capsys, "--branch", "main", "--restorable") == ids[:3]
    assert listed(capsys, "--filter", "kind:index !is:superseded") == [ids[1]]


def test_the_table_and_csv_show_hostile_keys_literally(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """A key with an escape sequence and a bidi control in it reaches no terminal."""
    job.save("\x1b]0;owned\x07\u202e[red]x")
    assert run(["caches"]) == 0
    out = capsys.readouterr()
    assert not set(out.out + out.err) & {"\x1b", "\x07", "\u202e"}
    assert "␛]0;owned␇\\u202e[red]x" in out.out
    assert f"{job.repo} keeps 1 cache, " in out.err
    assert run(["caches", "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["key"] == "␛]0;owned␇\\u202e[red]x"


def test_a_dry_run_changes_nothing_and_yes_deletes_exactly_that(
    job: Job, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What was previewed is what is gone afterwards, to the id, and the audit log has it."""
    old, new = buildkit(job, "app", 1), buildkit(job, "app", 2)
    kept = [new, blob(job, LAYERS[0])]
    words = ("caches", "delete", "--preset", "superseded")
    plan = document(capsys, *words)
    check_documented(plan, "json-caches.md#caches-delete", "json-caches.md#caches")
    assert [(item["id"], item["outcome"]) for item in plan["items"]] == [(old, None)]
    assert plan["totals"] == {"count": 1, "size_in_bytes": len(INDEX), "deleted": None, "freed": None, "audited": None}
    assert listed(capsys) == [old, *kept]
    done = document(capsys, *words, "--yes")
    assert [(item["id"], item["outcome"]) for item in done["items"]] == [(old, "deleted")]
    assert done["totals"] == {
        "count": 1,
        "size_in_bytes": len(INDEX),
        "deleted": 1,
        "freed": len(INDEX),
        "audited": True,
    }
    assert listed(capsys) == kept
    lines = (tmp_path / "data" / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [old, old]


def test_deleting_by_id_and_filter(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids must be among what the other options leave; nothing named, or an unknown id, is refused."""
    first, second = job.save("a-1"), job.also(DEV).save("b-1")
    assert run(["caches", "delete", "--yes"]) == 2
    assert run(["caches", "delete", str(first), "--branch", "dev", "--yes"]) == 2
    assert run(["caches", "delete", "--preset", "older-than"]) == 2
    assert run(["caches", "delete", "--older-than", "soon"]) == 2
    capsys.readouterr()
    assert listed(capsys) == [first, second]
    assert run(["caches", "delete", "--filter", "key:b-", "--yes"]) == 0
    assert "Exactly as planned." in capsys.readouterr().err
    assert listed(capsys) == [first]
    assert run(["caches", "delete", str(first), "--older-than", "1d"]) == 2


def test_orphans(job: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the job's own token the indexes are read: blobs that none names are orphans, those it names are not."""
    index, named, orphan = buildkit(job, "app", 1), blob(job, LAYERS[0]), blob(job, LAYERS[1])
    words = ("caches", "delete", "--preset", "orphaned")
    assert run(words) == 2
    assert "orphaned chooses no cache" in capsys.readouterr().err
    assert run([*words, "--indexes"]) == 3
    capsys.readouterr()
    monkeypatch.setenv("ACTIONS_RESULTS_URL", f"{job.served.address}/")
    monkeypatch.setenv("ACTIONS_RUNTIME_TOKEN", job.token)
    plan = document(capsys, *words, "--indexes")
    assert [item["id"] for item in plan["items"]] == [orphan]
    verdicts = {item["id"]: item["orphan"] for item in document(capsys, "caches", "--indexes")["items"]}
    assert verdicts == {index: False, named: False, orphan: True}
    assert listed(capsys, "--indexes", "--filter", "holes>0") == []
    assert job.rest(f"actions/caches/{named}", "DELETE").status_code == 204
    (item,) = document(capsys, "caches", "--indexes", "--filter", "holes>0")["items"]
    assert (item["id"], item["layers"], item["layers_size_in_bytes"], item["holes"]) == (index, 1, 10, 1)


def test_a_read_only_token_deletes_nothing(
    job: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is told before anything is tried."""
    kept = job.save("a")
    monkeypatch.setenv("GITHUB_TOKEN", job.served.signer.rest_token(write=False))
    assert run(["caches", "delete", str(kept)]) == 0
    assert "may only read" in capsys.readouterr().err
    assert run(["caches", "delete", str(kept), "--yes"]) == 3
    assert "Nothing can be deleted" in capsys.readouterr().err
    assert listed(capsys) == [kept]


def test_what_is_restored_is_what_the_service_then_serves(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """The restorable view of a pull request agrees with the service, lookup by lookup."""
    job.save("go-1"), job.save("go-2"), job.save("node")
    job.also(DEV, MAIN).save("go-3")
    pull = job.also(PULL, MAIN)
    pull.save("go-0")
    for keys in (("go-2",), ("go-",), ("node",), ("x", "go-", "node"), ("x", "node", "go-"), ("x",), ("go-3", "no")):
        found = document(capsys, "caches", "restore", *keys, "--branch", "#7")
        check_documented(found, "json-caches.md#caches-restore")
        hits = [str(item["key"]) for item in found["items"] if item["hit"]]
        served = pull.url_of(*keys)
        assert hits == ([served[0]] if served else [])
        assert len(found["items"]) == 5
    assert run(["caches", "restore", "go-", "--branch", "#7"]) == 0
    told = capsys.readouterr()
    assert "a run on this ref can't restore from its ref" in told.out
    assert "Tried in this order: #7, main." in told.err


def test_the_first_victims_go_when_the_limit_is_lowered(
    job: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A service begun again with less room evicts exactly the head of the forecast, up to where the rest fits."""
    before = Served(tmp_path / "service")
    try:
        own = before.job("main", repo=job.repo)
        ids = [own.save(f"k{number}", b"x" * 10) for number in range(4)]
        assert own.url_of("k0")
        monkeypatch.setenv("GITHUB_API_URL", before.address)
        monkeypatch.setenv("GITHUB_TOKEN", own.rest_token)
        forecast = document(capsys, "caches", "forecast")
        check_documented(forecast, "json-caches.md#caches-forecast")
        foreseen = forecast["items"]
    finally:
        before.stop()
    assert [item["id"] for item in foreseen] == [*ids[1:], ids[0]]
    assert {item["cause"] for item in foreseen} == {"not accessed"}
    after = Served(tmp_path / "service", "--limit", "25")
    try:
        monkeypatch.setenv("GITHUB_API_URL", after.address)
        assert listed(capsys) == [ids[0], ids[3]]
    finally:
        after.stop()


def test_the_forecast_in_words(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """Each victim says when, why and what is left; the usage stands beside the limit."""
    job.save("a-key")
    assert run(["caches", "forecast"]) == 0
    told = capsys.readouterr()
    assert "not accessed" in told.out
    assert "a-key" in told.out
    assert "of 10.0 GB" in told.err


def test_an_organisation(job: Job, served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """`--org` lists its repositories by usage, and `--repo` of each row lists as many entries of as many bytes."""
    name = f"org-{job.repo[-12:]}"
    small, big = (served.job("main", repo=f"{name}/{repo}") for repo in ("small", "big"))
    small.save("a"), big.save("b", b"x" * 100), big.save("c")
    found = document(capsys, "caches", "--org", name)
    check_documented(found, "json-caches.md#caches---org")
    assert found == {
        "schema": 1,
        "items": [
            {"repo": big.repo, "count": 2, "size_in_bytes": 107},
            {"repo": small.repo, "count": 1, "size_in_bytes": 7},
        ],
        "totals": {"count": 3, "size_in_bytes": 114},
    }
    for row in found["items"]:
        totals = document(capsys, "caches", "--repo", row["repo"])["totals"]
        assert (totals["count"], totals["size_in_bytes"]) == (row["count"], row["size_in_bytes"])
    only = document(capsys, "caches", "--org", name, "--filter", "caches<2")
    assert [row["repo"] for row in only["items"]] == [small.repo]
    assert run(["caches", "--org", name]) == 0
    assert "2 repositories, 114 B (114 bytes); `caches --repo` lists one's caches." in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("caches", "--org", "../x"),
        ("caches", "--org", "acme", "--repo", "acme/app"),
        ("caches", "--org", "acme", "--branch", "main"),
        ("caches", "--org", "acme", "--sort", "id"),
        ("caches", "--org", "acme", "--indexes"),
        ("caches", "--org", "acme", "--filter", "branch:main"),
        ("--org", "acme", "--repo", "acme/app"),
    ],
)
@pytest.mark.usefixtures("job")
def test_what_makes_no_sense_of_an_organisation(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """What is no name, and options that only a repository's caches have, are refused and not silently ignored."""
    assert run([*words]) == 2
    assert capsys.readouterr().out == ""


def test_errors_are_told_and_the_token_is_not(
    job: Job, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown repository is exit code 3 with a hint; a token is in no line, whatever goes wrong."""
    assert run(["caches", "--repo", "no/such"]) == 3
    told = capsys.readouterr()
    assert "Not found" in told.err
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_T0psecret")
    assert run(["caches"]) == 3
    told = capsys.readouterr()
    assert "Not signed in" in told.err
    assert "T0psecret" not in told.err + told.out
    assert run(["caches", "--repo", f"elsewhere.example/{job.repo}/x"]) == 2


def test_times_are_githubs(job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    """An entry expires its retention after the last access."""
    job.save("a")
    (item,) = document(capsys, "caches")["items"]
    accessed, expires = (Instant.parse(str(item[name])) for name in ("last_accessed_at", "expires_at"))
    assert expires.seconds_since(accessed) == 7 * 86_400
