"""GitHub's published description of the REST endpoints the service has; derive_openapi.py says where it is from."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import requests

_ERROR = "GET /repos/{owner}/{repo}/actions/cache/storage-limit", "404"


@cache
def _answers() -> dict[str, dict[str, Any]]:
    described: dict[str, dict[str, Any]] = json.loads(
        Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")
    )["answers"]
    return described


def check(endpoint: str, response: requests.Response) -> Any:
    """Return the JSON of a described answer of `METHOD path` that is as described, None where it has no body."""
    statuses = _answers()[endpoint]
    assert str(response.status_code) in statuses, response.text
    schema = statuses[str(response.status_code)]
    if schema is None:
        assert response.content == b""
        return None
    body = response.json()
    jsonschema.validate(body, schema)
    return body


def check_error(response: requests.Response, status: int, message: str) -> None:
    """Hold an error to GitHub's form."""
    assert (response.status_code, response.json()["message"]) == (status, message)
    jsonschema.validate(
        response.json(), {**_answers()[_ERROR[0]][_ERROR[1]], "required": ["message", "documentation_url"]}
    )
