"""Deleting: read again first, one by one, told one by one, and kept in the audit log."""

import json
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from dockcache_tui.core.caches.cache import ActionsCache
from dockcache_tui.core.deletion import DeletePlan, Fate
from dockcache_tui.sources.github.answers import CacheAnswer
from dockcache_tui.sources.github.source import GitHubActions
from sources.github_server import TOKEN, Answering, Asked, Reply, api_of, cache_json, page_of, serving


class Shelf:
    """A GitHub with caches to delete; `refusals` are answers to the deletion of an id."""

    def __init__(self, *numbers: int) -> None:
        """Hold caches of these ids."""
        self.rows = {number: cache_json(number) for number in numbers}
        self.refusals: dict[int, Reply] = {}

    def __call__(self, asked: Asked) -> Reply:
        """Answer as the REST API does: a key is a prefix."""
        if asked.method == "GET":
            key = asked.query["key"]
            return page_of(asked, "", [row for row in self.rows.values() if str(row["key"]).startswith(key)])
        number = int(asked.path.rpartition("/")[2])
        if number in self.refusals:
            return self.refusals[number]
        return Reply(None, 204) if self.rows.pop(number, None) else Reply({"message": "Not Found"}, 404)


def planned(*numbers: int) -> DeletePlan[ActionsCache]:
    """Return the plan to delete the caches of these ids as they were listed."""
    rows = [CacheAnswer(**cache_json(number)).cache() for number in numbers]  # type: ignore[arg-type]
    caches = tuple(row for row in rows if isinstance(row, ActionsCache))
    return DeletePlan("octo/app", caches)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own."""
    monkeypatch.setenv("DOCKCACHE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def fates(shelf: Answering, plan: DeletePlan[ActionsCache]) -> tuple[dict[int, Fate], list[Asked]]:
    """Delete what is planned, and return what became of each, and what was asked."""
    with serving(shelf) as github:
        source = GitHubActions(api_of(github.address), "octo/app", pace=0)
        found = {one.thing.id: one.fate for one in source.delete(plan)}
        source.close()
    return found, github.asked


def test_each_is_read_again_and_deleted(data: Path) -> None:
    """Every delete follows a reading of the same entry; others stay; the audit log has a line before and one after."""
    shelf = Shelf(1, 12, 3)
    found, asked = fates(shelf, planned(1, 3))
    assert found == {1: Fate.DELETED, 3: Fate.DELETED}
    assert list(shelf.rows) == [12]
    assert [(one.method, one.path.rpartition("/")[2]) for one in asked] == [
        ("GET", "caches"),
        ("DELETE", "1"),
        ("GET", "caches"),
        ("DELETE", "3"),
    ]
    lines = [json.loads(line) for line in (data / "audit.jsonl").read_text().splitlines()]
    assert [(line["id"], line["what"]) for line in lines] == [
        (1, "deleting"),
        (1, "deleted"),
        (3, "deleting"),
        (3, "deleted"),
    ]
    assert (lines[0]["repo"], lines[0]["key"], lines[0]["size_in_bytes"]) == ("octo/app", "key-1", 10)
    assert TOKEN not in (data / "audit.jsonl").read_text()
    assert (data / "audit.jsonl").stat().st_mode & 0o077 == 0


def test_what_changed_is_left_alone() -> None:
    """An entry that is gone, was saved anew under the name, or has another key by now is not deleted."""
    shelf = Shelf(1, 2, 3)
    plan = planned(1, 2, 3)
    del shelf.rows[1]
    shelf.rows[2] |= {"created_at": "2026-11-20T00:00:00Z"}
    shelf.rows[30] = shelf.rows.pop(3) | {"id": 30}
    found, asked = fates(shelf, plan)
    assert found == {1: Fate.GONE, 2: Fate.CHANGED, 3: Fate.CHANGED}
    assert {one.method for one in asked} == {"GET"}


def test_a_refusal_that_all_would_meet_ends_the_deleting() -> None:
    """Without the right to delete, the rest is not even tried, and each says so."""
    shelf = Shelf(1, 2, 3)
    shelf.refusals[2] = Reply({"message": "Resource not accessible by integration"}, 403)
    found, asked = fates(shelf, planned(1, 2, 3))
    assert found == {1: Fate.DELETED, 2: Fate.REFUSED, 3: Fate.NOT_TRIED}
    assert [one.path.rpartition("/")[2] for one in asked if one.method == "DELETE"] == ["1", "2"]


def test_what_was_refused_once_is_known_then() -> None:
    """No reading tells what a fine-grained token may delete: the refusal does, and every later snapshot has it."""
    shelf = Shelf(1)
    shelf.refusals[1] = Reply({"message": "Resource not accessible by personal access token"}, 403)

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/actions/caches") and "key" not in asked.query:
            return page_of(asked, "", list(shelf.rows.values()))
        if not asked.path.endswith(("/actions/caches", "/1")):
            rights = {"default_branch": "main", "permissions": {"pull": True, "push": True}}
            return Reply([] if asked.path.endswith(("/branches", "/pulls")) else rights)
        return shelf(asked)

    with serving(answer) as github:
        source = GitHubActions(api_of(github.address), "octo/app", pace=0)
        assert (list(source.read())[-1].read_only, source.read_only()) == ("", "")
        list(source.delete(planned(1)))
        for told in (list(source.read())[-1].read_only, source.read_only()):
            assert "Resource not accessible by personal access token" in told
        source.close()


def test_two_plans_take_turns() -> None:
    """Deletes stay one at a time, also when a second plan is carried out meanwhile."""
    shelf = Shelf(1, 2, 3, 4)
    with serving(lambda asked: replace(shelf(asked), delay=0.05)) as github:
        source = GitHubActions(api_of(github.address), "octo/app", pace=0)
        threads = [
            Thread(target=lambda plan=plan: list(source.delete(plan))) for plan in (planned(1, 2), planned(3, 4))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        source.close()
    order = [one.path.rpartition("/")[2] for one in github.asked if one.method == "DELETE"]
    assert order in (["1", "2", "3", "4"], ["3", "4", "1", "2"])
    assert not shelf.rows


def test_a_failure_of_one_leaves_the_others() -> None:
    """A 500 is told of its entry, and the others are deleted."""
    shelf = Shelf(1, 2)
    shelf.refusals[1] = Reply({"message": "oops"}, 500)
    found, _ = fates(shelf, planned(1, 2))
    assert found == {1: Fate.REFUSED, 2: Fate.DELETED}


def test_a_lost_answer_is_looked_into() -> None:
    """When GitHub deletes and its answer is cut off, the entry is found gone and counts as deleted."""
    shelf = Shelf(1)

    def answer(asked: Asked) -> Reply:
        reply = shelf(asked)
        return Reply(b"123456", cut=3) if asked.method == "DELETE" else reply

    with serving(answer) as github:
        source = GitHubActions(api_of(github.address), "octo/app", pace=0)
        (one,) = source.delete(planned(1))
    assert one.fate is Fate.DELETED
    assert "cut off" in one.detail


def test_without_the_audit_log_all_is_deleted_and_told(data: Path) -> None:
    """A log that can't be written stops no delete, and each outcome says why it is not audited."""
    data.write_text("a file where the folder should be")
    shelf = Shelf(1, 2)
    with serving(shelf) as github:
        source = GitHubActions(api_of(github.address), "octo/app", pace=0)
        done = list(source.delete(planned(1, 2)))
        source.close()
    assert [one.fate for one in done] == [Fate.DELETED] * 2
    assert all("audit.jsonl can't be written: " in one.unaudited for one in done)
    assert not shelf.rows


