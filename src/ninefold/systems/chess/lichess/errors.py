"""Errors in Lichess's format: `{"error": "…"}`, with the statuses of Lichess's API."""

from typing import Any, Final

import msgspec
from litestar import Request, Response

from ninefold.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
)
from ninefold.core.tenancy.errors import (
    CredentialExpiredError,
    CredentialInvalidError,
    CredentialMissingError,
    CredentialRevokedError,
)
from ninefold.core.web.errors import RouteNotFoundError
from ninefold.core.web.problems import problem_headers

_BAD_REQUEST: Final = 400
_NOT_FOUND: Final = 404


class NotYourGameError(NotFoundError):
    """There is no such game, or the caller doesn't play it; Lichess's API doesn't distinguish the two."""

    code = "not_your_game"
    title = "Not your game"


class RejectedError(ConflictError):
    """A move or an action was rejected."""

    code = "rejected"
    title = "Rejected"


class WrongApiError(ForbiddenError):
    """A bot uses the API for boards, or a person that for bots."""

    code = "wrong_api"
    title = "Wrong API"
    http_status = _BAD_REQUEST


class NotOfferedError(InvalidInputError):
    """The request asks for something that Lichess has and this server hasn't."""

    code = "not_offered"
    title = "Not offered"


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of each response with an error."""

    error: str


def show_lichess_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error."""
    del request
    return Response(
        content=msgspec.json.encode(ErrorBody(message_of(error))),
        status_code=status_of(error),
        media_type="application/json",
        headers=problem_headers(error),
    )


def message_of(error: NinefoldError) -> str:
    """Return what Lichess's clients show of an error."""
    match error:
        case RouteNotFoundError():
            return "Not found. Ninefold's own API is below /api/v1."
        case CredentialMissingError():
            return "Missing authorization header"
        case CredentialInvalidError() | CredentialRevokedError() | CredentialExpiredError():
            return "No such token"
        case _:
            return str(error)


def status_of(error: NinefoldError) -> int:
    """Return the status of an error: Lichess's API answers 400 where Ninefold's has a status of its own."""
    is_of_the_request = isinstance(error, InvalidInputError | ConflictError)
    return _BAD_REQUEST if is_of_the_request and error.http_status != _NOT_FOUND else error.http_status
