"""Who calls: a merchant, by a secret or a publishable key, sent as Bearer or as the user name of Basic."""

import base64
import binascii
import time
from typing import Final
from uuid import UUID

import msgspec
from prometheus_client import Counter

from ninefold.core.errors import TooManyRequestsError, UnauthorizedError
from ninefold.core.postgres.database import Database
from ninefold.core.rate_limits import TokenBuckets
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.surfaces import Authenticate, Connection
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.service.keys import KEY_KINDS, PUBLISHABLE_KEY
from ninefold.systems.payments.service.merchants import find_merchant_of_key
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.headers import API_VERSION, VERSION

BURST_S: Final = 2
"""How many seconds' worth of requests a merchant can send at once."""

_STATE_KEY: Final = "stripe_caller"
_SHOWN_VERSION_MAX: Final = 40

_LIMITED = Counter("ninefold_payments_stripe_rate_limited", "Requests of Stripe's API that were answered 429.")


class Caller(msgspec.Struct, frozen=True):
    """Who calls."""

    merchant: Merchant
    is_publishable: bool
    """Whether the key is one that customers can see, so that it may do little."""


def stripe_authentication(database: Database, *, rate_per_s: int) -> Authenticate:
    """Return a function that finds the merchant of a request, and refuses one that sends too many.

    Args:
        database: where keys are looked up.
        rate_per_s: how many requests a merchant can send to this server per second on average.
    """
    buckets: TokenBuckets[UUID] = TokenBuckets()

    async def authenticate(connection: Connection) -> Principal:
        text = _key_of(connection)
        async with database.connection() as database_connection:
            principal = await tenancy.authenticate(database_connection, text, kinds=KEY_KINDS)
            merchant = await find_merchant_of_key(database_connection, principal)
        if merchant is None:
            raise UnauthorizedError("The key has no merchant any more.")
        _take(buckets, merchant.merchant_id, rate_per_s)
        _check_headers(connection)
        connection.scope["state"][_STATE_KEY] = Caller(merchant, PUBLISHABLE_KEY.prefix_of(text) is not None)
        return principal

    return authenticate


def caller_of(connection: Connection) -> Caller:
    """Return who calls."""
    caller: Caller = connection.scope["state"][_STATE_KEY]
    return caller


def _key_of(connection: Connection) -> str:
    scheme, _, rest = connection.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer" if rest.strip():
            return rest.strip()
        case "basic":
            try:
                name, _, _ = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise UnauthorizedError("The Authorization header isn't valid Basic authentication.") from error
            return name
    raise UnauthorizedError(
        "You did not provide an API key.",
        remedy="Send the merchant's secret key in the Authorization header, as `Bearer sk_test_…`.",
    )


def _take(buckets: TokenBuckets[UUID], merchant_id: UUID, rate_per_s: int) -> None:
    now_s = time.monotonic()
    bucket = buckets.find(merchant_id, rate_per_s=rate_per_s, burst_max=rate_per_s * BURST_S, now_s=now_s)
    if wait_s := bucket.take(now_s=now_s):
        _LIMITED.inc()
        raise TooManyRequestsError(
            f"Request rate limit exceeded: a merchant can send {rate_per_s:,} requests per second.",
            retry_after_s=wait_s,
            remedy="Send fewer at once, or try again with a growing delay.",
        )


def _check_headers(connection: Connection) -> None:
    version = connection.headers.get("stripe-version", API_VERSION)
    if not VERSION.fullmatch(version):
        raise StripeError(f"Invalid Stripe API version: {version[:_SHOWN_VERSION_MAX]!r}")
    if "stripe-account" in connection.headers:
        raise StripeError("Connected accounts aren't offered here: leave the header Stripe-Account out.")
