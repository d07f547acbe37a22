"""Reads the evidence of the builds that a `.dockerbuild` holds."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dockcache_tui.core.archives.archive import ArchiveError
from dockcache_tui.core.builds.history_record import HistoryRecord, UnreadableRecordError, read_history_record
from dockcache_tui.core.builds.progress import VertexUpdate
from dockcache_tui.core.explain.evidence import Evidence, Graph
from dockcache_tui.core.explain.provenance import joined, read_evidence, unfinished
from dockcache_tui.core.explain.vertexes import with_vertexes
from dockcache_tui.sources.archives.blobs import OpenArchive, open_blobs
from dockcache_tui.sources.archives.build_record import MAX_RECORDS, UNREADABLE, read_failure, read_status_log
from dockcache_tui.sources.archives.oci import OciReading


def read_build_evidence(path: Path) -> Mapping[str, Evidence]:
    """Return what each recorded build tells, by BuildKit's ref of it; raises ArchiveError when it is no archive.

    What of a build can't be read is named in what is missing of it; a build of which nothing can is left out.
    """
    with open_blobs(path) as blobs:
        found = {}
        for config in tuple(dict.fromkeys(OciReading(blobs).records))[:MAX_RECORDS]:
            try:
                record = read_history_record(blobs.document(config))
            except (UnreadableRecordError, ArchiveError):
                continue
            found[record.build.ref] = _of(blobs, record)
        return found


def _of(blobs: OpenArchive, record: HistoryRecord) -> Evidence:
    graph = Graph(record.build.ref, record.build.target, request=record.request)
    found = []
    for digest, platform in record.provenances.items():
        try:
            found.append(read_evidence(blobs.document(digest), replace(graph, platform=platform)))
        except (ArchiveError, ValueError) as error:
            found.append(Evidence(missing=(f"A provenance of the build can't be read: {error}.",)))
    faults: list[str] = []
    said = _said(blobs, record, faults)
    if found:
        evidence = with_vertexes(joined(found), said)
    else:
        evidence = unfinished(replace(graph, dockerfile=_dockerfile(blobs, record, faults)), said)
    return replace(evidence, missing=(*evidence.missing, *faults))


def _said(blobs: OpenArchive, record: HistoryRecord, faults: list[str]) -> list[VertexUpdate]:
    """Return what the log tells of vertexes, to where it can be read."""
    said: list[VertexUpdate] = []
    try:
        if record.logs:
            with blobs.open(record.logs) as stream:
                said.extend(one for message in read_status_log(stream, record.logs) for one in message.vertexes)
    except ArchiveError as error:
        faults.append(f"The build's progress can't be read to its end: {error}.")
    return said


def _dockerfile(blobs: OpenArchive, record: HistoryRecord, faults: list[str]) -> str:
    """Return the Dockerfile that the error of a failed build has; empty where it has none."""
    try:
        told = read_failure(blobs, record.error) if record.error else []
    except (ArchiveError, *UNREADABLE) as error:
        faults.append(f"The build's error can't be read: {error}.")
        return ""
    return next((file.text for one in told for file in one.files), "")
