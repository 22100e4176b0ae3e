"""Viewers: the clients that are connected to this process, over whichever transport."""

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.live import metrics
from ninefold.core.live.errors import EXPIRED, NO_PONG, SHUTDOWN, STALE, Disconnect, TooManyConnectionsError
from ninefold.core.live.feeds import Feed
from ninefold.core.live.limits import CONNECT_WITHIN_S, ORGANISATION_SHARE, PING_INTERVAL_S, STOP_SPREAD_S
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, Principal

CLIENT_PREFIX: Final = "cli"
"""The prefix of the ids of connections."""


class Viewer(ABC):
    """One connected client.

    Args:
        transport: `websocket` or `sse`.
    """

    transport: str

    def __init__(self) -> None:
        self.client_id: Final = new_id()
        self.principal: Principal | None = None
        """None until the client has said who it is."""
        self.deadline: float | None = time.monotonic() + CONNECT_WITHIN_S
        """When the connection ends, by the monotonic clock: it must be authenticated before, or its token refreshed."""
        self.is_pong_due = False
        self.ended: Final[asyncio.Future[Disconnect | None]] = asyncio.get_running_loop().create_future()
        """Why the connection ends; None if the client has closed it."""

    def end(self, disconnect: Disconnect | None) -> None:
        """End the connection; a second call has no effect."""
        if not self.ended.done():
            self.ended.set_result(disconnect)
            if disconnect is not None:
                metrics.DISCONNECTS.labels(self.transport, disconnect.code).inc()

    @property
    def user_id(self) -> str:
        """Who the client is for others in the same channel: its account, or else its credential."""
        assert self.principal is not None, "only authenticated clients are shown"
        account_id = self.principal.account_id
        return (
            format_id(API_KEY.id_prefix, self.principal.credential_id)
            if account_id is None
            else format_id(ACCOUNT_PREFIX, account_id)
        )

    @property
    def client_name(self) -> str:
        """The id of this connection for clients."""
        return format_id(CLIENT_PREFIX, self.client_id)

    @abstractmethod
    def ping(self) -> None:
        """Send something, so that a dead connection is noticed."""

    @abstractmethod
    def end_feed(self, feed: Feed) -> None:
        """Read no channel of a feed any more; without effect if it reads none."""


class Viewers:
    """All viewers of this process: their number, their pings and their deadlines.

    Args:
        connections_max: how many there can be. One organisation can have `ORGANISATION_SHARE` of them.
    """

    def __init__(self, *, connections_max: int) -> None:
        self._connections_max: Final = connections_max
        self._organisation_max: Final = max(1, int(connections_max * ORGANISATION_SHARE))
        self._viewers: dict[Viewer, None] = {}
        self._by_principal: dict[Principal, dict[Viewer, None]] = {}
        self._per_organisation: Counter[UUID] = Counter()
        self._due: Final[list[dict[Viewer, None]]] = [{} for _ in range(PING_INTERVAL_S)]
        """The viewers that are pinged in each second of the interval."""

    def __len__(self) -> int:
        return len(self._viewers)

    def __iter__(self) -> Iterator[Viewer]:
        return iter(tuple(self._viewers))

    def add(self, viewer: Viewer) -> None:
        """Add a viewer that has connected.

        Raises:
            TooManyConnectionsError: this process has as many as it can have.
        """
        if len(self._viewers) >= self._connections_max:
            raise _too_many()
        self._viewers[viewer] = None
        self._due[random.randrange(PING_INTERVAL_S)][viewer] = None  # noqa: S311 - it only spreads the load.
        metrics.CONNECTIONS.labels(viewer.transport).inc()

    def authenticate(self, viewer: Viewer, principal: Principal) -> None:
        """Note on whose behalf a viewer reads.

        Raises:
            TooManyConnectionsError: the organisation has as many as it can have.
        """
        if self._per_organisation[principal.organisation_id] >= self._organisation_max:
            raise _too_many()
        self._per_organisation[principal.organisation_id] += 1
        viewer.principal = principal
        self._by_principal.setdefault(principal, {})[viewer] = None

    def remove(self, viewer: Viewer) -> None:
        """Remove a viewer whose connection has ended; a second call has no effect."""
        if viewer not in self._viewers:
            return
        del self._viewers[viewer]
        for bucket in self._due:
            bucket.pop(viewer, None)
        metrics.CONNECTIONS.labels(viewer.transport).dec()
        self.forget_principal(viewer)

    def forget_principal(self, viewer: Viewer) -> None:
        """Forget on whose behalf a viewer reads; without effect if that isn't known."""
        principal, viewer.principal = viewer.principal, None
        if principal is None:
            return
        self._per_organisation[principal.organisation_id] -= 1
        self._by_principal[principal].pop(viewer)
        if not self._by_principal[principal]:
            del self._by_principal[principal]

    @property
    def principals(self) -> list[Principal]:
        """On whose behalf viewers read."""
        return list(self._by_principal)

    def end_access(self, principal: Principal) -> None:
        """End the connections of a principal, whose access has ended or changed. Who still has access comes back."""
        for viewer in tuple(self._by_principal.get(principal, ())):
            viewer.end(EXPIRED)

    def end_feed(self, principal: Principal, feed: Feed) -> None:
        """End what a principal reads of a feed; its connections go on."""
        for viewer in tuple(self._by_principal.get(principal, ())):
            viewer.end_feed(feed)

    async def run(self) -> None:
        """Ping viewers, and end those that are overdue, until cancelled."""
        while True:
            for second in range(PING_INTERVAL_S):
                await asyncio.sleep(1)
                self.check(second, now=time.monotonic())

    def check(self, second: int, *, now: float) -> None:
        """End the viewers that are overdue, and ping those that are due in this second of the interval."""
        for viewer in self._viewers:
            if viewer.deadline is not None and viewer.deadline <= now:
                viewer.end(STALE if viewer.principal is None else EXPIRED)
        for viewer in self._due[second]:
            if viewer.is_pong_due:
                viewer.end(NO_PONG)
            elif viewer.principal is not None:
                viewer.ping()

    async def end_all(self) -> None:
        """End all connections, because the server stops, spread over `STOP_SPREAD_S`."""
        viewers = list(self)
        steps = 10
        for step in range(steps):
            for viewer in viewers[step::steps]:
                viewer.end(SHUTDOWN)
            await asyncio.sleep(STOP_SPREAD_S / steps)


def _too_many() -> TooManyConnectionsError:
    return TooManyConnectionsError(
        "This server has no room for another live connection.",
        remedy="Try again later; NINEFOLD_LIVE_CONNECTIONS_MAX is the limit of each server.",
    )
