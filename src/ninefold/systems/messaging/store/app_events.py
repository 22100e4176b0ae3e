"""Queries for what apps are told, for their connections, and for the secrets with which they answer."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import (
    App,
    AppCommand,
    AppEvent,
    AppEventState,
    ListeningApp,
    NewAppEvent,
    Ticket,
    TicketPurpose,
)
from ninefold.systems.messaging.store.members import app_of
from ninefold.systems.messaging.store.queries import queries

_payload = msgspec.json.Decoder(dict[str, Any])


async def app_command_delete(connection: Connection, *, app_id: UUID) -> None:
    """Remove the slash commands of an app."""
    await queries.app_command_delete(connection, app_id=app_id)


async def app_command_find(connection: Connection, *, organisation_id: UUID, command: str) -> AppCommand | None:
    """Read which app has a slash command."""
    record = await queries.app_command_find(connection, organisation_id=organisation_id, command=command)
    return None if record is None else AppCommand(**record)


async def app_command_insert(connection: Connection, command: AppCommand) -> bool:
    """Insert a slash command; return whether no other app of the organisation has it."""
    return await queries.app_command_insert(connection, **msgspec.structs.asdict(command)) is not None


async def app_command_list(
    connection: Connection, *, organisation_id: UUID, app_id: UUID | None, limit: int
) -> list[AppCommand]:
    """Read the slash commands of an organisation, or of one app."""
    records = queries.app_command_list(connection, organisation_id=organisation_id, app_id=app_id, limit=limit)
    return [AppCommand(**record) async for record in records]


async def app_connection_count(connection: Connection, *, app_id: UUID, seen_within: timedelta) -> int:
    """Count the open connections of an app."""
    count: int = await queries.app_connection_count(connection, app_id=app_id, seen_within=seen_within)
    return count


async def app_connection_delete(connection: Connection, *, connection_id: UUID) -> None:
    """Forget a connection that has ended."""
    await queries.app_connection_delete(connection, connection_id=connection_id)


async def app_connection_delete_old(connection: Connection, *, seen_within: timedelta) -> None:
    """Forget the connections of servers that died."""
    await queries.app_connection_delete_old(connection, seen_within=seen_within)


async def app_connection_upsert(
    connection: Connection, *, connection_id: UUID, app_id: UUID, listens_for: timedelta
) -> None:
    """Write that a connection is open, and that its app listens from now on."""
    await queries.app_connection_upsert(connection, connection_id=connection_id, app_id=app_id, listens_for=listens_for)


async def app_event_acknowledge(connection: Connection, *, app_event_id: UUID, app_id: UUID) -> AppEvent | None:
    """Write that an app has taken what it was told; return None if that is known, or it isn't the app's."""
    record = await queries.app_event_acknowledge(connection, app_event_id=app_event_id, app_id=app_id)
    return None if record is None else _app_event(record)


async def app_event_claim(
    connection: Connection, *, app_id: UUID, sent_by: UUID, ack_within: timedelta, limit: int
) -> list[AppEvent]:
    """Take what is due for an app's connection, oldest first."""
    records = queries.app_event_claim(connection, app_id=app_id, sent_by=sent_by, ack_within=ack_within, limit=limit)
    return sorted([_app_event(record) async for record in records], key=lambda each: each.app_event_id)


async def app_event_claim_http(
    connection: Connection, *, sent_by: UUID, ack_within: timedelta, limit: int, limit_of_app: int
) -> list[AppEvent]:
    """Take what is due at the request URLs of apps, up to a limit for each app."""
    records = queries.app_event_claim_http(
        connection, sent_by=sent_by, ack_within=ack_within, limit=limit, limit_of_app=limit_of_app
    )
    return sorted([_app_event(record) async for record in records], key=lambda each: each.app_event_id)


async def app_event_count_waiting(connection: Connection, *, limit: int) -> int:
    """Return how much apps haven't taken yet, at most `limit`."""
    count: int = await queries.app_event_count_waiting(connection, limit=limit)
    return count


async def app_event_delete(connection: Connection, *, app_event_id: UUID) -> None:
    """Forget what need not be told any more."""
    await queries.app_event_delete(connection, app_event_id=app_event_id)


async def app_event_delete_finished(
    connection: Connection, *, delivered_kept: timedelta, failed_kept: timedelta, limit: int
) -> None:
    """Forget what is over for some time."""
    await queries.app_event_delete_finished(
        connection, delivered_kept=delivered_kept, failed_kept=failed_kept, limit=limit
    )


async def app_event_expire(
    connection: Connection, *, attempts_max: int, ask_attempts_max: int, delays: Sequence[timedelta]
) -> list[AppEvent]:
    """Write that no acknowledgement came in time; return what that concerns, as it is then.

    Args:
        connection: any connection.
        attempts_max: after how many attempts an event is given up.
        ask_attempts_max: the same for what a member waits for.
        delays: how long after each attempt the next one is due.
    """
    records = queries.app_event_expire(
        connection, attempts_max=attempts_max, ask_attempts_max=ask_attempts_max, delays=list(delays)
    )
    return [_app_event(record) async for record in records]


