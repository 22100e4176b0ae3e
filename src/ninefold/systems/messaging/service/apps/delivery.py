"""Sends apps what was recorded for them: claiming, acknowledging, and what becomes of an attempt that failed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import SocketModeOffError, TooManyAppConnectionsError
from ninefold.systems.messaging.model import MEMBER_PREFIX, App, AppEvent, AppEventState
from ninefold.systems.messaging.rules.app_events import (
    ACK_WITHIN,
    ASK_ATTEMPTS_MAX,
    ATTEMPTS_MAX,
    CONNECTION_SEEN_WITHIN,
    CONNECTIONS_MAX,
    DELIVERED_KEPT,
    FAILED_KEPT,
    LISTENS_FOR,
    RETRY_DELAYS,
    delay_after,
)
from ninefold.systems.messaging.service.apps.answers import take_answer, tell_failure
from ninefold.systems.messaging.service.apps.events import notify_apps
from ninefold.systems.messaging.service.metrics import count_attempt
from ninefold.systems.messaging.store import app_events as store
from ninefold.systems.messaging.store.views import view_delete_closed

HTTP_ACK_GRACE: Final = timedelta(seconds=5)
"""How much longer than the app a worker has before another one sends again."""

_ROWS_PER_CLEANING: Final = 1_000
_KEPT_AFTER_END: Final = timedelta(hours=1)


async def require_socket_mode(connection: Connection, app: App) -> None:
    """Check that an app can open another connection.

    Raises:
        SocketModeOffError: it has a request URL.
        TooManyAppConnectionsError: it has as many as it can have.
    """
    if app.request_url is not None:
        raise SocketModeOffError(
            "The app has a request URL, where it is told what happens.", remedy="Remove the request URL of the app."
        )
    if await count_connections(connection, app) >= CONNECTIONS_MAX:
        raise TooManyAppConnectionsError(
            f"The app has {CONNECTIONS_MAX} connections already.", remedy="Close some of them."
        )


async def count_connections(connection: Connection, app: App) -> int:
    """Return how many connections of an app are open, on all servers."""
    return await store.app_connection_count(connection, app_id=app.app_id, seen_within=CONNECTION_SEEN_WITHIN)


async def keep_connection(connection: Connection, *, connection_id: UUID, app_id: UUID) -> None:
    """Write that a connection of an app is open; call it from time to time, or it counts as closed."""
    await store.app_connection_upsert(connection, connection_id=connection_id, app_id=app_id, listens_for=LISTENS_FOR)


async def end_connection(database: Database, notifier: Notifier, *, connection_id: UUID, app_id: UUID) -> None:
    """Write that a connection has ended; other connections send at once what wasn't acknowledged."""
    async with database.transaction() as connection:
        await store.app_connection_delete(connection, connection_id=connection_id)
        has_unsent = await store.app_event_return(
            connection, app_id=app_id, sent_by=connection_id, attempts_max=ATTEMPTS_MAX
        )
    if has_unsent:
        notify_apps(notifier, [app_id])


async def claim_for_connection(
    connection: Connection, *, app_id: UUID, connection_id: UUID, limit: int
) -> list[AppEvent]:
    """Take what is due for a connection of an app; it has to be acknowledged within `ACK_WITHIN`."""
    return await store.app_event_claim(
        connection, app_id=app_id, sent_by=connection_id, ack_within=ACK_WITHIN, limit=limit
    )


async def claim_for_worker(connection: Connection, *, worker_id: UUID, limit: int, limit_of_app: int) -> list[AppEvent]:
    """Take what is due at the request URLs of all apps."""
    return await store.app_event_claim_http(
        connection,
        sent_by=worker_id,
        ack_within=ACK_WITHIN + HTTP_ACK_GRACE,
        limit=limit,
        limit_of_app=limit_of_app,
    )


async def forget(connection: Connection, event: AppEvent) -> None:
    """Forget an event that tells of something that was deleted in the meantime."""
    await store.app_event_delete(connection, app_event_id=event.app_event_id)


async def acknowledge(
    database: Database, notifier: Notifier, app: App, *, app_event_id: UUID, answer: dict[str, Any]
) -> None:
    """Write that an app has taken something, and do what it has answered."""
    async with database.transaction() as connection:
        event = await store.app_event_acknowledge(connection, app_event_id=app_event_id, app_id=app.app_id)
    if event is not None:
        count_attempt(transport=event.transport, state=event.state)
        await take_answer(database, notifier, app, event, answer)


async def record_failure(
    database: Database, notifier: Notifier, event: AppEvent, *, error: str, is_final: bool = False
) -> None:
    """Write why an attempt has failed; another one follows, or the member who waits is told."""
    delay = None if is_final else delay_after(event.attempt_count, event.kind)
    state: AppEventState = "failed" if delay is None else "retrying"
    async with database.transaction() as connection:
        await store.app_event_finish(connection, event, state=state, due_in=delay, error=error)
        if event.kind == "verification" and delay is None:
            await store.app_update_verified(
                connection, app_id=event.app_id, request_url=event.payload["request_url"], error=error
            )
    count_attempt(transport=event.transport, state=state)
    if delay is None:
        await _tell_who_waits(database, notifier, [event], error=error)


async def record_verified(database: Database, event: AppEvent) -> None:
    """Write that a request URL has answered the challenge."""
    async with database.transaction() as connection:
        await store.app_event_finish(connection, event, state="delivered", due_in=None, error=None)
        await store.app_update_verified(
            connection, app_id=event.app_id, request_url=event.payload["request_url"], error=None
        )
    count_attempt(transport=event.transport, state="delivered")


async def expire(database: Database, notifier: Notifier) -> None:
    """Let what wasn't acknowledged in time be sent again, and wake the connections that do it."""
    async with database.transaction() as connection:
        late = await store.app_event_expire(
            connection, attempts_max=ATTEMPTS_MAX, ask_attempts_max=ASK_ATTEMPTS_MAX, delays=RETRY_DELAYS
        )
        due = await store.app_event_list_due(connection)
    for event in late:
        count_attempt(transport=event.transport, state=event.state)
    notify_apps(notifier, due)
    given_up = [event for event in late if event.state == "failed"]
    await _tell_who_waits(database, notifier, given_up, error="timeout")


async def clean_up(database: Database) -> None:
    """Give up and forget what is old."""
    async with database.transaction() as connection:
        await store.app_event_fail_old(connection, age=LISTENS_FOR)
        await store.app_event_delete_finished(
            connection, delivered_kept=DELIVERED_KEPT, failed_kept=FAILED_KEPT, limit=_ROWS_PER_CLEANING
        )
        await store.app_connection_delete_old(connection, seen_within=CONNECTION_SEEN_WITHIN)
        await store.ticket_delete_expired(connection, kept=_KEPT_AFTER_END, limit=_ROWS_PER_CLEANING)
        await view_delete_closed(connection, age=_KEPT_AFTER_END, limit=_ROWS_PER_CLEANING)


async def _tell_who_waits(database: Database, notifier: Notifier, events: Sequence[AppEvent], *, error: str) -> None:
    for event in events:
        if event.kind in ("command", "interaction"):
            member_id = parse_id(MEMBER_PREFIX, event.payload["member_id"])
            reason = f"The app didn't answer ({error})."
            await tell_failure(database, notifier, member_id=member_id, event=event, reason=reason)
