"""Queries for responses."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.model import (
    Asker,
    Ending,
    LogEvent,
    NewEvent,
    Parameters,
    PromptMessage,
    Response,
    ResponseError,
    ResponseStatus,
    Usage,
)
from ninefold.systems.assistant.store.queries import queries

_parameters = msgspec.json.Decoder(Parameters)
_messages = msgspec.json.Decoder(tuple[PromptMessage, ...])
_items = msgspec.json.Decoder(tuple[dict[str, Any], ...])
_object = msgspec.json.Decoder(dict[str, Any])


class Append(NamedTuple):
    """Events to append to one log."""

    response_id: UUID
    expected_sequence: int
    """The last sequence that the log must have."""
    events: Sequence[NewEvent]
    output_tokens: int
    """Of the whole response, with these events."""
    attempt_count: int

    @property
    def log_events(self) -> list[LogEvent]:
        """The events with their numbers, as the log has them."""
        first = self.expected_sequence + 1
        return [LogEvent(sequence, event.type, event.payload) for sequence, event in enumerate(self.events, first)]


class LogPosition(NamedTuple):
    """How far a log is."""

    last_sequence: int
    is_deleted: bool
    leased_by: UUID | None


class Unfinished(NamedTuple):
    """How many responses wait."""

    of_organisation: int
    of_asker: int
    other_askers: int


async def response_append(connection: Connection, *, worker_id: UUID, appends: Sequence[Append]) -> set[UUID]:
    """Append events to logs; return the responses whose events were appended.

    Those that are missing are no longer held by this worker, or their log has another last event than expected.
    """
    entries = [
        (append.response_id, append.expected_sequence + place, event)
        for append in appends
        for place, event in enumerate(append.events, start=1)
    ]
    records = queries.response_append(
        connection,
        worker_id=worker_id,
        response_ids=[append.response_id for append in appends],
        expected_sequences=[append.expected_sequence for append in appends],
        last_sequences=[append.expected_sequence + len(append.events) for append in appends],
        output_tokens=[append.output_tokens for append in appends],
        attempt_counts=[append.attempt_count for append in appends],
        event_response_ids=[response_id for response_id, _, _ in entries],
        sequences=[sequence for _, sequence, _ in entries],
        types=[event.type for _, _, event in entries],
        payloads=[event.payload.decode() for _, _, event in entries],
    )
    return {record["response_id"] async for record in records}


async def response_claim(
    connection: Connection, *, worker_id: UUID, engine: str, asker_max: int, organisation_max: int, limit: int
) -> list[Response]:
    """Claim responses for a worker.

    Args:
        connection: in a transaction that guards the worker's lease.
        worker_id: who claims.
        engine: the name of the worker's engine.
        asker_max: how many of one account or API key this worker generates at once.
        organisation_max: how many of one organisation.
        limit: how many to claim.
    """
    records = queries.response_claim(
        connection,
        worker_id=worker_id,
        engine=engine,
        asker_max=asker_max,
        organisation_max=organisation_max,
        limit=limit,
    )
    return [_response(record) async for record in records]


async def response_count_queued(connection: Connection, *, limit: int) -> int:
    """Count the responses that wait for a worker, up to a limit."""
    count: int = await queries.response_count_queued(connection, limit=limit)
    return count


async def response_count_unfinished(connection: Connection, *, asker: Asker) -> Unfinished:
    """Count the responses that wait for a worker."""
    record = await queries.response_count_unfinished(
        connection, organisation_id=asker.organisation_id, asker_id=asker.asker_id
    )
    return Unfinished(**record)


async def response_delete(connection: Connection, *, asker: Asker, response_id: UUID) -> bool:
    """Mark an ended response as deleted; return False when the owner has none with this id."""
    deleted = await queries.response_delete(
        connection, organisation_id=asker.organisation_id, owner_ids=asker.owner_ids, response_id=response_id
    )
    return deleted is not None


async def response_delete_logs(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete the logs of responses that ended before a time; return how many."""
    count: int = await queries.response_delete_logs(connection, before=before, limit=limit)
    return count


async def response_delete_unused(
    connection: Connection, *, deleted_before: datetime, ended_before: datetime, limit: int
) -> int:
    """Delete responses that nobody can read any more, and old ones outside of conversations; return how many.

    Args:
        connection: in a transaction.
        deleted_before: those that were deleted before; also those that aren't stored and ended before.
        ended_before: those outside of conversations that ended before.
        limit: how many at most.
    """
    count: int = await queries.response_delete_unused(
        connection, deleted_before=deleted_before, ended_before=ended_before, limit=limit
    )
    return count


async def response_find(connection: Connection, *, asker: Asker, response_id: UUID) -> Response | None:
    """Read one response of an owner."""
    record = await queries.response_find(
        connection, organisation_id=asker.organisation_id, owner_ids=asker.owner_ids, response_id=response_id
    )
    return None if record is None else _response(record)


async def response_finish(
    connection: Connection, *, response: Response, leased_by: UUID | None, expected_sequence: int, ending: Ending
) -> bool:
    """End a response; return False if its log has grown, another worker holds it, or it has ended already."""
    finished = await queries.response_finish(
        connection,
        response_id=response.response_id,
        leased_by=leased_by,
        expected_sequence=expected_sequence,
        status=ending.status,
        output_items=msgspec.json.encode(ending.output_items).decode(),
        incomplete_reason=ending.incomplete_reason,
        error_code=None if ending.error is None else ending.error.code,
        error_message=None if ending.error is None else ending.error.message,
        input_tokens=ending.usage.input_tokens,
        output_tokens=ending.usage.output_tokens,
        types=[event.type for event in ending.events],
        payloads=[event.payload.decode() for event in ending.events],
    )
    return finished is not None


