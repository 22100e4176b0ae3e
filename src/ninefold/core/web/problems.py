"""Problems: how every error leaves as `application/problem+json` (RFC 9457).

A route that can refuse for reasons of its own names their statuses for the OpenAPI document; those that
follow from its shape (400, 401, 404 with an id in the path, 413, 415 and 422 with input, 503) are documented
by themselves:

    from litestar import post

    @post("/api/v1/events", status_code=202, responses=problem_responses(409))
    async def publish_event() -> None: ...
"""

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

from ninefold.core.errors import InvalidInputError, NinefoldError, NotFoundError, UnauthorizedError
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.web.choices import choices_at
from ninefold.core.web.errors import (
    BadRequestError,
    InternalError,
    MethodNotAllowedError,
    RouteNotFoundError,
    UnsupportedEncodingError,
)
from ninefold.core.web.ids import ID_SHOWN_MAX, is_path_id
from ninefold.core.web.options import allowed_methods
from ninefold.core.web.reasons import in_json_words

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2

_SERVER_ERROR: Final = 500

log = structlog.get_logger(__name__)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, with what, and what to do about it (RFC 9457)."""

    type: Annotated[
        str,
        msgspec.Meta(description="Names the kind of problem.", examples=["urn:ninefold:problem:invalid_input"]),
    ]
    title: Annotated[str, msgspec.Meta(description="The kind of problem, for people.", examples=["Invalid input"])]
    status: Annotated[int, msgspec.Meta(description="The answer's HTTP status.", examples=[422])]
    detail: Annotated[
        str,
        msgspec.Meta(
            description="What happened, to what.", examples=["event_types[0]: expected a string, got an integer."]
        ),
    ]
    code: Annotated[
        str,
        msgspec.Meta(description="The kind of problem, for programs; it never changes.", examples=["invalid_input"]),
    ]
    is_retryable: Annotated[
        bool, msgspec.Meta(description="Whether the same request may succeed later.", examples=[False])
    ]
    request_id: Annotated[
        str,
        msgspec.Meta(
            description="Finds the request in the server's log; also in `X-Request-Id`.",
            examples=["req_01h455vb4pex5vsknk084sn02q"],
        ),
    ]
    field: Annotated[
        str | msgspec.UnsetType,
        msgspec.Meta(
            description="The input that caused it, as a path, where there is one.", examples=["event_types[0]"]
        ),
    ] = msgspec.UNSET
    remedy: Annotated[
        str | msgspec.UnsetType,
        msgspec.Meta(description="What to do about it.", examples=["Correct the value; /docs describes each field."]),
    ] = msgspec.UNSET


def problem_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the documentation of answers that are problems, for a route's `responses`."""
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
    """Return what a status means, as a sentence."""
    phrase = HTTPStatus(status).phrase
    return f"{phrase if phrase.isupper() else phrase.capitalize()}."


def show_problem(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return an error as a problem: how Ninefold's own API shows it."""
    problem = describe(error, request_id=request_id_of(request.scope))
    return Response(
        content=msgspec.json.encode(problem),
        status_code=error.http_status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers=problem_headers(error),
    )


def log_error(error: NinefoldError, exception: BaseException) -> None:
    """Log what a caller isn't told: what is wrong inside of us."""
    if error.http_status >= _SERVER_ERROR and not error.is_retryable:
        log.error("web.request.failed", exc_info=exception)
    elif isinstance(error, DatabaseUnavailableError):
        log.warning("web.database.unavailable", error=f"{type(exception).__name__}: {exception}")


def request_id_of(scope: Scope) -> str:
    """Return the id under which the log knows a request or a WebSocket."""
    request_id: str = scope["state"].get("request_id", "")
    return request_id


def describe(error: NinefoldError, *, request_id: str) -> Problem:
    """Return the problem that tells of an error."""
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


def problem_headers(error: NinefoldError) -> dict[str, str]:
    """Return the headers that an error's answer needs."""
    match error:
        case MethodNotAllowedError():
            return {"Allow": ", ".join(error.allowed)}
        case UnauthorizedError():
            return {"WWW-Authenticate": 'Bearer realm="ninefold"'}
        case UnsupportedEncodingError():
            # RFC 9110 §12.5.3: what a refused body should have been.
            return {"Accept-Encoding": "identity"}
        case NinefoldError(is_retryable=True):
            return {"Retry-After": str(RETRY_AFTER_S)}
        case _:
            return {}


def as_ninefold_error(request: ASGIConnection[Any, Any, Any, Any], exception: Exception) -> NinefoldError:  # noqa: PLR0911  # a table, a line per kind of error.
    """Return the error that a caller may see for anything that was raised."""
    match exception:
        case DatabaseUnavailableError():
            # In the caller's words: the error's own are the operator's.
            return DatabaseUnavailableError(
                "The database doesn't answer now; whether this request took effect isn't known.",
                remedy="Send the same request again, with the same idempotency key if it has one.",
            )
        case NinefoldError():
            return exception
        case ValidationException():
            return _invalid_parameter(request, exception)
        case MethodNotAllowedException():
            return _method_not_allowed(request)
        case NotFoundException():
            return RouteNotFoundError(
                f"Nothing is at {request.scope['path']}.", remedy="GET /openapi.json lists what there is."
            )
        case HTTPException() if exception.status_code < _SERVER_ERROR:
            return BadRequestError(_sentence(exception.detail))
        case _:
            return InternalError(
                "Ninefold failed to answer this request, and has logged why under its request id.",
                remedy="Try again; if it repeats, tell whoever runs this server the request id.",
            )


def _invalid_parameter(request: ASGIConnection[Any, Any, Any, Any], exception: ValidationException) -> NinefoldError:
    extra = exception.extra
    first: dict[str, str] = extra[0] if isinstance(extra, list) and extra else {}
    name = first.get("key")
    parameter = request.route_handler.parsed_fn_signature.parameters.get(name or "")
    if first.get("source") == "path":
        return _nothing_there(request, name or "", kind=parameter.annotation if parameter else None)
    choices = choices_at(parameter.raw) if parameter else []
    reason = in_json_words(first.get("message") or exception.detail, choices=choices)
    return InvalidInputError(
        f"Parameter {name or 'of the request'}: {reason}.",
        field=name,
        remedy="Correct the parameter; /docs describes each.",
    )


def _nothing_there(request: ASGIConnection[Any, Any, Any, Any], name: str, *, kind: Any) -> NotFoundError:
    """Return the error for a path with what can't be an id, or another parameter, of what is there."""
    text = str(request.path_params.get(name, ""))
    return NotFoundError(
        f"There is nothing with the {'id' if is_path_id(kind) else name} {text[:ID_SHOWN_MAX]!r}.",
        remedy=f"Ids here look like {kind.prefix}_01h45…." if is_path_id(kind) else None,
    )


def _method_not_allowed(request: ASGIConnection[Any, Any, Any, Any]) -> MethodNotAllowedError:
    path, method = request.scope["path"], request.scope.get("method")
    return MethodNotAllowedError(f"{method} isn't possible at {path}.", allowed=allowed_methods(request.app, path))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
