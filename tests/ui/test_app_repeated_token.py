"""Whoever repeats our tokens, none comes onto the screen."""

import threading
from pathlib import Path
from threading import Thread

import pytest

from cli.test_repeated_token import behind, leaks
from dockcache_tui.sources.github.protocol import ActionsSource
from dockcache_tui.sources.github.source import open_actions
from dockcache_tui.ui.running import RunningApp
from sources.github_server import TOKEN
from sources.repeating import repeating
from ui.bench import WIDE, Bench, bench
from ui.house import House


class HubHouse(House):
    """A house whose repository is the environment's."""

    def actions(self, repo: str = "") -> ActionsSource:
        """Open it."""
        return open_actions(repo)


@pytest.mark.parametrize(
    ("way", "told"), [("refusal", "The proxy fails"), ("body", "Not allowed"), ("garbage", "can.t be reached")]
)
async def test_a_proxy_that_repeats_what_it_is_sent(
    way: str, told: str, tmp_path: Path, rest_alone: pytest.MonkeyPatch
) -> None:
    """The caches and the archives are told as unread, with neither our token nor the proxy's password."""
    with repeating(way, TOKEN, tmp_path) as proxy:
        heard = behind(proxy, rest_alone)
        async with bench(HubHouse()) as app:
            await app.press("3")
            assert not leaks(await app.see(told, "[*]{3}"))
            await app.press("4")
            assert not leaks(await app.see("No artifacts: "))
    assert leaks("\n".join(heard))


async def test_a_defect_in_a_thread_is_kept_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What ends a thread is told with the path of a log that has its traceback, without tokens; the app goes on."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("GH_TOKEN", TOKEN)

    def broken() -> None:
        raise KeyError("nope", TOKEN)

    running = RunningApp(House())
    async with running.run_test(size=WIDE, notifications=True) as pilot:
        app = Bench(running, pilot)
        await app.see("no cache yet")
        monkeypatch.setattr(threading, "excepthook", running.tell_defect)
        Thread(target=broken).start()
        await app.see("A defect of dockcache-tui", "KeyError: .'nope', '[*]{3}'", "error-[0-9]")
        await app.press("5")
        await app.see("No build yet")
    (log,) = tmp_path.rglob("error-*.log")  # noqa: ASYNC240 - the app is left
    assert "in broken" in log.read_text()
    assert TOKEN not in log.read_text()
