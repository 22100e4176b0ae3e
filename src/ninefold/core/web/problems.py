"""Problems: every error is sent as `application/problem+json` (RFC 9457).

A route lists the statuses of its own errors for the OpenAPI document. Those that follow from its parameters (400, 401,
404 with an id in the path, 413, 415 and 422 with input, 503) are documented automatically:

    from litestar import post

    @post("/api/v1/events", status_code=202, responses=problem_responses(409))
    async def publish_event() -> None: ...
"""

import math
import time
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import Scope

from ninefold.core.allowed_values import allowed_values_at
from ninefold.core.errors import (
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    RequestTimeoutError,
    TooManyRequestsError,
    UnauthorizedError,
)
from ninefold.core.postgres.errors import DatabaseDiskFullError, DatabaseUnavailableError
from ninefold.core.secrets import SecretsKeyMissingError
from ninefold.core.validation_messages import in_plain_words
from ninefold.core.web.errors import (
    BadRequestError,
    InternalError,
    MethodNotAllowedError,
    RouteNotFoundError,
    UnsupportedEncodingError,
    UpgradeRequiredError,
)
from ninefold.core.web.ids import ID_SHOWN_MAX, is_path_id
from ninefold.core.web.methods import allowed_methods
from ninefold.core.web.query_parameters import name_in_request

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2

UNAVAILABLE_LOG_INTERVAL_S: Final = 60.0
"""Requests that fail for the same reason are reported once in this time. Their access lines are always logged."""

_SERVER_ERROR: Final = 500
_MISSING: Final = "Missing required"
"""How Litestar begins the message for a parameter that the request lacks."""

log = structlog.get_logger(__name__)


class _UnavailableLog:
    """Logs that the database is unavailable: each reason at most once a minute, however many requests fail."""

    def __init__(self) -> None:
        self._logged_at: dict[type[BaseException], float] = {}

    def warning(self, kind: type[BaseException], error: str) -> None:
        now = time.monotonic()
        if now - self._logged_at.get(kind, -math.inf) >= UNAVAILABLE_LOG_INTERVAL_S:
            self._logged_at[kind] = now
            log.warning("web.database.unavailable", error=error)


_UNAVAILABLE_LOG: Final = _UnavailableLog()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, what caused it, and what to do about it (RFC 9457)."""

    type: Annotated[
        str,
        msgspec.Meta(description="Identifies the kind of problem.", examples=["urn:ninefold:problem:invalid_input"]),
    ]
    title: Annotated[str, msgspec.Meta(description="The kind of problem, for people.", examples=["Invalid input"])]
    status: Annotated[int, msgspec.Meta(description="The HTTP status of the response.", examples=[422])]
    detail: Annotated[
        str,
        msgspec.Meta(description="What happened.", examples=["event_types[0]: expected a string, got an integer."]),
    ]
    code: Annotated[
        str,
        msgspec.Meta(description="The kind of problem, for programs; it never changes.", examples=["invalid_input"]),
    ]
    is_retryable: Annotated[
        bool, msgspec.Meta(description="Whether the same request can succeed later.", examples=[False])
    ]
    request_id: Annotated[
        str,
        msgspec.Meta(
            description="Identifies the request in the server's log; also in `X-Request-Id`.",
            examples=["req_01h455vb4pex5vsknk084sn02q"],
        ),
    ]
    field: Annotated[
        str | msgspec.UnsetType,
        msgspec.Meta(description="The path of the input that caused it, if there is one.", examples=["event_types[0]"]),
    ] = msgspec.UNSET
    remedy: Annotated[
        str | msgspec.UnsetType,
        msgspec.Meta(description="What to do about it.", examples=["Correct the value; /docs describes each field."]),
    ] = msgspec.UNSET


def problem_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the documentation of problem responses, for a route's `responses`."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=status_words(status),
            media_type=PROBLEM_MEDIA_TYPE,
            generate_examples=False,
        )
        for status in statuses
    }


def status_words(status: int) -> str:
    """Return the reason phrase of a status, as a sentence."""
    phrase = HTTPStatus(status).phrase
    return f"{phrase if phrase.isupper() else phrase.capitalize()}."


def show_problem(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the problem response for an error, as Ninefold's own API sends it."""
    problem = describe(error, request_id=request_id_of(request.scope))
    return Response(
        content=msgspec.json.encode(problem),
        status_code=error.http_status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=problem_headers(error),
    )


def log_error(error: NinefoldError, exception: BaseException) -> None:
    """Log what the response doesn't say: the cause of an internal error."""
    if error.http_status >= _SERVER_ERROR and not error.is_retryable:
        log.error("web.request.failed", exc_info=exception)
    elif isinstance(error, DatabaseUnavailableError):
        _UNAVAILABLE_LOG.warning(type(exception), f"{type(exception).__name__}: {exception}")


def request_id_of(scope: Scope) -> str:
    """Return the id of a request or a WebSocket in the log."""
    request_id: str = scope["state"].get("request_id", "")
    return request_id


