"""The headers of each response of Stripe's API."""

import re
from typing import Any, Final

from litestar.connection import ASGIConnection

from ninefold.core.web.problems import request_id_of

API_VERSION: Final = "2026-10-28.endive"
"""The version of Stripe's API whose objects are shown, whatever version a client asks for."""

VERSION: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(\.[a-z]{1,20})?")

_KEY: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")


def stripe_headers(connection: ASGIConnection[Any, Any, Any, Any]) -> dict[str, str]:
    """Return the id of the request, and what the client has sent and expects to find again."""
    headers = {"Request-Id": request_id_of(connection.scope), "Stripe-Version": version_of(connection)}
    key = connection.headers.get("idempotency-key", "")
    return {**headers, "Idempotency-Key": key} if _KEY.fullmatch(key) else headers


def version_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the version that the client asks for; a malformed one counts as none."""
    asked = connection.headers.get("stripe-version", API_VERSION)
    return asked if VERSION.fullmatch(asked) else API_VERSION