async def app_event_fail_old(connection: Connection, *, age: timedelta) -> None:
    """Give up what couldn't be sent for too long."""
    await queries.app_event_fail_old(connection, age=age)


async def app_event_fail_unfinished(connection: Connection, *, app_id: UUID, error: str) -> None:
    """Give up all that an app hasn't taken yet."""
    await queries.app_event_fail_unfinished(connection, app_id=app_id, error=error)


async def app_event_finish(
    connection: Connection, event: AppEvent, *, state: AppEventState, due_in: timedelta | None, error: str | None
) -> None:
    """Write how an attempt has ended, unless somebody else has taken the event in the meantime."""
    await queries.app_event_finish(
        connection,
        app_event_id=event.app_event_id,
        sent_by=event.sent_by,
        attempt_count=event.attempt_count,
        state=state,
        due_in=due_in,
        error=error,
    )


async def app_event_insert_many(
    connection: Connection,
    events: Collection[NewAppEvent],
    *,
    channel_id: UUID | None = None,
    sequence: int | None = None,
    payload: dict[str, Any] | None = None,
) -> list[UUID]:
    """Record what apps are told; return the ids, in order."""
    ids = [new_id() for _ in events]
    await queries.app_event_insert_many(
        connection,
        app_event_ids=ids,
        app_ids=[each.app_id for each in events],
        transports=[each.transport for each in events],
        kinds=[each.kind for each in events],
        types=[each.type for each in events],
        channel_id=channel_id,
        sequence=sequence,
        payload=msgspec.json.encode(payload or {}).decode(),
    )
    return ids


async def app_event_list(
    connection: Connection, *, app_id: UUID, before: UUID | None, state: AppEventState | None, limit: int
) -> list[AppEvent]:
    """Read a page of what an app is told, latest first."""
    records = queries.app_event_list(connection, app_id=app_id, before=before, state=state, limit=limit)
    return [_app_event(record) async for record in records]


async def app_event_list_due(connection: Connection) -> list[UUID]:
    """Read the apps whose connections have something to send again."""
    return [record["app_id"] async for record in queries.app_event_list_due(connection)]


async def app_event_return(connection: Connection, *, app_id: UUID, sent_by: UUID, attempts_max: int) -> bool:
    """Let other connections send what one that has ended had sent; return whether there is anything."""
    records = queries.app_event_return(connection, app_id=app_id, sent_by=sent_by, attempts_max=attempts_max)
    return bool([record async for record in records])


async def app_list_listening(
    connection: Connection, *, organisation_id: UUID, channel_id: UUID | None
) -> list[ListeningApp]:
    """Read the apps of an organisation that are told what happens, in a channel or elsewhere."""
    records = queries.app_list_listening(connection, organisation_id=organisation_id, channel_id=channel_id)
    return [ListeningApp(**record) async for record in records]


async def app_update(connection: Connection, app: App) -> App:
    """Write how an app is told what happens."""
    record = await queries.app_update(
        connection,
        app_id=app.app_id,
        request_url=app.request_url,
        request_url_verified_at=app.request_url_verified_at,
        request_url_error=app.request_url_error,
        base_url=app.base_url,
        event_types=app.event_types,
    )
    return app_of(record)


async def app_update_verified(connection: Connection, *, app_id: UUID, request_url: str, error: str | None) -> None:
    """Write whether a request URL has answered the challenge, unless it was changed in the meantime."""
    await queries.app_update_verified(connection, app_id=app_id, request_url=request_url, error=error)


async def ticket_delete_expired(connection: Connection, *, kept: timedelta, limit: int) -> None:
    """Forget secrets that are not valid any more."""
    await queries.ticket_delete_expired(connection, kept=kept, limit=limit)


async def ticket_find(connection: Connection, *, digest: bytes, purpose: TicketPurpose) -> Ticket | None:
    """Read a secret, whether it is still valid or not."""
    record = await queries.ticket_find(connection, digest=digest, purpose=purpose)
    return None if record is None else Ticket(**record)


async def ticket_insert(
    connection: Connection,
    *,
    digest: bytes,
    purpose: TicketPurpose,
    organisation_id: UUID,
    credential_id: UUID | None,
    app_id: UUID | None,
    member_id: UUID | None,
    channel_id: UUID | None,
    message_sequence: int | None,
    base_url: str | None,
    uses_left: int,
    valid_for: timedelta,
) -> None:
    """Insert a secret."""
    await queries.ticket_insert(
        connection,
        digest=digest,
        purpose=purpose,
        organisation_id=organisation_id,
        credential_id=credential_id,
        app_id=app_id,
        member_id=member_id,
        channel_id=channel_id,
        message_sequence=message_sequence,
        base_url=base_url,
        uses_left=uses_left,
        valid_for=valid_for,
    )


async def ticket_use(connection: Connection, *, digest: bytes, purpose: TicketPurpose) -> Ticket | None:
    """Use a secret once; return None if it has been used up, is expired, or doesn't exist."""
    record = await queries.ticket_use(connection, digest=digest, purpose=purpose)
    return None if record is None else Ticket(**record)


def _app_event(record: Any) -> AppEvent:
    return AppEvent(**{**record, "payload": _payload.decode(record["payload"])})
