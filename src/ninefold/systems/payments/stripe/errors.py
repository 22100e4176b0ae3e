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
from ninefold.systems.payments.errors import (
    CardDeclinedError,
    IdempotencyKeyReusedError,
    PaymentStateError,
    ProcessorRefusedError,
)
from ninefold.systems.payments.rules.card_numbers import contains_card_number
from ninefold.systems.payments.stripe.headers import stripe_headers

INVALID_REQUEST: Final = "invalid_request_error"
CARD: Final = "card_error"

_BAD_REQUEST: Final = 400
_PAYMENT_REQUIRED: Final = 402
_NOT_FOUND: Final = 404
_SERVER_ERROR: Final = 500


class StripeError(InvalidInputError):
    """What Stripe's API refuses in words and with a code of its own.

    Args:
        message: what went wrong.
        code: Stripe's code; None if it has none for this.
        param: the parameter.
        kind: Stripe's type of the error.
        status: of the response.
        extra: what else the error has, such as `payment_intent`.
    """

    code = "stripe_error"
    title = "Refused"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = INVALID_REQUEST,
        status: int = _BAD_REQUEST,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, field=param)
        self.error_code = code
        self.kind = kind
        self.status = status
        self.extra = extra or {}


class StripeCardError(CardDeclinedError):
    """A declined payment, with the object that Stripe's clients find in the error."""

    def __init__(
        self, detail: str, *, error_code: str, decline_code: str | None, charge: str | None, intent: Mapping[str, Any]
    ) -> None:
        super().__init__(detail, error_code=error_code, decline_code=decline_code)
        self.charge = charge
        self.intent = intent


def not_found(kind: str, text: str, *, param: str, is_in_path: bool = False) -> StripeError:
    """Return the error for an object that the merchant doesn't have.

    Args:
        kind: what it is, such as `payment_intent`.
        text: the id that the client has sent.
        param: how Stripe calls where it was sent.
        is_in_path: whether that is the path: only then the status is 404.
    """
    shown = "…" if contains_card_number(text) else text[:80]
    status = _NOT_FOUND if is_in_path else _BAD_REQUEST
    return StripeError(f"No such {kind}: '{shown}'", code="resource_missing", param=param, status=status)


def card_error(message: str, *, code: str, param: str | None = None, decline_code: str | None = None) -> StripeError:
    """Return the error for a card that can't be used."""
    extra = {} if decline_code is None else {"decline_code": decline_code}
    return StripeError(message, code=code, param=param, kind=CARD, status=_PAYMENT_REQUIRED, extra=extra)


def show_stripe_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error."""
    return Response(
        content=encode_error(error, method=request.scope["method"], path=request.scope["path"]),
        status_code=status_of(error),
        media_type="application/json",
        headers={
            **problem_headers(error),
            **stripe_headers(request),
            "Stripe-Should-Retry": str(error.is_retryable).lower(),
        },
    )


def encode_error(error: NinefoldError, *, method: str, path: str) -> bytes:
    """Return the body of the response for an error to a request."""
    return msgspec.json.encode({"error": _describe(error, method=method, path=path)})


def status_of(error: NinefoldError) -> int:
    """Return the status of an error: Stripe's API answers invalid input, and unexpected states, with 400."""
    match error:
        case StripeError():
            return error.status
        case InvalidInputError() | PaymentStateError():
            return _BAD_REQUEST
        case ProcessorRefusedError():
            return _PAYMENT_REQUIRED
    return error.http_status


def _describe(error: NinefoldError, *, method: str, path: str) -> dict[str, Any]:  # noqa: PLR0911  # a table, a line per kind of error.
    match error:
        case StripeError():
            return _shown(error.kind, error.error_code, error.detail, param=error.field, **error.extra)
        case RouteNotFoundError():
            return _shown(INVALID_REQUEST, None, f"Unrecognized request URL ({method}: {_safe(path)}).")
        case CardDeclinedError():
            fields: dict[str, Any] = {} if error.decline_code is None else {"decline_code": error.decline_code}
            if isinstance(error, StripeCardError):
                fields |= {"charge": error.charge, "payment_intent": error.intent}
            return _shown(CARD, error.error_code, error.detail, **fields)
        case ProcessorRefusedError():
            return _shown(CARD, error.error_code, error.detail)
        case IdempotencyKeyReusedError():
            return _shown("idempotency_error", None, str(error))
        case NotFoundError():
            return _shown(INVALID_REQUEST, "resource_missing", error.detail)
        case UnauthorizedError():
            return _shown(INVALID_REQUEST, None, str(error))
        case TooManyRequestsError():
            return _shown("rate_limit_error", "rate_limit", str(error))
    kind = "api_error" if error.http_status >= _SERVER_ERROR else INVALID_REQUEST
    return _shown(kind, error.code, str(error), param=error.field)


def _shown(kind: str, code: str | None, message: str, *, param: str | None = None, **extra: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": kind, "message": message}
    if code is not None:
        shown["code"] = code
    if param is not None:
        shown["param"] = param
    return {**shown, **extra}


def _safe(path: str) -> str:
    return "…" if contains_card_number(path) else path[:200]
