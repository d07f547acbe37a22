"""Builds started and followed, off the event loop."""

from collections import deque
from collections.abc import Callable

from textual.message import Message

from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.builds.progress import LogView
from dockcache_tui.ui.builds import messages
from dockcache_tui.ui.builds.following import Following, WatchedBuild
from dockcache_tui.ui.shared.area import Shell
from dockcache_tui.ui.shared.messages import ActionFailed
from dockcache_tui.ui.shared.threads import Once, Post, forget

MAX_FOLLOWED = 16
"""Builds whose logs are kept; the oldest go first."""


class BuildsWorkers:
    """Every method returns at once and is called on the event loop; what comes of it is told in messages."""

    def __init__(self, shell: Shell, post: Post) -> None:
        """Take where to ask and whom to tell."""
        self._shell, self._post = shell, post
        self.ours: Following | None = None
        """Our build that runs, or the last that did."""
        self._following: deque[Following] = deque(maxlen=MAX_FOLLOWED)

    def read(self) -> None:
        """Read the project's checkout and builds."""

        def work() -> Message:
            builds = self._shell.workspace.builds()
            return messages.ProjectRead(self._shell.workspace.checkout(), builds, self._shell.workspace.notice)

        self._shell.waits.do("reading the project", work, self._post, messages.ProjectFailed)

    def find_spec(self, told: Callable[[BuildSpec], Message]) -> None:
        """Find out what to build."""

        def work() -> Message:
            return told(self._shell.workspace.spec(self._pass_over))

        self._shell.waits.do("finding what to build", work, self._post, ActionFailed, forget)

    def _pass_over(self, text: str) -> None:
        self._post(messages.PassedOver(text))

    def start(self, spec: BuildSpec) -> None:
        """Start a build and follow it."""

        def work() -> Message:
            self.ours = following = Following(self._shell.workspace.start(spec), self._post)
            self._following.append(following)
            return messages.BuildMoved(following.key, following.running.result())

        self._shell.waits.do("starting the build", work, self._post, ActionFailed)

    def cancel(self) -> None:
        """Cancel our build that runs."""
        if self.ours:
            Once("cancel", self.ours.running.cancel, self._post, ActionFailed)

    def follow(self, build: Build, *, again: bool = False) -> None:
        """Follow a build on the builder, from its beginning; `again` also when following it broke off."""
        builder, before = self._shell.connected(), self.follows(build.ref)
        if builder and (before is None or (again and before.broken)):
            if before:
                self._following.remove(before)
            status = builder.status(build.node, build.ref)
            watched = WatchedBuild(build, status, self._shell.workspace.last_durations)
            self._following.append(Following(watched, self._post, again=before is not None))

    def follows(self, ref: str) -> Following | None:
        """Return who follows a build, if anyone does or did."""
        return next((one for one in self._following if ref in (one.key, one.running.result().ref)), None)

    def log(self, ref: str, digest: str) -> LogView:
        """Return the output of a step of a followed build."""
        following = self.follows(ref)
        return following.running.live.log(digest) if following else LogView()
