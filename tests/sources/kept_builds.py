"""Sample builds in a journal, as ends of real ones are kept there."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.explain.changes import FILES, TEXT
from core.explain.sample_builds import Builder, Files
from dockcache_tui.core.builds.build import Build, BuildSpec
from dockcache_tui.core.builds.names import parse_name
from dockcache_tui.core.explain.evidence import Revision
from dockcache_tui.core.explain.traced_build import TracedBuild
from dockcache_tui.core.scope import Checkout, Project
from dockcache_tui.sources.docker_cli import Docker
from dockcache_tui.sources.explanations import Explanations
from dockcache_tui.sources.journal import Journal

PROJECT = Project("/p", "acme/web")


class Kept:
    """A journal of sample builds, on one builder that reuses what it has."""

    def __init__(self, journal: Journal, folder: Path) -> None:
        self.journal = journal
        self.builder = Builder()
        self.explanations = Explanations(Docker({"PATH": str(folder)}), journal, folder)

    def build(self, files: Files = FILES, text: str = TEXT, **more: Any) -> TracedBuild:
        """Build, without keeping it."""
        return self.of_project(self.builder.build(text, files), **more)

    def of_project(self, traced: TracedBuild, **more: Any) -> TracedBuild:
        """Return a build as one of the project."""
        about: dict[str, Any] = {"folder": "/p", "project": PROJECT} | more
        evidence = replace(traced.evidence, revision=Revision("", folder=about.pop("place", "")))
        return replace(traced, build=replace(traced.build, **about), evidence=evidence)

    def keep(self, traced: TracedBuild, *, evidence: bool = True) -> Build:
        """Keep a build as the end of one does."""
        build = traced.build
        spec, checkout = BuildSpec(build.folder), Checkout(build.folder, branch=build.branch, project=build.project)
        ref = self.journal.begin(spec, checkout, build.started_at)
        self.journal.name(ref, [build.ref], build.builder, build.node)
        if evidence:
            self.journal.keep_evidence(ref, traced.evidence, {})
        self.journal.finish(ref, build)
        found = self.journal.build(build.ref)
        assert found
        return found

    def explain(self, build: Build, against: str = "") -> tuple[dict[str, str], str]:
        """Return the sentence of each step that ran, and what the build was compared with."""
        found = self.explanations.explain(build, against)
        told = {parse_name(step.name).instruction: step.cause.text for step in found.steps if step.cause}
        return told, found.compared_with
