"""Cut GitHub's published description down to the answers of the endpoints the service has, as plain JSON Schema.

Run it as `npm pack @octokit/openapi`, unpack, then
`python tests/service/derive_openapi.py package/generated/api.github.com.deref.json`.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT = Path(__file__).with_name("openapi.json")
_REPO = "/repos/{owner}/{repo}"
_ENDPOINTS = (
    *(("get", f"{_REPO}/actions/{path}") for path in ("caches", "cache/usage", "artifacts", "runs/{run_id}/artifacts")),
    *(
        (method, f"{_REPO}/actions/cache/{name}-limit")
        for method in ("get", "put")
        for name in ("storage", "retention")
    ),
    *(("get", f"/orgs/{{org}}/actions/cache/{name}") for name in ("usage", "usage-by-repository")),
    ("delete", f"{_REPO}/actions/caches"),
    ("delete", f"{_REPO}/actions/caches/{{cache_id}}"),
    ("get", f"{_REPO}/actions/artifacts/{{artifact_id}}"),
    ("delete", f"{_REPO}/actions/artifacts/{{artifact_id}}"),
    ("get", f"{_REPO}/actions/artifacts/{{artifact_id}}/{{archive_format}}"),
    ("get", f"{_REPO}/branches"),
)
_IN_PART = (
    ("get", _REPO),
    ("get", f"{_REPO}/pulls"),
    ("get", f"{_REPO}/pulls/{{pull_number}}"),
    ("get", f"{_REPO}/actions/runs"),
)
"""Endpoints of which the service answers what a cache client reads: nothing is required, what is there is described."""
_NAMES = {
    *("id", "name", "full_name", "owner", "login", "private", "default_branch", "permissions", "admin", "push", "pull"),
    *("number", "state", "merged_at", "closed_at", "merged", "head", "base", "ref"),
    *("head_branch", "head_sha", "created_at", "url", "total_count", "workflow_runs"),
}
"""The fields that are kept of those."""
_SHAPE = ("enum", "required", "format")


def derive(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of each answer by `METHOD path` and status; None where an answer has no body."""
    answers = {}
    for method, path in (*_ENDPOINTS, *_IN_PART):
        responses = description["paths"][path][method]["responses"]
        schemas = {status: _schema(response) for status, response in responses.items()}
        answers[f"{method.upper()} {path}"] = (
            schemas if (method, path) in _ENDPOINTS else {"200": _part(schemas["200"])}
        )
    return {"from": f"@octokit/openapi {description['info']['version']}", "answers": answers}


def _schema(response: Mapping[str, Any]) -> Any:
    content = response.get("content", {}).get("application/json")
    return _shape(content["schema"]) if content else None


def _shape(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a schema says of shapes, with OpenAPI's `nullable` as JSON Schema has it."""
    shape: dict[str, Any] = {name: schema[name] for name in _SHAPE if name in schema}
    if "type" in schema:
        shape["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
    if "properties" in schema:
        shape["properties"] = {name: _shape(one) for name, one in schema["properties"].items()}
    if "items" in schema:
        shape["items"] = _shape(schema["items"])
    return shape


def _part(shape: Any) -> Any:
    """Return a shape in which nothing is required, and nothing is but the fields the service has."""
    part = {name: value for name, value in shape.items() if name != "required"}
    if "properties" in part:
        part["properties"] = {name: _part(one) for name, one in part["properties"].items() if name in _NAMES}
        part["additionalProperties"] = False
    return part | ({"items": _part(part["items"])} if "items" in part else {})


if __name__ == "__main__":
    derived = derive(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    KEPT.write_text(json.dumps(derived, separators=(",", ":")) + "\n", encoding="utf-8")
