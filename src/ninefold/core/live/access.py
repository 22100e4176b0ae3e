"""Who may connect, and until when: credentials and live tokens are checked when a client connects and afterwards."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog

from ninefold.core.live.feeds import Feed
from ninefold.core.live.limits import CREDENTIAL_CHECK_INTERVAL_S
from ninefold.core.live.lookups import CombinedLookup
from ninefold.core.live.tokens import TOKEN_MARKER, LiveToken, TokenSigner, expired
from ninefold.core.live.viewers import Viewer, Viewers
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.model import Principal
from ninefold.core.waiting import wait_for_any

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
        feeds: those whose systems can refuse somebody.
    """

    def __init__(
        self,
        database: Database,
        *,
        kinds: Sequence[CredentialKind],
        viewers: Viewers,
        notifier: Notifier,
        feeds: Sequence[Feed] = (),
    ) -> None:
        self._database: Final = database
        self._kinds: Final = kinds
        self._feeds: Final = feeds
        self._viewers: Final = viewers
        self.signer: Final = TokenSigner(database)
        self._current: Final = CombinedLookup(self._look_up)
        self._has_changed: Final = notifier.subscribe(tenancy.ACCESS_CHANNEL)
        self._checked_at = 0.0
        """When the latest check of all viewers began."""

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
        """Return what a live token allows: what its principal is allowed to do now.

        Raises:
            LiveTokenInvalidError: it isn't a token of this installation.
            LiveTokenExpiredError: it has expired, or the credential that it was created with isn't valid any more.
            DatabaseUnavailableError: PostgreSQL is unavailable.
        """
        checked_at = time.monotonic()
        token = await self.signer.verify(text)
        principal = await self._current.get(token.principal)
        if principal is None:
            raise expired()
        return Grant(principal, token, checked_at=checked_at)

    def admit(self, viewer: Viewer, grant: Grant) -> None:
        """Note what a viewer may read.

        Raises:
            TooManyConnectionsError: the organisation has as many connections as it can have.
        """
        self._viewers.authenticate(viewer, grant.principal)
        if grant.checked_at <= self._checked_at:
            # All viewers were checked while this one was being authenticated.
            self._has_changed.set()

    async def run(self) -> None:
        """Check all viewers when somebody's access has ended, and from time to time, until cancelled.

        From time to time, because credentials expire, and because a notification can get lost.
        """
        while True:
            await wait_for_any(self._has_changed, timeout_s=CREDENTIAL_CHECK_INTERVAL_S)
            self._has_changed.clear()
            self._checked_at = time.monotonic()
            if not (principals := self._viewers.principals):
                continue
            try:
                await self._check(principals)
            except DatabaseUnavailableError as error:
                log.info("live.access.unchecked", error=str(error))

    async def _check(self, principals: Sequence[Principal]) -> None:
        current = await self._look_up(principals)
        for principal in principals:
            if current[principal] != principal:
                self._viewers.end_access(principal)
        for feed in self._feeds:
            if feed.list_refused is None:
                continue
            async with self._database.connection() as connection:
                refused = await feed.list_refused(connection, principals)
            for principal in refused:
                self._viewers.end_feed(principal, feed)

    async def _look_up(self, principals: Sequence[Principal]) -> Mapping[Principal, Principal | None]:
        async with self._database.connection() as connection:
            return await tenancy.list_access(connection, principals)
