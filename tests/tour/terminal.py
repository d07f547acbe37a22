"""A terminal with real keys: a shell in a tmux server of its own."""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

BINARY = str(Path(sys.executable).with_name("dockcache-tui"))
PATIENCE = 90.0
"""Seconds to wait for something to come into sight, on a machine that may do much else."""
_LOOK_EVERY = 0.1


class Terminal:
    """A shell in a terminal of fixed size; what it shows is read as text."""

    def __init__(self, width: int, height: int, environment: Mapping[str, str], folder: Path) -> None:
        """Start tmux under a socket name that nothing else has."""
        self._socket = f"dockcache-{uuid4().hex[:8]}"
        self._closed = False
        self._environment = {**environment, "LC_ALL": "C.UTF-8"}
        size = ("-x", str(width), "-y", str(height))
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), "sh")

    def greet(self) -> None:
        """Wait for the shell's prompt, the same for everyone."""
        self.run("PS1='rea''dy> '")
        self.see("ready>$")

    def run(self, *words: str) -> None:
        """Type a command and enter."""
        self.type(" ".join(words))
        self.press("Enter")

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names for them."""
        self._tmux("send-keys", *keys)

    def screen(self, *, styled: bool = False) -> str:
        """Return what is in sight, with its escape sequences when `styled`."""
        return self._tmux("capture-pane", "-p", *(["-e"] if styled else []))

    def see(self, *patterns: str) -> str:
        """Wait until every pattern is in sight at once, and return the screen."""
        return self._until(
            lambda screen: all(re.search(one, screen, re.MULTILINE) for one in patterns), f"to see {patterns}"
        )

    def see_no(self, *patterns: str) -> str:
        """Wait until none of the patterns is in sight, and return the screen."""
        return self._until(
            lambda screen: not any(re.search(one, screen, re.MULTILINE) for one in patterns), f"not to see {patterns}"
        )

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def flag(self, name: str) -> str:
        """Return one of tmux's flags of the terminal."""
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()

    def close(self) -> None:
        """End the server and everything in it, if that was not done before."""
        if not self._closed:
            self._closed = True
            self._tmux("kill-server")

    def _until(self, content: Callable[[str], bool], wish: str) -> str:
        until = monotonic() + PATIENCE
        while not content(screen := self.screen()):
            assert monotonic() < until, f"waited {wish}:\n{screen}"
            sleep(_LOOK_EVERY)
        return screen

    def _tmux(self, *words: str) -> str:
        argv = ("tmux", "-L", self._socket, *words)
        done = subprocess.run(argv, env=self._environment, capture_output=True, text=True, timeout=30, check=True)
        return done.stdout


Open = Callable[..., Terminal]
"""Takes a project, a width, a height, the app's options, and variables by name."""
