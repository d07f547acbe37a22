"""The evidence that the provenance of a finished build gives, SLSA 0.2 or 1.

Fields as in BuildKit's solver/llbsolver/provenance/types.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from dockcache_tui.core.builds.cache_places import places_read
from dockcache_tui.core.builds.names import StepKind, parse_name
from dockcache_tui.core.builds.progress import VertexUpdate
from dockcache_tui.core.explain.evidence import Evidence, Graph, Revision, Statement
from dockcache_tui.core.explain.ops import Op, Ops, read_ops
from dockcache_tui.core.explain.source_keys import Resolved

NO_OPERATIONS = "The provenance has no operations (mode=min): what its steps did is not known."
NOT_FINISHED = "BuildKit keeps no operations of a build that did not succeed: of its steps only the texts are known."
NO_ARGUMENTS = "The provenance leaves out build arguments, labels and the ids of secrets."
NO_FILES = "Which files the context held is only known as far as its revision tells."
NO_REVISION = "Which files the context held is not known: the build names no revision."
_DIRTY = "-dirty"
_WITH_TOKENS = ("cache-imports", "cache-from")
_GIT_CONTEXT = re.compile(r"(?:https?|git|ssh)://[^#?]+(?:\.git|[#?]).*|git@.+", re.DOTALL)


class _Id(msgspec.Struct):
    id: str = ""


class _Parameters(msgspec.Struct):
    args: dict[str, str] | None = None
    secrets: list[_Id | None] | None = None
    ssh: list[_Id | None] | None = None

    def ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in (*(self.secrets or ()), *(self.ssh or ())) if one)


class _Material(msgspec.Struct):
    uri: str = ""
    digest: dict[str, str] | None = None


class _ConfigSource(_Material, rename={"entry": "entryPoint"}):
    path: str = ""
    entry: str = ""


class _Completeness(msgspec.Struct):
    request: bool = True
    parameters: bool = True


class _Info(msgspec.Struct):
    data: str = ""


class _Source(msgspec.Struct):
    infos: list[_Info] | None = None


class _BuildKit(msgspec.Struct):
    vcs: dict[str, str] | None = None
    source: _Source | None = None

    def dockerfile(self) -> str:
        infos = (self.source.infos if self.source else None) or [_Info()]
        try:
            return b64decode(infos[0].data).decode(errors="backslashreplace")
        except (binascii.Error, ValueError):
            return ""


class _Invocation(msgspec.Struct, rename="camel"):
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)
    config_source: _ConfigSource = msgspec.field(default_factory=_ConfigSource)


class _OldMetadata(msgspec.Struct, rename={"buildkit": "https://mobyproject.org/buildkit@v1#metadata"}):
    completeness: _Completeness = msgspec.field(default_factory=_Completeness)
    buildkit: _BuildKit = msgspec.field(default_factory=_BuildKit)


class _External(msgspec.Struct, rename={"config_source": "configSource"}):
    request: _Parameters = msgspec.field(default_factory=_Parameters)
    config_source: _ConfigSource = msgspec.field(default_factory=_ConfigSource)


class _Definition(msgspec.Struct, rename="camel"):
    external_parameters: _External = msgspec.field(default_factory=_External)
    resolved_dependencies: list[_Material] | None = None


class _Metadata(msgspec.Struct, rename={"buildkit": "buildkit_metadata", "completeness": "buildkit_completeness"}):
    completeness: _Completeness = msgspec.field(default_factory=_Completeness)
    buildkit: _BuildKit = msgspec.field(default_factory=_BuildKit)


class _Details(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


class _Provenance(msgspec.Struct, rename="camel"):
    invocation: _Invocation = msgspec.field(default_factory=_Invocation)
    materials: list[_Material] | None = None
    metadata: _OldMetadata = msgspec.field(default_factory=_OldMetadata)
    build_definition: _Definition | None = None
    run_details: _Details = msgspec.field(default_factory=_Details)

    def parameters(self) -> _Parameters:
        return (
            self.build_definition.external_parameters.request if self.build_definition else self.invocation.parameters
        )

    def config_source(self) -> _ConfigSource:
        new = self.build_definition
        return new.external_parameters.config_source if new else self.invocation.config_source

    def dependencies(self) -> list[_Material]:
        return (self.build_definition.resolved_dependencies if self.build_definition else self.materials) or []

    def completeness(self) -> _Completeness:
        return self.run_details.metadata.completeness if self.build_definition else self.metadata.completeness

    def buildkit(self) -> _BuildKit:
        return (self.run_details.metadata if self.build_definition else self.metadata).buildkit


def read_evidence(document: bytes, graph: Graph | None = None, version: str = "") -> Evidence:
    """Read one document; `graph` is what else is known of its build. Raises ValueError for what is no provenance."""
    known = graph or Graph()
    try:
        told = msgspec.json.decode(document, type=_Provenance)
        ops = read_ops(document)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"no provenance: {error}") from error
    parameters, source = told.parameters(), told.config_source()
    named = {"context": source.uri, "filename": source.path or source.entry}
    vcs = {f"vcs:{name}": value for name, value in (told.buildkit().vcs or {}).items()}
    request = {name: value for name, value in named.items() if value} | vcs | (parameters.args or {})
    request |= known.request
    revision = revision_of(request, source.digest or {})
    whole = told.completeness()
    missing = [NO_FILES if revision else NO_REVISION] if _sends_files(ops) else []
    if not ops.ops:
        missing.append(NO_OPERATIONS)
    if not (whole.request and whole.parameters) and not known.request:
        missing.append(NO_ARGUMENTS)
    read = replace(
        known,
        imports=places_read(request),
        ops=Ops(tuple(map(without_secrets, ops.ops)), ops.vertexes) if ops.ops else None,
        request=without_credentials(request),
        secrets=parameters.ids(),
        dockerfile=told.buildkit().dockerfile(),
        sources={op.id: found for op in ops.ops if (found := _resolved(op, told.dependencies()))},
    )
    return Evidence(version, (read,), revision, tuple(missing))


def unfinished(graph: Graph, vertexes: Iterable[VertexUpdate], version: str = "") -> Evidence:
    """Return what is known of a build that did not succeed, from what its progress said."""
    told: dict[str, Statement] = {}
    for one in vertexes:
        before = told.get(one.digest, Statement(one.digest, one.name, one.inputs))
        told[one.digest] = replace(
            before,
            inputs=before.inputs or one.inputs,
            began=before.began or one.started is not None or one.cached,
            ended=(before.ended or one.completed is not None) and not one.error,
        )
    statements = tuple(one for one in told.values() if parse_name(one.name).kind is not StepKind.INTERNAL)
    revision = revision_of(graph.request)
    missing = (NOT_FINISHED, NO_FILES if revision else NO_REVISION)
    request = without_credentials(graph.request)
    graph = replace(graph, imports=places_read(graph.request), request=request, statements=statements)
    return Evidence(version, (graph,), revision, missing)


def joined(evidences: Iterable[Evidence]) -> Evidence:
    """Return what several documents tell of one build: one for each platform and target."""
    all_of_them = tuple(evidences)
    revisions = {one.revision for one in all_of_them if one.revision}
    return Evidence(
        next((one.version for one in all_of_them if one.version), ""),
        tuple(graph for one in all_of_them for graph in one.graphs),
        revisions.pop() if len(revisions) == 1 else None,
        tuple(dict.fromkeys(sentence for one in all_of_them for sentence in one.missing)),
    )


def revision_of(request: Mapping[str, str], digests: Mapping[str, str] | None = None) -> Revision | None:
    """Return the commit that a frontend was asked to build, None for an unknown; `digests` are of its context."""
    context = request.get("context", "")
    if _GIT_CONTEXT.fullmatch(context):
        address, _, fragment = context.partition("#")
        ref, _, folder = fragment.partition(":")
        query = parse_qs(urlsplit(address).query)
        asked = next((one for name in ("checksum", "ref") for one in query.get(name, ())), ref)
        commit = next((one for name in ("sha1", "sha256") if (one := (digests or {}).get(name))), asked)
        folder = next(iter(query.get("subdir", ())), folder).strip("/")
        if not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", commit):
            return None  # a branch or tag says nothing of what it was then
        return Revision(commit, _without_credentials(address.partition("?")[0]), folder, by_git=True)
    commit = request.get("vcs:revision", "")
    if not commit:
        return None
    folder = request.get("vcs:localdir:context", "").strip("/")
    return Revision(
        commit.removesuffix(_DIRTY),
        _without_credentials(request.get("vcs:source", "")),
        "" if folder == "." else folder,
        dirty=commit.endswith(_DIRTY),
    )


def without_credentials(request: Mapping[str, str]) -> dict[str, str]:
    """Return what a frontend was asked without names and passwords in addresses, and without tokens of caches."""
    return {name: _without_credentials(value) for name, value in request.items() if name not in _WITH_TOKENS}


def without_secrets(op: Op) -> Op:
    """Return an operation without proxies and names and passwords in addresses, none of which is in any key."""
    if op.kind == "exec":
        meta = {name: value for name, value in op.body["meta"].items() if name != "proxy_env"}
        return replace(op, body={**op.body, "meta": meta})
    if op.kind == "source" and op.body["identifier"].startswith(("git://", "http://", "https://")):
        attributes = {"attrs": without_credentials(op.body["attrs"])} if "attrs" in op.body else {}
        identifier = _without_credentials(op.body["identifier"])
        return replace(op, body={**op.body, "identifier": identifier, **attributes})
    return op


def _without_credentials(address: str) -> str:
    return re.sub(r"(?<=://)[^/@\s]*@", "", address)


def _sends_files(ops: Ops) -> bool:
    return not ops.ops or any(op.kind == "source" and op.body["identifier"].startswith("local://") for op in ops.ops)


def _resolved(op: Op, told: list[_Material]) -> Resolved | None:
    """Return what a source came to; None for one of which that is not told, or of which several things are."""
    if op.kind != "source":
        return None
    scheme, _, reference = op.body["identifier"].partition("://")
    match scheme:
        case "docker-image" | "oci-layout":
            found = {_digest(one, "sha256") for one in told if _is_image(one.uri, reference, op)}
            return Resolved(digest=f"sha256:{found.pop()}") if len(found) == 1 and found != {""} else None
        case "http" | "https":
            found = {_digest(one, "sha256") for one in told if one.uri == op.body["identifier"]}
            return Resolved(digest=f"sha256:{found.pop()}") if len(found) == 1 and found != {""} else None
        case "git":
            near = [one for one in told if _repository(one.uri) == _repository(reference)]
            exact = [one for one in near if one.uri.partition("#")[2] == reference.partition("#")[2].partition(":")[0]]
            found = {_digest(one, "sha1") or _digest(one, "sha256") for one in exact or near}
            return Resolved(commit=found.pop()) if len(found) == 1 and found != {""} else None
    return None


def _digest(one: _Material, name: str) -> str:
    return (one.digest or {}).get(name, "")


def _is_image(uri: str, reference: str, op: Op) -> bool:
    """Tell whether a package's address, as pkg:docker/NAME@TAG?platform=linux%2Famd64, is that of an image."""
    match = re.fullmatch(r"pkg:(?:docker|oci)/([^?@]+)(?:@([^?]*))?(?:\?(.*))?", uri)
    if not match:
        return False
    name, _, digest = reference.partition("@")
    plain = name.removeprefix("docker.io/").removeprefix("library/")
    image, colon, tag = plain.rpartition(":")
    if not colon or "/" in tag:
        image, tag = plain, ""
    qualifiers = parse_qs(match[3] or "")
    version = unquote(match[2] or "")
    parts = (op.platform.get(part, "") for part in ("OS", "Architecture", "Variant"))
    wanted = "/".join(filter(None, parts))
    platform = next(iter(qualifiers.get("platform", ())), "")
    return (
        unquote(match[1]).removeprefix("docker.io/").removeprefix("library/") == image
        and version in (tag, digest)
        and (not platform or not wanted or platform == wanted)
    )


def _repository(address: str) -> str:
    """Return where a repository is, without how it is reached and what of it."""
    place = address.partition("#")[0].rpartition("://")[2]
    return place.rpartition("@")[2].removesuffix(".git")
