"""Requests to Stripe's API: forms over HTTP, and what each kind of failure says about their effect."""

from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from ninefold.core.egress import (
    AddressDeniedError,
    AddressPolicy,
    ConnectFailedError,
    ConnectTimeoutError,
    DnsFailedError,
    EgressClient,
    EgressError,
    EgressResponse,
    StaleConnectionError,
    TlsFailedError,
    parse_target,
)
from ninefold.systems.payments.model.outcomes import NotSent, Unknown
from ninefold.systems.payments.processors.stripe.objects import StripeAnswerToError, StripeErrorBody

API_VERSION: Final = "2025-09-30.clover"
BODY_BYTES_MAX: Final = 4 * 1024 * 1024

_BEFORE_SENDING: Final = (AddressDeniedError, ConnectFailedError, ConnectTimeoutError, DnsFailedError, TlsFailedError)
_WITHOUT_EFFECT: Final = frozenset({401, 403, 429})
"""The statuses of requests that Stripe hasn't begun: our key isn't accepted, or there were too many."""

_CONFLICT: Final = 409
_SERVER_ERROR: Final = 500

T = TypeVar("T")


class Refused(msgspec.Struct, frozen=True):
    """Stripe has answered that it doesn't do it."""

    status: int
    error: StripeErrorBody


class StripeClient:
    """Sends requests with the secret key of an account at Stripe.

    Args:
        url: of the API, without `/v1`.
        secret_key: of the account.
        policy: which addresses may be reached: all, since the operator has chosen the URL.
        timeout_s: for each request.
    """

    def __init__(self, url: str, *, secret_key: str, policy: AddressPolicy, timeout_s: float) -> None:
        self._url: Final = url.rstrip("/")
        self._secret_key: Final = secret_key
        self._policy: Final = policy
        self._timeout_s: Final = timeout_s
        self._egress: EgressClient | None = None

    async def close(self) -> None:
        """Close all connections."""
        if self._egress is not None:
            await self._egress.aclose()

    async def post(
        self, path: str, form: Mapping[str, str], *, idempotency_key: str, answer: type[T]
    ) -> T | Refused | Unknown | NotSent:
        """Ask for something that has an effect once, however often it is asked for with this key.

        Args:
            path: below `/v1`.
            form: the parameters, with their brackets.
            idempotency_key: of the request.
            answer: what is read from the response.
        """
        headers = [("content-type", "application/x-www-form-urlencoded"), ("idempotency-key", idempotency_key)]
        return await self._send("POST", path, headers=headers, body=urlencode(form).encode(), answer=answer)

    async def get(
        self, path: str, query: Mapping[str, str] | None = None, *, answer: type[T]
    ) -> T | Refused | Unknown | NotSent:
        """Read something.

        Args:
            path: below `/v1`.
            query: the parameters, with their brackets.
            answer: what is read from the response.
        """
        full = f"{path}?{urlencode(query)}" if query else path
        return await self._send("GET", full, headers=[], body=b"", answer=answer)

    async def _send(
        self, method: str, path: str, *, headers: list[tuple[str, str]], body: bytes, answer: type[T]
    ) -> T | Refused | Unknown | NotSent:
        try:
            response = await self._request(method, path, headers=headers, body=body)
        except _BEFORE_SENDING as error:
            return NotSent(reason=str(error))
        except EgressError as error:
            # Something may have been received.
            return Unknown(reason=str(error))
        return _read(response, answer)

    async def _request(self, method: str, path: str, *, headers: list[tuple[str, str]], body: bytes) -> EgressResponse:
        if self._egress is None:
            self._egress = EgressClient(self._policy)
        target = parse_target(f"{self._url}/v1{path}")
        authorised = [("authorization", f"Bearer {self._secret_key}"), ("stripe-version", API_VERSION), *headers]
        try:
            return await self._egress.request(
                method,
                target,
                headers=authorised,
                body=body,
                timeout_s=self._timeout_s,
                body_bytes_max=BODY_BYTES_MAX,
                # Sending it again is left to us: if that fails before it is sent, the first one may still have arrived.
                is_idempotent=False,
            )
        except StaleConnectionError as stale:
            try:
                return await self._egress.request(
                    method,
                    target,
                    headers=authorised,
                    body=body,
                    timeout_s=self._timeout_s,
                    body_bytes_max=BODY_BYTES_MAX,
                    is_idempotent=False,
                )
            except _BEFORE_SENDING:
                raise stale from None


def _read(response: EgressResponse, answer: type[T]) -> T | Refused | Unknown | NotSent:
    try:
        if response.status < 300:  # noqa: PLR2004 - a success.
            return msgspec.json.decode(response.body, type=answer)
        error = msgspec.json.decode(response.body, type=StripeAnswerToError).error
    except msgspec.DecodeError as unreadable:
        return Unknown(reason=f"Stripe has answered {response.status} with something else: {unreadable}.")
    said = f"Stripe has answered {response.status}: {error.message or error.type}"
    if response.status in _WITHOUT_EFFECT:
        return NotSent(reason=said)
    if response.status >= _SERVER_ERROR or response.status == _CONFLICT or error.type == "idempotency_error":
        return Unknown(reason=said)
    return Refused(response.status, error)