def test_what_no_answer_tells_of_is_unknown(data: Path) -> None:
    """When a delete's answer is lost and nothing can be read after it, its entry is unknown, the rest not tried."""
    shelf = Shelf(1, 2, 3)
    lost = False

    def answer(asked: Asked) -> Reply:
        nonlocal lost
        reply = shelf(asked)
        lost = lost or (asked.method, asked.path[-2:]) == ("DELETE", "/2")
        return Reply(b"123456", cut=3) if lost else reply

    found, _ = fates(answer, planned(1, 2, 3))
    assert found == {1: Fate.DELETED, 2: Fate.UNKNOWN, 3: Fate.NOT_TRIED}
    lines = [json.loads(line) for line in (data / "audit.jsonl").read_text().splitlines()]
    assert [(line["id"], line["what"]) for line in lines][2:] == [(2, "deleting"), (2, "unknown"), (3, "not tried")]


def test_without_a_first_reading_nothing_is_tried() -> None:
    """Where GitHub can't be asked at all every entry is told as not tried, and none as refused."""
    found, asked = fates(lambda _: Reply({"message": "Bad credentials"}, 401), planned(1, 2))
    assert found == {1: Fate.NOT_TRIED, 2: Fate.NOT_TRIED}
    assert {one.method for one in asked} == {"GET"}
