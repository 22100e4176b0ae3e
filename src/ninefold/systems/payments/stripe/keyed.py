"""Requests with the header `Idempotency-Key`: done once, and answered the same each time, as Stripe documents it.

What fails before anything was made, such as an invalid parameter, isn't stored. What nobody could know at the time
isn't either: after a 503, the same request goes on from what it has made so far.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from ninefold.core.errors import NinefoldError
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.problems import as_ninefold_error, request_id_of
from ninefold.systems.payments.model.idempotency import KEY_LENGTH_MAX, KeyedRequest
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.rules.card_numbers import contains_card_number
from ninefold.systems.payments.service.idempotency import Answer, Claim, claim_request
from ninefold.systems.payments.stripe.errors import StripeError, encode_error, status_of
from ninefold.systems.payments.stripe.server import PREFIX, StripeServer

_SECRET: Final = re.compile(r"\[(number|cvc)\]$")
_LAST4: Final = -4


async def answer_once(
    server: StripeServer,
    request: RawRequest,
    merchant: Merchant,
    fields: Mapping[str, Any],
    do: Callable[[Claim | None], Awaitable[Answer]],
) -> tuple[Answer, bool]:
    """Return the answer to a request, and whether it is that of an earlier one.

    Args:
        server: what is used.
        request: the request.
        merchant: whose keys they are.
        fields: the parameters.
        do: does the work, and stores its answer with the claim if there is one.

    Raises:
        NinefoldError: what the work raises.
        IdempotencyKeyReusedError: the key was used with other parameters.
        IdempotencyKeyInUseError: another request with the key is in progress.
        StripeError: the key is too long.
    """
    key = request.headers.get("idempotency-key")
    if key is None or request.scope["method"] != "POST":
        return await do(None), False
    keyed = _keyed_request(request, merchant, key, fields)
    async with server.database.connection() as connection:
        claim = await claim_request(connection, keyed, owner_number=server.ownership.number, at=server.clock.now())
    if isinstance(claim, Answer):
        return claim, True
    try:
        return await do(claim), False
    except NinefoldError:
        async with server.database.connection() as connection:
            await claim.give_up(connection, at=server.clock.now())
        raise
    except Exception as exception:
        # A bug: its answer is stored, so that the same request doesn't do half of the work again and again.
        await _store_failure(server, request, claim, exception)
        raise


async def _store_failure(server: StripeServer, request: RawRequest, claim: Claim, exception: Exception) -> None:
    error = as_ninefold_error(request, exception)
    body = encode_error(error, method=request.scope["method"], path=request.scope["path"])
    async with server.database.connection() as connection:
        await claim.finish(connection, Answer(status_of(error), body), at=server.clock.now())


def _keyed_request(request: RawRequest, merchant: Merchant, key: str, fields: Mapping[str, Any]) -> KeyedRequest:
    if not 1 <= len(key) <= KEY_LENGTH_MAX:
        raise StripeError(f"An idempotency key has 1 to {KEY_LENGTH_MAX} characters.")
    if contains_card_number(key):
        raise StripeError("The idempotency key contains a card number.", code="card_number_not_allowed")
    # A request is the same, at whichever of the two paths it comes.
    method, path = request.scope["method"], PREFIX + request.scope["path"].removeprefix(PREFIX)
    parameters = {name: _digest(_shortened(name, value)) for name, value in _flatten(fields, "")}
    whole = "\n".join([method, path, *(f"{name}={digest}" for name, digest in sorted(parameters.items()))])
    return KeyedRequest(
        merchant_id=merchant.merchant_id,
        key=key,
        request_hash=hashlib.sha256(whole.encode()).digest(),
        method=method,
        path=path[:500],
        parameters=parameters,
        request_id=request_id_of(request.scope),
    )


def _flatten(value: Any, name: str) -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, item in value.items():
                yield from _flatten(item, f"{name}[{key}]" if name else key)
        case list():
            for index, item in enumerate(value):
                yield from _flatten(item, f"{name}[{index}]")
        case _:
            yield name, str(value)


def _shortened(name: str, value: str) -> str:
    """Return the value of which a digest is kept: from one of a whole card number, the number could be found."""
    return (
        value[_LAST4:]
        if _SECRET.search(name) and not name.endswith("[cvc]")
        else ""
        if name.endswith("[cvc]")
        else value
    )


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]
