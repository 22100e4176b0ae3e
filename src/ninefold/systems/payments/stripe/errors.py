"""Errors in Stripe's format, `{"error": {"type", "code", "message", "param"}}`, with the statuses of Stripe's API."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response

from ninefold.core.errors import (
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
)
from ninefold.core.web.errors import RouteNotFoundError
from ninefold.core.web.problems import problem_headers
from ninefold.systems.payments.errors import CardDeclinedError, PaymentStateError

_BAD_REQUEST: Final = 400
_SERVER_ERROR: Final = 500

INVALID_REQUEST: Final = "invalid_request_error"


class StripeCardError(CardDeclinedError):
    """A declined payment, with the object that Stripe's clients find in the error."""

    def __init__(
        self, detail: str, *, error_code: str, decline_code: str | None, charge: str | None, intent: Mapping[str, Any]
    ) -> None:
        super().__init__(detail, error_code=error_code, decline_code=decline_code)
        self.charge = charge
        self.intent = intent


def show_stripe_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error."""
    headers = {**problem_headers(error), "Stripe-Should-Retry": str(error.is_retryable).lower()}
    return Response(
        content=msgspec.json.encode({"error": _describe(request, error)}),
        status_code=_status_of(error),
        media_type="application/json",
        headers=headers,
    )


def _describe(  # noqa: PLR0911  # a table, a line per kind of error.
    request: Request[Any, Any, Any], error: NinefoldError
) -> dict[str, Any]:
    match error:
        case RouteNotFoundError():
            path = request.scope["path"]
            return {
                "type": INVALID_REQUEST,
                "message": f"Unrecognized request URL ({request.scope['method']}: {path}).",
            }
        case CardDeclinedError():
            shown: dict[str, Any] = {"type": "card_error", "code": error.error_code, "message": error.detail}
            if error.decline_code is not None:
                shown["decline_code"] = error.decline_code
            if isinstance(error, StripeCardError):
                shown |= {"payment_intent": error.intent, "charge": error.charge}
            return shown
        case NotFoundError():
            return _request_error(error, code="resource_missing")
        case UnauthorizedError():
            return {"type": INVALID_REQUEST, "message": str(error)}
        case TooManyRequestsError():
            return {"type": "rate_limit_error", "code": "rate_limit", "message": str(error)}
        case InvalidInputError() | PaymentStateError():
            return _request_error(error, code=error.code)
    kind = "api_error" if error.http_status >= _SERVER_ERROR else INVALID_REQUEST
    return {"type": kind, "code": error.code, "message": str(error)}


def _request_error(error: NinefoldError, *, code: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": INVALID_REQUEST, "code": code, "message": str(error)}
    if error.field:
        shown["param"] = error.field
    return shown


def _status_of(error: NinefoldError) -> int:
    """Return the status of an error: Stripe's API answers invalid input, and unexpected states, with 400."""
    return _BAD_REQUEST if isinstance(error, (InvalidInputError, PaymentStateError)) else error.http_status
