"""GitHub's published description of the REST endpoints the service has; derive_openapi.py says where it is from."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import requests

from dockcache_tui.core.instant import Instant

_ERROR = "GET /repos/{owner}/{repo}/actions/cache/storage-limit", "404"
_URI = re.compile(r"https?://[\w.:-]+/[^\s{}<>\"]+")
_FORMATS = jsonschema.FormatChecker(())


@_FORMATS.checks("date-time", ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or bool(Instant.parse(value))


@_FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(_URI.fullmatch(value))


@cache
def _description() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))
    return described


def check(endpoint: str, response: requests.Response) -> Any:
    """Return the JSON of a described answer of `METHOD path` that is as described, None where it has no body."""
    statuses = _description()["answers"][endpoint]
    assert str(response.status_code) in statuses, response.text
    schema = statuses[str(response.status_code)]
    if schema is None:
        assert response.content == b""
        return None
    body = response.json()
    _validate(body, schema)
    return body


def check_error(response: requests.Response, status: int, message: str) -> None:
    """Hold an error to GitHub's form."""
    assert (response.status_code, response.json()["message"]) == (status, message)
    described = _description()["answers"][_ERROR[0]][_ERROR[1]]
    _validate(response.json(), {**described, "required": ["message", "documentation_url"]})


def _validate(body: object, schema: dict[str, Any]) -> None:
    jsonschema.validate(body, {**schema, "$defs": _description()["$defs"]}, format_checker=_FORMATS)
