"""The part of the app that deals with the lab: what it does when threads tell of it, and what its keys do."""

from textual import on

from dockcache_tui.core import wording
from dockcache_tui.core.builds.log import LogView
from dockcache_tui.core.lab.run import LabRun, LabStatus
from dockcache_tui.ui import choices, messages
from dockcache_tui.ui.actions import Place
from dockcache_tui.ui.lab.lab_view import LabView
from dockcache_tui.ui.listening import ListeningApp
from dockcache_tui.ui.shared.picker import Choice, Picker


class LabApp(ListeningApp):
    """Passes what it hears of the lab on to its view, and what is asked of it to the link."""

    def action_lab(self) -> None:
        """Show the lab; there, pick another of its runs."""
        if self.place is not Place.LAB:
            if not self.lab.runs:
                self.lab.read()
            self._show_place(Place.LAB)
        elif self._lab_runs:
            offered = [Choice(str(run.id), f"run {run.id}", _about(run)) for run in self._lab_runs]
            picked = str(self._lab.run.id) if self._lab.run else ""
            self.push_screen(Picker("Runs of the lab", offered, picked=picked), self._lab_picked)

    def action_run_lab(self) -> None:
        """Ask, then run the experiments."""
        if self.lab.runs:
            self._say("The lab runs already; esc cancels it.", severity="warning")
            return
        last = self._lab_runs[0] if self._lab_runs else None
        unfinished = last is not None and last.status is not LabStatus.COMPLETE
        offered = [choices.LAB_NO, choices.LAB_RUN, *([choices.LAB_RESUME] if unfinished else [])]
        self.push_screen(Picker("Run the experiments on this machine?", offered), self._lab_asked)

    def _lab_asked(self, answer: str | None) -> None:
        if answer in (choices.LAB_RUN.value, choices.LAB_RESUME.value):
            self.lab.start(resumes=answer == choices.LAB_RESUME.value)
            self._say("The lab starts.")

    def _lab_picked(self, answer: str | None) -> None:
        found = next((run for run in self._lab_runs if str(run.id) == answer), None)
        if found:
            self._lab.show(found)

    def _leave_lab(self) -> None:
        """Ask whether to cancel a run under way, else go back."""
        if not self.lab.runs:
            self._show_place(Place.OVERVIEW)
            return
        ask = Picker("The lab runs", (choices.LAB_LEAVE, choices.LAB_CANCEL))
        self.push_screen(ask, self._lab_left)

    def _lab_left(self, answer: str | None) -> None:
        if answer == choices.LAB_CANCEL.value:
            self._say("Canceling the lab…", severity="warning")
            self.lab.cancel()
        elif answer == choices.LAB_LEAVE.value:
            self._show_place(Place.OVERVIEW)

    @on(messages.LabRead)
    def _lab_read(self, event: messages.LabRead) -> None:
        self._lab_runs = event.runs
        newest, shown = next((run for run in event.runs if run.jobs), None), self._lab.run
        if not self.lab.runs and (shown is None or (newest and newest.id > shown.id)):
            self._lab.show(newest)

    @on(messages.LabMoved)
    def _lab_moved(self, event: messages.LabMoved) -> None:
        self._lab.show(event.run, event.progress)
        if event.progress is None:
            self._say(f"The lab's run {event.run.id} is {event.run.status.value}.")
            self.lab.read()

    @on(messages.LabSaid)
    def _lab_said(self, event: messages.LabSaid) -> None:
        self._lab.say(event.line)

    @on(messages.LabFailed)
    def _lab_failed(self, event: messages.LabFailed) -> None:
        self._lab.fail(event.error)
        self._troubled(messages.ActionFailed(event.error))

    @on(LabView.Opened)
    def _lab_opened(self, event: LabView.Opened) -> None:
        row = event.row
        jobs = [
            job
            for job in event.run.jobs
            if (job.experiment, job.situation) == (row.experiment, row.situation) and job.build
        ]
        offered = [
            Choice(job.build, f"round {job.round} · {job.job}", f"{wording.span(job.split.total)} · {job.build[:12]}")
            for job in jobs
        ]
        if offered:
            title = f"Builds of {row.experiment}, {row.situation.label}"
            self.push_screen(Picker(title, offered), lambda ref: self.lab.build(ref) if ref else None)

    @on(messages.LabBuildRead)
    def _lab_build_read(self, event: messages.LabBuildRead) -> None:
        if event.build is None:
            self._say("The journal no longer keeps this build.", severity="warning")
            return
        self._opened, self._build_from = "", Place.LAB
        self._build.show(event.build, lambda _: LogView())
        self._show_place(Place.BUILD)


def _about(run: LabRun) -> str:
    return f"{run.started_at.datetime():%Y-%m-%d %H:%M} · {run.status.value} · {wording.count(len(run.jobs), 'job')}"
