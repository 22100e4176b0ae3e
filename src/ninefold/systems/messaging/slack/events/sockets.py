"""A connection of an app in Socket Mode: sends envelopes, and takes their acknowledgements.

What an app is told is claimed in the database, so its connections share it, on all servers. A connection that has
many envelopes without an acknowledgement takes no more, and leaves the rest to others.
"""

import asyncio
import random
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from litestar import WebSocket

from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.live import Hub
from ninefold.core.live.errors import MALFORMED, Disconnect
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.core.waiting import wait_for_any
from ninefold.systems.messaging.model import APP_EVENT_PREFIX, App
from ninefold.systems.messaging.rules.app_events import ACK_WITHIN
from ninefold.systems.messaging.service.apps.delivery import (
    acknowledge,
    claim_for_connection,
    count_connections,
    end_connection,
    forget,
    keep_connection,
)
from ninefold.systems.messaging.slack.events.connections import SlackSocket
from ninefold.systems.messaging.slack.events.payloads import PayloadShower, envelope_of
from ninefold.systems.messaging.slack.events.waking import AppWaker

IN_FLIGHT_MAX: Final = 16
"""Envelopes without an acknowledgement; more are left to other connections."""

POLL_INTERVAL_S: Final = 2.0
"""How often a connection looks for something to send, because a notification can get lost."""

SEEN_INTERVAL_S: Final = 60.0
LIFETIME_S: Final = 3_600.0
"""After which time a client has to connect again; up to a tenth earlier, so that not all do it at once."""

WARNING_S: Final = 10.0
"""How long before that it is told."""

ANSWER_BYTES_MAX: Final = 512 * 1024

REFRESH: Final = Disconnect(1000, "refresh requested")

log = structlog.get_logger(__name__)


class SocketMode(msgspec.Struct, frozen=True, kw_only=True):
    """What all connections of apps use."""

    database: Database
    notifier: Notifier
    hub: Hub
    waker: AppWaker


class AppSocket(SlackSocket):
    """One connection of an app.

    Args:
        socket: a WebSocket that isn't accepted yet.
        mode: what it uses.
        app: whose it is.
        base_url: how the app reaches this installation.
    """

    transport = "slack_socket"

    def __init__(self, socket: WebSocket[Any, Any, Any], mode: SocketMode, *, app: App, base_url: str) -> None:
        super().__init__(socket)
        self._mode: Final = mode
        self._app: Final = app
        self._base_url: Final = base_url
        self._in_flight: dict[UUID, float] = {}
        """Until when each envelope can be acknowledged, by the monotonic clock."""
        self._has_room: Final = asyncio.Event()

    @property
    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (self._send_all(), self._keep(), self._refresh())

    @property
    def _farewell(self) -> dict[str, Any]:
        return _disconnect_message("refresh_requested")

    async def _begin(self) -> None:
        # From its handshake on, the app can be asked, and what happens is recorded for it.
        async with self._mode.database.transaction() as connection:
            await keep_connection(connection, connection_id=self.client_id, app_id=self._app.app_id)

    async def _end(self) -> None:
        await end_connection(
            self._mode.database, self._mode.notifier, connection_id=self.client_id, app_id=self._app.app_id
        )

    async def _send_all(self) -> None:
        await self._hello()
        with self._mode.waker.waking(self._app.app_id) as has_more:
            while not self.ended.done():
                has_more.clear()
                self._has_room.clear()
                is_full = await self._send_due()
                if is_full:
                    await wait_for_any(self._has_room, timeout_s=ACK_WITHIN.total_seconds())
                else:
                    await wait_for_any(has_more, timeout_s=POLL_INTERVAL_S)

    async def _hello(self) -> None:
        async with self._mode.database.transaction() as connection:
            count = await count_connections(connection, self._app)
        await self._write(
            {
                "type": "hello",
                "num_connections": count,
                "connection_info": {"app_id": self._app.slack_id},
                "debug_info": {
                    "host": "ninefold",
                    "build_number": 0,
                    "approximate_connection_time": int(LIFETIME_S),
                },
            }
        )

    async def _send_due(self) -> bool:
        """Send what is due; return whether there may be more, for which there is no room."""
        now = time.monotonic()
        self._in_flight = {each: until for each, until in self._in_flight.items() if until > now}
        room = IN_FLIGHT_MAX - len(self._in_flight)
        if room <= 0:
            return True
        try:
            envelopes = await self._claim(room)
        except DatabaseUnavailableError as error:
            log.info("messaging.socket.unavailable", error=str(error))
            await asyncio.sleep(1)
            return False
        for envelope in envelopes:
            await self._write(envelope)
        return len(envelopes) == room

    async def _claim(self, room: int) -> list[dict[str, Any]]:
        envelopes = []
        async with self._mode.database.transaction() as connection:
            events = await claim_for_connection(
                connection, app_id=self._app.app_id, connection_id=self.client_id, limit=room
            )
            shower = PayloadShower(connection, self._app, base_url=self._base_url)
            for event in events:
                payload = await shower.show(event)
                if payload is None:
                    await forget(connection, event)
                    continue
                envelopes.append(envelope_of(event, payload))
                self._in_flight[event.app_event_id] = time.monotonic() + ACK_WITHIN.total_seconds()
        return envelopes

    async def _take(self, text: str | None) -> None:
        """Take an acknowledgement; what isn't one is ignored, as Slack ignores it."""
        if text is None or len(text) > ANSWER_BYTES_MAX:
            self.end(MALFORMED)
            return
        try:
            answer = _decoder.decode(text)
            app_event_id = parse_id(APP_EVENT_PREFIX, answer.envelope_id)
        except (msgspec.MsgspecError, InvalidIdError):
            return
        self._in_flight.pop(app_event_id, None)
        self._has_room.set()
        payload = answer.payload if isinstance(answer.payload, dict) else {"text": answer.payload or ""}
        # Without PostgreSQL, it is sent again.
        with suppress(DatabaseUnavailableError):
            await acknowledge(
                self._mode.database,
                self._mode.notifier,
                self._app,
                app_event_id=app_event_id,
                answer=payload if answer.payload else {},
            )

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(SEEN_INTERVAL_S)
            with suppress(DatabaseUnavailableError):
                async with self._mode.database.transaction() as connection:
                    await keep_connection(connection, connection_id=self.client_id, app_id=self._app.app_id)

    async def _refresh(self) -> None:
        await asyncio.sleep(LIFETIME_S * random.uniform(0.9, 1) - WARNING_S)  # noqa: S311 - it only spreads the load.
        await self._write(_disconnect_message("warning"))
        await asyncio.sleep(WARNING_S)
        self.end(REFRESH)


class _Answer(msgspec.Struct, frozen=True):
    envelope_id: str
    payload: dict[str, Any] | str | None = None


_decoder: Final = msgspec.json.Decoder(_Answer)


def _disconnect_message(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "ninefold"}}
