"""Live tokens: short-lived, signed, for browsers and other places where no API key should be.

A token says on whose behalf its bearer reads: the principal that it was created for, and perhaps only some channels.
It is valid on every server of an installation, until it expires or its credential is revoked. The key that signs is in
the database.
"""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Final

import msgspec

from ninefold.core.live import store
from ninefold.core.live.errors import LiveTokenExpiredError, LiveTokenInvalidError
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal

TOKEN_MARKER: Final = "nlt_"  # noqa: S105 - it marks tokens, it isn't one.
_KEY_BYTES: Final = 32
_REMEDY: Final = "Get a new token with POST /api/v1/live/token."


class LiveToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says."""

    principal: Principal
    channels: frozenset[str] | None
    """The only channels that it is valid for; None if it is valid for all that the principal can read."""
    expires_at: datetime

    def allows(self, channel: str) -> bool:
        """Return whether the token is valid for a channel."""
        return self.channels is None or channel in self.channels


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a token."""

    principal: Principal
    channels: frozenset[str] | None
    expires_at: int
    """In seconds since 1970."""


class TokenSigner:
    """Signs tokens, and checks them.

    Args:
        database: where the key is.
    """

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self._key: bytes | None = None

    async def sign(self, token: LiveToken) -> str:
        """Return a token's text.

        Raises:
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        claims = _Claims(
            principal=token.principal, channels=token.channels, expires_at=int(token.expires_at.timestamp())
        )
        content = urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=")
        return f"{TOKEN_MARKER}{content.decode()}.{_signature(await self._read_key(), content)}"

    async def verify(self, text: str) -> LiveToken:
        """Return what a token says, if it is valid. Whether its credential still is, the caller has to check.

        Raises:
            LiveTokenInvalidError: it isn't a token of this installation.
            LiveTokenExpiredError: it has expired.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        content, _, signature = text.removeprefix(TOKEN_MARKER).partition(".")
        expected = _signature(await self._read_key(), content.encode())
        if not text.startswith(TOKEN_MARKER) or not hmac.compare_digest(signature.encode(), expected.encode()):
            raise LiveTokenInvalidError("The live token isn't valid.", remedy=_REMEDY)
        claims = msgspec.json.decode(urlsafe_b64decode(content + "=" * (-len(content) % 4)), type=_Claims)
        if claims.expires_at <= time.time():
            raise expired()
        return LiveToken(
            principal=claims.principal,
            channels=claims.channels,
            expires_at=datetime.fromtimestamp(claims.expires_at, UTC),
        )

    async def _read_key(self) -> bytes:
        if self._key is None:
            async with self._database.connection() as connection:
                await store.token_key_insert(connection, secret=secrets.token_bytes(_KEY_BYTES))
                self._key = await store.token_key_find(connection)
        return self._key


def expired() -> LiveTokenExpiredError:
    """Return the error for a token that has expired, or whose credential isn't valid any more."""
    return LiveTokenExpiredError("The live token has expired, or its key was revoked.", remedy=_REMEDY)


def _signature(key: bytes, content: bytes) -> str:
    return urlsafe_b64encode(hmac.digest(key, content, hashlib.sha256)).rstrip(b"=").decode()
