"""The builds of all nodes of a builder as one stream."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from queue import SimpleQueue
from threading import Event, Thread

from dockcache_tui.core.builds.build import Build, BuildStatus
from dockcache_tui.core.errors import SourceError
from dockcache_tui.sources.buildkit import control_pb2 as pb
from dockcache_tui.sources.buildkit.convert import history_event
from dockcache_tui.sources.buildkit.node import NodeClient, NodeStream, unimplemented
from dockcache_tui.sources.protocols import HistoryEvent, HistoryEventType
from dockcache_tui.sources.side_by_side import everywhere

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0


class BuildHistory:
    """Past builds of every node, oldest first, then with `follow` the live ones; each event of a build comes once.

    A node that is down is left out, and followed from when it is back; a build that it has forgotten by then is told as
    lost. When no node tells its builds the iteration raises SourceError, with `follow` only when none ever will.
    """

    def __init__(self, builder: str, nodes: tuple[NodeClient, ...], *, follow: bool) -> None:
        """Ask on the first iteration; iterate once."""
        self._builder = builder
        self._nodes = nodes
        self._follow = follow
        self.failures: dict[str, SourceError] = {}
        """Why nodes did not tell their past builds, by their names."""
        self._closed = Event()
        self._streams: dict[str, NodeStream[pb.BuildHistoryEvent, HistoryEvent | None]] = {}
        self._events: SimpleQueue[HistoryEvent | SourceError | None] = SimpleQueue()
        self._seen: set[tuple[str, str, HistoryEventType]] = set()

    def __iter__(self) -> Iterator[HistoryEvent]:
        """Yield events until close(), or without `follow` until the last past one."""
        past = self._past()
        errors = list(self.failures.values())
        hopeless = [error for error in errors if unimplemented(error)] if self._follow else errors
        if len(hopeless) == len(self._nodes) and not self._closed.is_set():
            raise hopeless[0]
        yield from self._fresh(sorted(past, key=lambda event: event.build.started_at))
        if self._follow:
            for node in self._nodes:
                Thread(target=self._listen, args=(node,), name=f"history of {node.name}", daemon=True).start()
            yield from self._fresh(self._live())

    def close(self) -> None:
        self._closed.set()
        for stream in tuple(self._streams.values()):
            stream.close()
        self._events.put(None)

    def _past(self) -> list[HistoryEvent]:
        events: list[HistoryEvent] = []

        def read(node: NodeClient) -> None:
            try:
                events.extend(filter(None, self._open(node, early_exit=True)))
            except SourceError as error:
                self.failures[node.name] = error

        everywhere(read, self._nodes, "history")
        return events

    def _open(self, node: NodeClient, *, early_exit: bool) -> NodeStream[pb.BuildHistoryEvent, HistoryEvent | None]:
        stream = NodeStream(
            node,
            "ListenBuildHistory",
            pb.BuildHistoryRequest(early_exit=early_exit),
            pb.BuildHistoryEvent,
            lambda event: history_event(event, self._builder, node.name),
        )
        self._streams[node.name] = stream
        if self._closed.is_set():
            stream.close()
        return stream

    def _listen(self, node: NodeClient) -> None:
        """Follow one node until close(), also when it goes and comes back."""
        pause = _FIRST_PAUSE
        running: dict[str, Build] = {}
        while not self._closed.is_set():
            try:
                if running:
                    self._settle(node, running)
                for event in self._open(node, early_exit=False):
                    pause = _FIRST_PAUSE
                    if event:
                        _note(event, running)
                        self._events.put(event)
            except SourceError as error:
                if unimplemented(error):
                    return
            self._closed.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _settle(self, node: NodeClient, running: dict[str, Build]) -> None:
        """Tell as lost what ran when the connection broke and the node does not know any more."""
        known = {event.build.ref for event in self._open(node, early_exit=True) if event}
        for ref in running.keys() - known:
            lost = replace(running.pop(ref), status=BuildStatus.LOST)
            self._events.put(HistoryEvent(HistoryEventType.COMPLETE, lost))

    def _live(self) -> Iterator[HistoryEvent]:
        while not self._closed.is_set():
            event = self._events.get()
            if isinstance(event, HistoryEvent):
                yield event

    def _fresh(self, events: Iterable[HistoryEvent]) -> Iterator[HistoryEvent]:
        """Leave out what was told before: every (re)connection tells all past builds again."""
        for event in events:
            build = (event.build.node, event.build.ref)
            known = {(*build, event.type), (*build, HistoryEventType.DELETED)}
            if event.type is HistoryEventType.STARTED:
                known.add((*build, HistoryEventType.COMPLETE))
            if self._closed.is_set():
                return
            if not known & self._seen:
                self._seen.add((*build, event.type))
                yield event


def _note(event: HistoryEvent, running: dict[str, Build]) -> None:
    """Keep account of the builds that run."""
    if event.type is HistoryEventType.STARTED:
        running[event.build.ref] = event.build
    else:
        running.pop(event.build.ref, None)