async def response_insert(connection: Connection, *, response: Response, events: Sequence[NewEvent]) -> Response:
    """Insert a response that waits for a worker, with the first events of its log."""
    record = await queries.response_insert(
        connection,
        response_id=response.response_id,
        organisation_id=response.organisation_id,
        owner_id=response.owner_id,
        asker_id=response.asker_id,
        asker_kind=response.asker_kind,
        conversation_id=response.conversation_id,
        message_id=response.message_id,
        previous_response_id=response.previous_response_id,
        is_stored=response.is_stored,
        model=response.model,
        parameters=_json(response.parameters),
        messages=_json(response.messages),
        input_items=_json(response.input_items),
        surface=_json(response.surface),
        reserved_tokens=response.reserved_tokens,
        input_tokens=response.usage.input_tokens,
        queue_position=response.queue_position,
        types=[event.type for event in events],
        payloads=[event.payload.decode() for event in events],
    )
    return _response(record)


async def response_list_chain(connection: Connection, *, asker: Asker, response_id: UUID, limit: int) -> list[Response]:
    """Read a response and those before it that it continues, newest first."""
    records = queries.response_list_chain(
        connection,
        organisation_id=asker.organisation_id,
        owner_ids=asker.owner_ids,
        response_id=response_id,
        limit=limit,
    )
    return [_response(record) async for record in records]


async def response_list_of_conversation(connection: Connection, *, conversation_id: UUID) -> list[Response]:
    """Read the responses of a conversation, oldest first."""
    records = queries.response_list_of_conversation(connection, conversation_id=conversation_id)
    return [_response(record) async for record in records]


async def response_list_overdue(connection: Connection, *, before: datetime, limit: int) -> list[Response]:
    """Lock responses that have waited for a worker since before a time."""
    records = queries.response_list_overdue(connection, before=before, limit=limit)
    return [_response(record) async for record in records]


async def response_list_positions(connection: Connection, *, response_ids: Collection[UUID]) -> dict[UUID, LogPosition]:
    """Read how far the logs of responses are."""
    records = queries.response_list_positions(connection, response_ids=list(response_ids))
    return {
        record["response_id"]: LogPosition(record["last_sequence"], record["is_log_deleted"], record["leased_by"])
        async for record in records
    }


async def response_lock(connection: Connection, *, asker: Asker, response_id: UUID) -> Response | None:
    """Read one response of an owner, and keep its worker from appending until the transaction ends."""
    record = await queries.response_lock(
        connection, organisation_id=asker.organisation_id, owner_ids=asker.owner_ids, response_id=response_id
    )
    return None if record is None else _response(record)


async def response_lock_supervision(connection: Connection) -> bool:
    """Return whether no other worker is supervising the queue; keep them from it until the transaction ends."""
    is_locked: bool = await queries.response_lock_supervision(connection)
    return is_locked


async def response_move_up(connection: Connection, *, limit: int) -> list[UUID]:
    """Record the places of waiting responses that have changed, with an event for each; return their ids."""
    return [record["response_id"] async for record in queries.response_move_up(connection, limit=limit)]


async def response_release(connection: Connection, *, worker_ids: Sequence[UUID]) -> None:
    """Release the responses of workers that have died or stopped; other workers continue them."""
    await queries.response_release(connection, worker_ids=worker_ids)


async def response_release_unknown(connection: Connection, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
    """Release the responses of a worker except those that it knows of."""
    await queries.response_release_unknown(connection, worker_id=worker_id, known_ids=list(known_ids))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _response(record: asyncpg.Record) -> Response:
    code = record["error_code"]
    return Response(
        response_id=record["response_id"],
        organisation_id=record["organisation_id"],
        owner_id=record["owner_id"],
        asker_id=record["asker_id"],
        asker_kind=record["asker_kind"],
        conversation_id=record["conversation_id"],
        message_id=record["message_id"],
        previous_response_id=record["previous_response_id"],
        status=ResponseStatus(record["status"]),
        is_stored=record["is_stored"],
        model=record["model"],
        engine=record["engine"],
        parameters=_parameters.decode(record["parameters"]),
        messages=_messages.decode(record["messages"]),
        input_items=_items.decode(record["input_items"]),
        surface=_object.decode(record["surface"]),
        output_items=_items.decode(record["output_items"]),
        incomplete_reason=record["incomplete_reason"],
        error=None if code is None else ResponseError(code=code, message=record["error_message"]),
        usage=Usage(input_tokens=record["input_tokens"], output_tokens=record["output_tokens"]),
        reserved_tokens=record["reserved_tokens"],
        last_sequence=record["last_sequence"],
        is_log_deleted=record["is_log_deleted"],
        leased_by=record["leased_by"],
        attempt_count=record["attempt_count"],
        queue_position=record["queue_position"],
        created_at=record["created_at"],
        started_at=record["started_at"],
        first_token_at=record["first_token_at"],
        finished_at=record["finished_at"],
    )
