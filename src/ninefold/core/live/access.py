"""Who may connect, and until when: credentials and live tokens are checked when a client connects and afterwards."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.live.errors import EXPIRED
from ninefold.core.live.limits import CREDENTIAL_CHECK_INTERVAL_S
from ninefold.core.live.lookups import CombinedLookup
from ninefold.core.live.tokens import TOKEN_MARKER, LiveToken, TokenSigner, expired
from ninefold.core.live.viewers import Viewer, Viewers, owners_of
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.access import ACCESS_CHANNEL
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.model import Principal

ENDED_KEPT_S: Final = 60.0
"""How long this process remembers that access has ended: longer than authenticating takes."""

log = structlog.get_logger(__name__)


class Grant:
    """What a client may read, and until when.

    Args:
        principal: on whose behalf it reads.
        token: the live token that says so; None if it was a credential itself.
        checked_at: when it was valid, by the monotonic clock.
    """

    def __init__(self, principal: Principal, token: LiveToken | None = None, *, checked_at: float) -> None:
        self.principal: Final = principal
        self.checked_at: Final = checked_at
        self._token: Final = token

    def allows(self, channel: str) -> bool:
        """Return whether a channel is among those that the token is valid for."""
        return self._token is None or self._token.allows(channel)

    @property
    def expires_in_s(self) -> float | None:
        """How long the token is valid; None if there is no limit."""
        return None if self._token is None else (self._token.expires_at - datetime.now(UTC)).total_seconds()


class Access:
    """Checks credentials and tokens.

    Args:
        database: where credentials are.
        kinds: the kinds of credentials that clients can use instead of a token.
        viewers: those whose credentials are checked again.
        notifier: tells when access has ended.
    """

    def __init__(
        self, database: Database, *, kinds: Sequence[CredentialKind], viewers: Viewers, notifier: Notifier
    ) -> None:
        self._database: Final = database
        self._kinds: Final = kinds
        self._viewers: Final = viewers
        self.signer: Final = TokenSigner(database)
        self._inactive: Final = CombinedLookup(self._look_up_inactive)
        self._ended_at: dict[UUID, float] = {}
        """Whose access has ended lately, and when."""
        notifier.listen(ACCESS_CHANNEL, self._on_end_of_access)

    async def authenticate(self, text: str) -> Grant:
        """Return what a credential or a live token allows.

        Raises:
            UnauthorizedError: it isn't valid.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        if text.startswith(TOKEN_MARKER):
            return await self.authenticate_token(text)
        checked_at = time.monotonic()
        async with self._database.connection() as connection:
            principal = await tenancy.authenticate(connection, text, kinds=self._kinds)
        return Grant(principal, checked_at=checked_at)

    async def authenticate_token(self, text: str) -> Grant:
        """Return what a live token allows.

        Raises:
            LiveTokenInvalidError: it isn't a token of this installation.
            LiveTokenExpiredError: it has expired, or the credential that it was created with isn't valid any more.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        checked_at = time.monotonic()
        token = await self.signer.verify(text)
        if await self._inactive.get(token.principal.credential_id):
            raise expired()
        return Grant(token.principal, token, checked_at=checked_at)

    def admit(self, viewer: Viewer, grant: Grant) -> None:
        """Note what a viewer may read.

        Raises:
            TooManyConnectionsError: the organisation has as many connections as it can have.
        """
        self._viewers.authenticate(viewer, grant.principal)
        if any(self._ended_at.get(owner_id, 0) >= grant.checked_at for owner_id in owners_of(grant.principal)):
            # It ended while the viewer was being authenticated.
            viewer.end(EXPIRED)

    async def run(self) -> None:
        """Check the credentials of all viewers again and again, until cancelled."""
        while True:
            await asyncio.sleep(CREDENTIAL_CHECK_INTERVAL_S)
            self._forget_ended()
            if not (credential_ids := self._viewers.credential_ids):
                continue
            try:
                async with self._database.connection() as connection:
                    inactive = await tenancy.list_inactive_credentials(connection, sorted(credential_ids))
            except DatabaseUnavailableError as error:
                log.info("live.access.unchecked", error=str(error))
                continue
            for credential_id in inactive:
                self._viewers.end_access(credential_id)

    def _on_end_of_access(self, messages: Sequence[str] | None) -> None:
        # Without messages, the next check finds those whose access has ended.
        for message in messages or ():
            owner_id = UUID(message)
            self._ended_at[owner_id] = time.monotonic()
            self._viewers.end_access(owner_id)

    def _forget_ended(self) -> None:
        long_ago = time.monotonic() - ENDED_KEPT_S
        self._ended_at = {owner_id: ended_at for owner_id, ended_at in self._ended_at.items() if ended_at > long_ago}

    async def _look_up_inactive(self, credential_ids: Sequence[UUID]) -> Mapping[UUID, bool]:
        async with self._database.connection() as connection:
            inactive = await tenancy.list_inactive_credentials(connection, credential_ids)
        return {credential_id: credential_id in inactive for credential_id in credential_ids}
