"""The header `Idempotency-Key`: refused by every POST that doesn't support it."""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from ninefold.core.web.errors import BadRequestError

IDEMPOTENCY_KEY: Final = "Idempotency-Key"


def refuse_idempotency_key(*, remedy: str) -> Guard:
    """Return a guard for a route that doesn't support the header. To ignore it would be to break its promise.

    Args:
        remedy: what the caller should do instead.
    """

    def check(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        if IDEMPOTENCY_KEY in connection.headers:
            raise BadRequestError(
                f"This request doesn't support the header {IDEMPOTENCY_KEY}.", field=IDEMPOTENCY_KEY, remedy=remedy
            )

    return check
