"""Builds started and followed, off the event loop."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from threading import Event, Thread

from textual.message import Message

from dockcache_tui.core.builds.build import Build, BuildSpec, BuildStatus, Step
from dockcache_tui.core.builds.progress import LogView, Progress
from dockcache_tui.core.builds.reducer import LiveBuild
from dockcache_tui.core.builds.time_shares import with_shares
from dockcache_tui.core.errors import DockcacheError
from dockcache_tui.core.instant import Instant
from dockcache_tui.sources.protocols import Builder, RunningBuild
from dockcache_tui.ui.builds import messages
from dockcache_tui.ui.builds.messages import BuildMoved
from dockcache_tui.ui.shared.area import Shell
from dockcache_tui.ui.shared.messages import ActionFailed
from dockcache_tui.ui.shared.waits import Once, Post, forget, guarded, unread

PICTURE_EVERY = 0.1
"""Seconds between two pictures."""


class WatchedBuild:
    """A build that something else started, seen through the builder's status stream."""

    def __init__(self, build: Build, status: Iterable[Progress], last: Callable[[Build], Mapping[str, float]]) -> None:
        """Take what history tells of it, its progress from the beginning, and what tells how long steps last took."""
        self.live = LiveBuild()
        self._build, self._status, self._ask = build, status, last
        self._last: Mapping[str, float] = {}

    def __iter__(self) -> Iterator[Progress]:
        """Yield progress until the build ends, or until nothing more is heard of it."""
        status = BuildStatus.LOST
        try:
            self._last = self._ask(self._build)
            for progress in self._status:
                self.live.apply(progress)
                yield progress
            status = BuildStatus.SUCCEEDED
        finally:
            self.live.end(status, self._build.completed_at or Instant.now())

    def cancel(self) -> None:
        """Leave it alone: it is not ours."""

    def result(self) -> Build:
        """Return the build with its steps so far; history tells how it ended."""
        return with_shares(replace(self._build, steps=self.live.snapshot()), self._last)


class Following(Thread):
    """Follows one build to its end; `key` stays while the build's ref may change."""

    def __init__(self, running: RunningBuild, post: Callable[[Message], bool], *, again: bool = False) -> None:
        """Start at once; `again` when following it broke off before, and that was told."""
        self.running = running
        self.key = running.result().ref
        self.broken = False
        """Whether it ended before the build did."""
        self._again = again
        super().__init__(name=f"follow {self.key}", daemon=True)
        self._post = post
        self._ended = Event()
        self.start()

    def run(self) -> None:
        """Take in progress until the build ends, then tell how it ended."""
        # Drawn beside the progress, not by it: the last thing said before a long silence is seen too.
        drawing = Thread(target=self._draw, name=f"draw {self.key}", daemon=True)
        drawing.start()
        trouble = guarded(self._follow, ActionFailed)
        self._ended.set()
        drawing.join()
        self.broken = trouble is not None
        if trouble and not self._again:
            self._post(trouble)
        self._post(BuildMoved(self.key, self.running.result(), ended=True))

    def _follow(self) -> None:
        for _ in self.running:
            pass

    def _draw(self) -> None:
        drawn: tuple[Step, ...] | None = None
        while not self._ended.wait(PICTURE_EVERY):
            picture = self.running.result()
            if picture.steps is not drawn:
                drawn = picture.steps
                self._post(BuildMoved(self.key, picture))


MAX_FOLLOWED = 16
"""Builds whose logs are kept; the oldest go first."""


class BuildsWorkers:
    """Every method returns at once and is called on the event loop; what comes of it is told in messages."""

    def __init__(self, shell: Shell, post: Post, connected: Callable[[], Builder | None]) -> None:
        """Take where to ask, whom to tell, and what gives the builder while there is a connection."""
        self._shell, self._post, self._connected = shell, post, connected
        self.ours: Following | None = None
        """Our build that runs, or the last that did."""
        self._following: deque[Following] = deque(maxlen=MAX_FOLLOWED)

    def read(self) -> None:
        """Read the project's checkout and builds."""

        def work() -> Message:
            builds = self._shell.workspace.builds()
            return messages.ProjectRead(self._shell.workspace.checkout(), builds, self._shell.workspace.notice)

        self._shell.waits.do("reading the project", work, self._post, messages.ProjectFailed, self._leave_project)

    def _leave_project(self) -> None:
        self._post(messages.ProjectFailed(unread()))

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

    def explain(self, build: Build, against: str, file: str) -> None:
        """Find out why a build's steps ran, compared with the nearest earlier build, or with one by its ref."""

        def work() -> Message:
            return messages.Explained(self._shell.workspace.explain(build, against, file), file)

        def failed(error: DockcacheError) -> Message:
            return messages.NotExplained(build.ref, error)

        def left() -> None:
            self._post(failed(unread()))

        self._shell.waits.do("comparing builds", work, self._post, failed, left)

    def follow(self, build: Build, *, again: bool = False) -> None:
        """Follow a build on the builder, from its beginning; `again` also when following it broke off."""
        builder, before = self._connected(), self.follows(build.ref)
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
