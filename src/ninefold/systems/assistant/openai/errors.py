"""Errors in OpenAI's format: `{"error": {"message", "type", "param", "code"}}`, with the statuses of OpenAI's API."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response

from ninefold.core.errors import (
    ForbiddenError,
    InvalidInputError,
    NinefoldError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from ninefold.core.tenancy.errors import CredentialInvalidError
from ninefold.core.web.errors import MethodNotAllowedError, RouteNotFoundError
from ninefold.core.web.problems import problem_headers

_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500

INVALID_REQUEST: Final = "invalid_request_error"
SERVER_ERROR: Final = "server_error"


class UnsupportedParameterError(InvalidInputError):
    """The request asks for something that OpenAI's API has and this server hasn't."""

    code = "unsupported_parameter"
    title = "Unsupported parameter"


class InvalidRequestError(InvalidInputError):
    """The parts of a request contradict each other."""

    code = "invalid_value"
    title = "Invalid request"


class PreviousResponseNotFoundError(InvalidInputError):
    """`previous_response_id` is no response of the caller that can be continued."""

    code = "previous_response_not_found"
    title = "Previous response not found"


class ServerStoppingError(UnavailableError):
    """The server stops before the response is there.

    Args:
        detail: what happened to the response.
        can_repeat: whether OpenAI's clients should send the request again; they do that by themselves.
        remedy: what to do.
    """

    code = "server_stopping"
    title = "Server stopping"

    def __init__(self, detail: str, *, can_repeat: bool, remedy: str) -> None:
        super().__init__(detail, remedy=remedy)
        self.can_repeat = can_repeat


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, as OpenAI's clients expect it."""

    message: str
    type: str
    param: str | None
    """The path of the parameter that caused it, such as `messages[0].content`."""
    code: str | None


class ErrorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The body of each response with an error."""

    error: ErrorBody


def show_openai_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error."""
    method, path = request.scope["method"], request.scope["path"]
    body = ErrorResponse(error=describe_error(error, method=method, path=path))
    return Response(
        content=msgspec.json.encode(body),
        status_code=status_of(error),
        media_type="application/json",
        headers=error_headers(error),
    )


def describe_error(  # noqa: PLR0911  # a table, a line per kind of error.
    error: NinefoldError, *, method: str = "", path: str = ""
) -> ErrorBody:
    """Return an error as OpenAI's API describes it.

    Args:
        error: what went wrong.
        method: that of the request, for paths and methods that don't exist.
        path: that of the request.
    """
    match error:
        case RouteNotFoundError():
            return ErrorBody(
                message=f"Invalid URL ({method} {path})", type=INVALID_REQUEST, param=None, code="unknown_url"
            )
        case MethodNotAllowedError():
            return ErrorBody(message=str(error), type=INVALID_REQUEST, param=None, code="method_not_supported")
        case CredentialInvalidError():
            return ErrorBody(message=str(error), type=INVALID_REQUEST, param=None, code="invalid_api_key")
        case UnauthorizedError():
            return ErrorBody(message=str(error), type=INVALID_REQUEST, param=None, code=error.code)
        case InvalidInputError():
            return ErrorBody(message=_message(error), type=INVALID_REQUEST, param=error.field, code=_code(error))
        case ForbiddenError():
            return ErrorBody(message=str(error), type=INVALID_REQUEST, param=None, code="insufficient_permissions")
        case TooManyRequestsError():
            return ErrorBody(message=str(error), type="rate_limit_error", param=None, code="rate_limit_exceeded")
        case _:
            kind = SERVER_ERROR if error.http_status >= _SERVER_ERROR else INVALID_REQUEST
            return ErrorBody(message=str(error), type=kind, param=error.field, code=error.code)


def status_of(error: NinefoldError) -> int:
    """Return the status of an error: OpenAI's API answers invalid input with 400, and not with 422."""
    return _BAD_REQUEST if isinstance(error, InvalidInputError) else error.http_status


def error_headers(error: NinefoldError) -> Mapping[str, str]:
    """Return the headers of an error, such as `Retry-After`."""
    headers = problem_headers(error)
    if isinstance(error, ServerStoppingError):
        headers["x-should-retry"] = str(error.can_repeat).lower()
    return headers


def _message(error: InvalidInputError) -> str:
    # The remedies of the core point to the documentation of Ninefold's own API.
    return error.detail if type(error) is InvalidInputError else str(error)


def _code(error: InvalidInputError) -> str:
    if not isinstance(error.__cause__, msgspec.ValidationError):
        return "invalid_value" if error.code == InvalidInputError.code else error.code
    message = str(error.__cause__)
    if message.startswith("Object missing required"):
        return "missing_required_parameter"
    return "invalid_type" if ", got `" in message else "invalid_value"
