"""Opens the app and leaves it in order: when asked to, when told by a signal, when its terminal is lost."""

import asyncio
import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from dockcache_tui.core.scope import BranchScope
from dockcache_tui.sources.protocols import Workspace
from dockcache_tui.ui.app import DockcacheApp
from dockcache_tui.ui.shared.messages import ActionFailed
from dockcache_tui.ui.shared.waits import told

COLLECTIONS = 20_000, 5, 1_000
"""A full collection over 100,000 records would freeze the screen for a second: the young are collected, seldom all.

What is replaced at each refresh must therefore not be part of a cycle.
"""
_WRITER = "textual-output"
"""What Textual calls its thread that writes to the terminal."""


class RunningApp(DockcacheApp):
    """The app in a terminal of its own, which may be closed."""

    def on_mount(self) -> None:
        """Leave in order also when the terminal is closed or the process is told to end."""
        with suppress(ValueError, RuntimeError):  # outside the main thread, as in a test, others have the signals
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.leave, number)

    def leave(self, number: int) -> None:
        """End as a signal asks for: at once, with what it started."""
        self.exit(return_code=128 + number)

    def tell_defect(self, met: threading.ExceptHookArgs) -> None:
        """Tell of a defect that ended a thread, whose traceback would garble the screen."""
        if met.thread and met.thread.name == _WRITER and isinstance(met.exc_value, OSError):
            self._lose_terminal(met.thread)
        elif isinstance(met.exc_value, Exception):
            self.area.tell(ActionFailed(told(met.exc_value)))

    def _lose_terminal(self, writer: threading.Thread) -> None:
        """Leave when nothing can be drawn any more; what still is goes nowhere, so that nobody waits for it."""
        terminal = sys.__stderr__  # Textual's own is no file
        with Path(os.devnull).open("w") as nowhere:
            if terminal:
                os.dup2(nowhere.fileno(), terminal.fileno())
        self.call_later(self.leave, signal.SIGHUP)
        writer.run()


def run(
    workspace: Workspace, *, builder: str = "", branch: str = "", expression: str = "", read_only: bool = False
) -> None:
    """Open the app and return when it is left."""
    scope = BranchScope.of(branch) if branch else None
    _ask_the_terminal_its_size()
    gc.set_threshold(*COLLECTIONS)
    app = RunningApp(workspace, builder=builder, scope=scope, filter_text=expression, read_only=read_only)
    told_before, threading.excepthook = threading.excepthook, app.tell_defect
    try:
        app.run()
    finally:
        threading.excepthook = told_before
        workspace.close()
    if app.return_code:
        sys.exit(app.return_code)


def _ask_the_terminal_its_size() -> None:
    """Drop COLUMNS and LINES where the terminal tells its size: Textual would believe them, also after a resize."""
    with suppress(OSError):
        if all(os.get_terminal_size()):
            for name in ("COLUMNS", "LINES"):
                os.environ.pop(name, None)
