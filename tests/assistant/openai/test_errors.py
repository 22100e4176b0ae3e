import json
from typing import Any

import pytest
from litestar import Request

from ninefold.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
    UnavailableError,
)
from ninefold.core.tenancy.errors import ApiKeyInvalidError, ApiKeyMissingError
from ninefold.core.web.errors import BadJsonError, InternalError, MethodNotAllowedError, RouteNotFoundError
from ninefold.systems.assistant.openai.errors import UnsupportedParameterError, show_openai_error

INVALID = "invalid_request_error"


def show(error: NinefoldError) -> tuple[int | None, Any, dict[str, str]]:
    scope: Any = {"type": "http", "method": "POST", "path": "/openai/v1/x"}
    request: Request[Any, Any, Any] = Request(scope)
    response = show_openai_error(request, error)
    return response.status_code, response.content, dict(response.headers)


@pytest.mark.parametrize(
    ("error", "status", "kind", "param", "code"),
    [
        (InvalidInputError("Wrong.", field="a[0].b"), 400, INVALID, "a[0].b", "invalid_value"),
        (UnsupportedParameterError("No n.", field="n"), 400, INVALID, "n", "unsupported_parameter"),
        (BadJsonError("No JSON."), 400, INVALID, None, "bad_json"),
        (ApiKeyMissingError("No key."), 401, INVALID, None, "api_key_missing"),
        (ApiKeyInvalidError("Wrong key."), 401, INVALID, None, "invalid_api_key"),
        (ForbiddenError("Not you."), 403, INVALID, None, "insufficient_permissions"),
        (NotFoundError("Nothing."), 404, INVALID, None, "not_found"),
        (MethodNotAllowedError("No.", allowed=["GET"]), 405, INVALID, None, "method_not_supported"),
        (ConflictError("Ended."), 409, INVALID, None, "conflict"),
        (PayloadTooLargeError("Too large."), 413, INVALID, None, "payload_too_large"),
        (TooManyRequestsError("Wait.", retry_after_s=7), 429, "rate_limit_error", None, "rate_limit_exceeded"),
        (InternalError("A bug."), 500, "server_error", None, "internal"),
        (UnavailableError("Later."), 503, "server_error", None, "unavailable"),
    ],
)
def test_each_error_has_its_form(error: NinefoldError, status: int, kind: str, param: str | None, code: str) -> None:
    found_status, content, _ = show(error)
    shown = json.loads(content)["error"]
    assert (found_status, shown) == (status, {"message": str(error), "type": kind, "param": param, "code": code})


def test_an_unknown_path_is_named() -> None:
    status, content, _ = show(RouteNotFoundError("No route."))
    assert (status, json.loads(content)["error"]) == (
        404,
        {"message": "Invalid URL (POST /openai/v1/x)", "type": INVALID, "param": None, "code": "unknown_url"},
    )


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (TooManyRequestsError("Wait.", retry_after_s=7), {"Retry-After": "7"}),
        (MethodNotAllowedError("No.", allowed=["GET"]), {"Allow": "GET"}),
    ],
)
def test_headers_say_what_to_do(error: NinefoldError, headers: dict[str, str]) -> None:
    assert headers.items() <= show(error)[2].items()