def describe(error: NinefoldError, *, request_id: str) -> Problem:
    """Return the problem for an error."""
    return Problem(
        type=f"urn:ninefold:problem:{error.code}",
        title=error.title,
        status=error.http_status,
        detail=error.detail,
        code=error.code,
        is_retryable=error.is_retryable,
        request_id=request_id,
        field=error.field or msgspec.UNSET,
        remedy=error.remedy or msgspec.UNSET,
    )


def problem_headers(error: NinefoldError) -> dict[str, str]:  # noqa: PLR0911  # a table, a line per kind of error.
    """Return the headers that an error's response needs."""
    match error:
        case MethodNotAllowedError():
            return {"Allow": ", ".join(error.allowed)}
        case UpgradeRequiredError():
            return {"Upgrade": "websocket"}
        case UnauthorizedError():
            return {"WWW-Authenticate": 'Bearer realm="ninefold"'}
        case UnsupportedEncodingError():
            # RFC 9110 §12.5.3: the encoding that a body must have.
            return {"Accept-Encoding": "identity"}
        case RequestTimeoutError():
            # RFC 9110 §15.5.9: what still comes on this connection isn't a new request.
            return {"Connection": "close"}
        case TooManyRequestsError():
            return {"Retry-After": str(error.retry_after_s)}
        case NinefoldError(is_retryable=True):
            return {"Retry-After": str(RETRY_AFTER_S)}
        case _:
            return {}


def as_ninefold_error(request: ASGIConnection[Any, Any, Any, Any], exception: Exception) -> NinefoldError:  # noqa: PLR0911  # a table, a line per kind of error.
    """Return the error to send to the client for any exception."""
    match exception:
        case DatabaseDiskFullError():
            return DatabaseDiskFullError(
                "The database's disk is full. This request had no effect.",
                remedy="Send the same request again after the operator of this server has freed disk space.",
            )
        case DatabaseUnavailableError():
            # In the caller's words: the error's own are the operator's.
            return DatabaseUnavailableError(
                "The database isn't available; it isn't known whether this request took effect.",
                remedy="Send the same request again, with the same idempotency key if it has one.",
            )
        # That a key is missing is for the operator, who finds it in the log.
        case NinefoldError() if not isinstance(exception, SecretsKeyMissingError):
            return exception
        case ValidationException():
            return _invalid_parameter(request, exception)
        case MethodNotAllowedException():
            return _method_not_allowed(request)
        case NotFoundException():
            return RouteNotFoundError(
                f"There is no route at {request.scope['path']}.", remedy="GET /openapi.json lists the routes."
            )
        case HTTPException() if exception.status_code < _SERVER_ERROR:
            return BadRequestError(_sentence(exception.detail))
        case _:
            return InternalError(
                "Ninefold failed to handle this request. The cause is in its log, under the request id.",
                remedy="Try again; if it fails again, report the request id to the operator of this server.",
            )


def _invalid_parameter(request: ASGIConnection[Any, Any, Any, Any], exception: ValidationException) -> NinefoldError:
    extra = exception.extra
    first: dict[str, str] = extra[0] if isinstance(extra, list) and extra else {}
    name = first.get("key")
    if name is None and exception.detail.startswith(_MISSING):
        name = exception.detail.partition("'")[2].partition("'")[0]
        return InvalidInputError(f"Parameter {name} is missing.", field=name, remedy="Add it.")
    parameter = request.route_handler.parsed_fn_signature.parameters.get(name or "")
    if first.get("source") == "path":
        return _nothing_there(request, name or "", kind=parameter.annotation if parameter else None)
    if name and parameter:
        name = name_in_request(name, parameter)
    allowed_values = allowed_values_at(parameter.raw) if parameter else []
    reason = in_plain_words(first.get("message") or exception.detail, allowed_values=allowed_values)
    return InvalidInputError(
        f"Parameter {name or 'of the request'}: {reason}.",
        field=name,
        remedy="Correct the parameter; /docs describes every parameter.",
    )


def _nothing_there(request: ASGIConnection[Any, Any, Any, Any], name: str, *, kind: Any) -> NotFoundError:
    """Return the error for a path with an invalid id or another invalid parameter."""
    text = str(request.path_params.get(name, ""))
    return NotFoundError(
        f"There is nothing with the {'id' if is_path_id(kind) else name} {text[:ID_SHOWN_MAX]!r}.",
        remedy=f"A valid id looks like {kind.prefix}_01h45…." if is_path_id(kind) else None,
    )


def _method_not_allowed(request: ASGIConnection[Any, Any, Any, Any]) -> NinefoldError:
    path, method = request.scope["path"], request.scope.get("method")
    if not allowed_methods(request.app, path):
        return UpgradeRequiredError(f"{path} is a WebSocket.", remedy="Connect to it with a WebSocket client.")
    return MethodNotAllowedError(f"{path} doesn't allow {method}.", allowed=allowed_methods(request.app, path))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
