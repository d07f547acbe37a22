"""The lab, reached from the overview: what its threads tell, and what its keys do."""

from textual import on

from dockcache_tui.core import wording
from dockcache_tui.core.builds.progress import LogView
from dockcache_tui.core.lab.run import LabRun, LabStatus
from dockcache_tui.core.lab.summary import LabRow
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.lab import messages
from dockcache_tui.ui.lab.lab_view import LabView
from dockcache_tui.ui.lab.workers import LabWorkers
from dockcache_tui.ui.shared.area import Area, Shell
from dockcache_tui.ui.shared.messages import BuildOpened, OpenBuild
from dockcache_tui.ui.shared.picker import Choice, Picker

_NO = Choice("no", "No")
_RUN = Choice("run", "Run all experiments", "every situation once: many minutes, two busy cores")
_RESUME = Choice("resume", "Resume the last run", "it was not finished")
_LEAVE = Choice("leave", "Leave it running", "it goes on in the background")
_CANCEL = Choice("cancel", "Cancel it", "what was measured is kept, and the run can be resumed")


class LabArea(Area):
    """The experiments of this machine."""

    def __init__(self, shell: Shell) -> None:
        """Begin without a run."""
        self._lab = LabView()
        super().__init__(shell, self._lab)
        self.threads = LabWorkers(shell.workspace, self.tell)
        self._runs: tuple[LabRun, ...] = ()

    def close(self) -> None:
        self.threads.close()

    def action_open(self) -> None:
        """Show the lab; when it is shown already, pick another of its runs."""
        if not self.display:
            if not self.threads.runs:
                self.threads.read()
            super().action_open()
        elif self._runs:
            offered = [Choice(str(run.id), f"run {run.id}", _about(run)) for run in self._runs]
            picked = str(self._lab.run.id) if self._lab.run else ""
            self.app.push_screen(Picker("Runs of the lab", offered, picked=picked), self._picked)

    def _picked(self, answer: str | None) -> None:
        found = next((run for run in self._runs if str(run.id) == answer), None)
        if found:
            self._lab.show(found)

    def action_run_lab(self) -> None:
        """Ask, then run the experiments."""
        if self.threads.runs:
            self.say("The lab runs already; esc cancels it.", severity="warning")
            return
        last = self._runs[0] if self._runs else None
        unfinished = last is not None and last.status is not LabStatus.COMPLETE
        offered = [_NO, _RUN, *([_RESUME] if unfinished else [])]
        self.app.push_screen(Picker("Run the experiments on this machine?", offered), self._asked)

    def _asked(self, answer: str | None) -> None:
        if answer in (_RUN.value, _RESUME.value):
            self.threads.start(resumes=answer == _RESUME.value)
            self.say("The lab starts.")

    def go_back(self) -> None:
        """Ask whether to cancel a run under way, else go back to the overview."""
        if self.threads.runs:
            self.app.push_screen(Picker("The lab runs", (_LEAVE, _CANCEL)), self._left)
        else:
            self.shell.bring(Place.OVERVIEW)

    def _left(self, answer: str | None) -> None:
        if answer == _CANCEL.value:
            self.say("Canceling the lab…", severity="warning")
            self.threads.cancel()
        elif answer == _LEAVE.value:
            self.shell.bring(Place.OVERVIEW)

    @on(messages.LabRead)
    def _read(self, event: messages.LabRead) -> None:
        self._runs = event.runs
        newest, shown = next((run for run in event.runs if run.jobs), None), self._lab.run
        if not self.threads.runs and (shown is None or (newest and newest.id > shown.id)):
            self._lab.show(newest)

    @on(messages.LabMoved)
    def _moved(self, event: messages.LabMoved) -> None:
        self._lab.show(event.run, event.progress)
        if event.progress is None:
            self.say(f"The lab's run {event.run.id} is {event.run.status.value}.")
            self.threads.read()

    @on(messages.LabSaid)
    def _said(self, event: messages.LabSaid) -> None:
        self._lab.say(event.line)

    @on(messages.LabFailed)
    def _failed(self, event: messages.LabFailed) -> None:
        self._lab.fail(event.error)
        self.say_failed(event.error)

    @on(LabView.Opened)
    def _opened(self, event: LabView.Opened) -> None:
        row: LabRow = event.row
        jobs = [
            job
            for job in (self._lab.run.jobs if self._lab.run else ())
            if (job.experiment, job.situation) == (row.experiment, row.situation) and job.build
        ]
        offered = [
            Choice(job.build, f"round {job.round} · {job.job}", f"{wording.span(job.split.total)} · {job.build[:12]}")
            for job in jobs
        ]
        if offered:
            title = f"Builds of {row.experiment}, {row.situation.label}"
            self.app.push_screen(Picker(title, offered), lambda ref: self.threads.build(ref) if ref else None)

    @on(messages.LabBuildRead)
    def _build_read(self, event: messages.LabBuildRead) -> None:
        if event.build is None:
            self.say("The journal no longer keeps this build.", severity="warning")
        else:
            self.post_message(BuildOpened(OpenBuild(event.build, lambda _: LogView(), Place.LAB)))


def _about(run: LabRun) -> str:
    return f"{run.started_at.datetime():%Y-%m-%d %H:%M} · {run.status.value} · {wording.count(len(run.jobs), 'job')}"
