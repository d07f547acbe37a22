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
    *(("get", f"{_REPO}{path}") for path in ("", "/branches", "/pulls", "/pulls/{pull_number}", "/actions/runs")),
)
_SHAPE = ("enum", "required", "format")
Shapes = list[dict[str, Any]]


def derive(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of each answer by `METHOD path` and status, None where an answer has no body."""
    shapes: Shapes = []
    answers = {}
    for method, path in _ENDPOINTS:
        responses = description["paths"][path][method]["responses"]
        answers[f"{method.upper()} {path}"] = {
            status: _schema(response, shapes) for status, response in responses.items()
        }
    named = {str(number): shape for number, shape in enumerate(shapes)}
    return {"from": f"@octokit/openapi {description['info']['version']}", "answers": answers, "$defs": named}


def _schema(response: Mapping[str, Any], shapes: Shapes) -> Any:
    content = response.get("content", {}).get("application/json")
    return _shape(content["schema"], shapes) if content else None


def _shape(schema: Mapping[str, Any], shapes: Shapes) -> dict[str, Any]:
    """Return what a schema says of shapes, with OpenAPI's `nullable` as JSON Schema has it; equal objects are one."""
    shape: dict[str, Any] = {name: schema[name] for name in _SHAPE if name in schema}
    if "type" in schema:
        shape["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
    if "items" in schema:
        shape["items"] = _shape(schema["items"], shapes)
    if "properties" not in schema:
        return shape
    shape["properties"] = {name: _shape(one, shapes) for name, one in schema["properties"].items()}
    if shape not in shapes:
        shapes.append(shape)
    return {"$ref": f"#/$defs/{shapes.index(shape)}"}


if __name__ == "__main__":
    derived = derive(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    KEPT.write_text(json.dumps(derived, separators=(",", ":")) + "\n", encoding="utf-8")
