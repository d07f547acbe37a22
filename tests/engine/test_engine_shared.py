"""Records whose bytes an image has too, as the engine's older store tells them."""

import time
from pathlib import Path

from dockcache_tui.core.records.outcome import compare
from dockcache_tui.core.records.prune import KeepReason, plan
from dockcache_tui.lab.engine import DOCKER, Engine
from dockcache_tui.sources.buildkit.builder import open_builder
from dockcache_tui.sources.docker_cli import Docker
from engine.docker_words import docker
from sources.real_builds import Project


def test_what_an_image_shares_frees_nothing_until_it_goes(graph_engine: Engine, tmp_path: Path) -> None:
    """Records whose bytes an image has stay as shared, by the plan and when pruned; without the image they go."""
    project = Project.make(graph_engine, tmp_path)
    tag = f"dockcache-test:{project.mark}"
    docker(graph_engine, "buildx", "build", "--load", "--tag", tag, str(tmp_path))
    builder = open_builder(Docker(graph_engine.variables), DOCKER)
    try:
        snapshot = builder.snapshot()
        ours = [record for record in snapshot.records if project.mark in record.description]
        keys = [record.key for record in ours]
        planned = plan(snapshot.records, keys)
        assert planned.freed == ()
        assert [kept.reason for kept in planned.kept] == [KeepReason.SHARED] * 3
        assert builder.prune(ours[::-1]).freed == ()
        docker(graph_engine, "image", "rm", "--force", tag)
        until = time.monotonic() + 60
        while len((planned := plan(builder.snapshot().records, keys)).freed) < len(keys):
            assert time.monotonic() < until, planned.kept
        assert compare(planned, builder.prune(planned.freed), builder.snapshot().records).agrees
        assert planned.bytes > 6000 * len(project.mark)
    finally:
        builder.close()
