"""Create, read, cancel and delete responses, and end them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.clock import SystemClock
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Principal
from ninefold.systems.assistant.errors import (
    InvalidMessageError,
    LogDeletedError,
    ResponseInProgressError,
    ResponseNotFoundError,
)
from ninefold.systems.assistant.model import (
    RESPONSE_PREFIX,
    Asker,
    Ending,
    LogEvent,
    NewResponse,
    Response,
    ResponseStatus,
    Usage,
)
from ninefold.systems.assistant.rules.events import Transcript, end_response, first_events
from ninefold.systems.assistant.rules.tokens import estimate_tokens
from ninefold.systems.assistant.service.channels import announce
from ninefold.systems.assistant.service.limits import place_in_queue, reserve_tokens, settle
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.store import responses as store
from ninefold.systems.assistant.store.conversations import conversation_touch, message_update_text
from ninefold.systems.assistant.store.events import event_list, event_list_all

MESSAGES_MAX: Final = 1_000
"""Of one request."""

EVENTS_PER_READ_MAX: Final = 1_000


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a conversation a response belongs."""

    conversation_id: UUID
    message_id: UUID
    """The message that it becomes."""


def asker_of(principal: Principal) -> Asker:
    """Return on whose behalf a principal asks: the account, whatever its credential is; or else the API key."""
    return Asker(
        organisation_id=principal.organisation_id,
        asker_id=principal.account_id or principal.credential_id,
        asker_kind="api_key" if principal.account_id is None else "account",
    )


async def create_response(
    connection: Connection, *, asker: Asker, new: NewResponse, settings: AssistantSettings, place: Place | None = None
) -> Response:
    """Create a response that a worker generates. After the commit, call `notify_queued`.

    Args:
        connection: in a transaction.
        asker: on whose behalf.
        new: what to answer.
        settings: the limits.
        place: where in a conversation it belongs; None if it isn't part of one.

    Raises:
        InvalidMessageError: there is no message, or there are too many.
        ResponseNotFoundError: the asker has no such previous response, or it wasn't stored.
        ResponseInProgressError: the previous response hasn't ended yet.
        TokenLimitError, TokenLimitTooLowError: the limit of tokens is reached.
        TooManyResponsesError: too many responses are waiting.
    """
    _check_messages(new)
    if new.previous_response_id is not None:
        await _check_previous(connection, asker=asker, response_id=new.previous_response_id)
    limit = new.parameters.max_output_tokens
    output_max = settings.output_tokens_max if limit is None else min(limit, settings.output_tokens_max)
    input_tokens = estimate_tokens(new.messages)
    reserved = await reserve_tokens(connection, asker=asker, tokens=input_tokens + output_max, settings=settings)
    position = await place_in_queue(connection, asker=asker, settings=settings)
    response = Response(
        response_id=new_id(),
        organisation_id=asker.organisation_id,
        owner_id=asker.owner_id,
        asker_id=asker.asker_id,
        asker_kind=asker.asker_kind,
        conversation_id=None if place is None else place.conversation_id,
        message_id=new_id() if place is None else place.message_id,
        previous_response_id=new.previous_response_id,
        status=ResponseStatus.QUEUED,
        is_stored=new.is_stored,
        model=new.model or settings.model,
        engine=None,
        parameters=msgspec.structs.replace(new.parameters, max_output_tokens=output_max),
        messages=new.messages,
        input_items=new.input_items,
        surface=new.surface,
        output_items=(),
        incomplete_reason=None,
        error=None,
        usage=Usage(input_tokens=input_tokens),
        reserved_tokens=reserved,
        last_sequence=-1,
        is_log_deleted=False,
        leased_by=None,
        attempt_count=0,
        queue_position=position,
        created_at=SystemClock().now(),
        started_at=None,
        finished_at=None,
    )
    return await store.response_insert(connection, response=response, events=first_events(response))


def log_of_new(response: Response) -> list[LogEvent]:
    """Return the log of a response that was just created and committed, which then needn't be read."""
    return [LogEvent(sequence, event.type, event.payload) for sequence, event in enumerate(first_events(response))]


async def get_response(connection: Connection, *, asker: Asker, response_id: UUID) -> Response:
    """Return one response.

    Raises:
        ResponseNotFoundError: the asker has no response with this id.
    """
    response = await store.response_find(connection, asker=asker, response_id=response_id)
    if response is None:
        raise _not_found(response_id)
    return response


async def get_response_with_text(connection: Connection, *, asker: Asker, response_id: UUID) -> tuple[Response, str]:
    """Return one response and the text that it has so far; call it in a snapshot.

    Raises:
        ResponseNotFoundError: the asker has no response with this id.
    """
    response = await get_response(connection, asker=asker, response_id=response_id)
    if response.status.is_final:
        return response, text_of(response)
    logs = await event_list_all(connection, response_ids=[response_id])
    return response, Transcript(logs.get(response_id, ())).text


def text_of(response: Response) -> str:
    """Return the text in the output of a response that has ended."""
    return "".join(
        part["text"]
        for item in response.output_items
        if item["type"] == "message"
        for part in item["content"]
        if part["type"] == "output_text"
    )


async def read_log(
    connection: Connection, *, asker: Asker, response_id: UUID, after: int = -1, limit: int = EVENTS_PER_READ_MAX
) -> Sequence[LogEvent]:
    """Return the events of a response that follow a sequence number, oldest first.

    Args:
        connection: any connection.
        asker: whose response it is.
        response_id: the response.
        after: the number of the last event that is known; -1 for none.
        limit: how many at most.

    Raises:
        ResponseNotFoundError: the asker has no response with this id.
        LogDeletedError: its events were deleted.
    """
    response = await get_response(connection, asker=asker, response_id=response_id)
    if response.is_log_deleted and after < response.last_sequence:
        raise LogDeletedError(
            f"The events of {format_id(RESPONSE_PREFIX, response_id)} were deleted.",
            remedy="Read the response itself.",
        )
    found = await event_list(connection, cursors=[(response_id, after)], limit=limit)
    return found.get(response_id, [])


async def cancel_response(connection: Connection, *, asker: Asker, response_id: UUID) -> Response:
    """Stop a response: what its log has now is all that it will ever have. One that has ended stays as it is.

    After the commit, call `notify_stopped`, which makes its worker free the engine.

    Raises:
        ResponseNotFoundError: the asker has no response with this id.
    """
    response = await store.response_lock(connection, asker=asker, response_id=response_id)
    if response is None:
        raise _not_found(response_id)
    if not response.status.is_final:
        await stop_response(connection, response)
    return await get_response(connection, asker=asker, response_id=response_id)


async def stop_response(connection: Connection, response: Response) -> None:
    """End a response as cancelled that the transaction has locked and that hasn't ended."""
    logs = await event_list_all(connection, response_ids=[response.response_id])
    transcript = Transcript(logs.get(response.response_id, ()))
    has_begun = response.status is not ResponseStatus.QUEUED
    ending = end_response(
        response, transcript, status=ResponseStatus.CANCELLED, usage=response.usage if has_begun else Usage()
    )
    has_ended = await finish_response(
        connection,
        response,
        leased_by=response.leased_by,
        expected_sequence=response.last_sequence,
        ending=ending,
    )
    assert has_ended, "the transaction has locked the response"


async def delete_response(connection: Connection, *, asker: Asker, response_id: UUID) -> None:
    """Delete a response; one that hasn't ended is cancelled first.

    Raises:
        ResponseNotFoundError: the asker has no response with this id.
    """
    await cancel_response(connection, asker=asker, response_id=response_id)
    await store.response_delete(connection, asker=asker, response_id=response_id)


async def finish_response(
    connection: Connection, response: Response, *, leased_by: UUID | None, expected_sequence: int, ending: Ending
) -> bool:
    """End a response: its log, its output, its usage, and its message in the conversation.

    Args:
        connection: in a transaction.
        response: the response.
        leased_by: the worker that must hold it; None if none must.
        expected_sequence: the last event that its log must have.
        ending: how it ends.

    Returns:
        False if the log has grown, another worker holds it or it has ended already. Nothing has changed then.
    """
    has_ended = await store.response_finish(
        connection, response=response, leased_by=leased_by, expected_sequence=expected_sequence, ending=ending
    )
    if has_ended:
        await settle(connection, response=response, usage=ending.usage)
        if response.conversation_id is not None:
            await _finish_message(connection, response, conversation_id=response.conversation_id, text=ending.text)
    return has_ended


async def _finish_message(connection: Connection, response: Response, *, conversation_id: UUID, text: str) -> None:
    await message_update_text(connection, response_id=response.response_id, text=text)
    await conversation_touch(connection, conversation_id=conversation_id)
    await announce(
        connection,
        "response_ended",
        owner_id=response.owner_id,
        conversation_id=conversation_id,
        message_id=response.message_id,
        response_id=response.response_id,
    )


def _check_messages(new: NewResponse) -> None:
    if not new.messages:
        raise InvalidMessageError("There is no message to answer.", field="input", remedy="Send at least one message.")
    if len(new.messages) > MESSAGES_MAX:
        raise InvalidMessageError(
            f"There are {len(new.messages):,} messages; the limit is {MESSAGES_MAX:,}.",
            field="input",
            remedy="Send fewer messages.",
        )


async def _check_previous(connection: Connection, *, asker: Asker, response_id: UUID) -> None:
    previous = await get_response(connection, asker=asker, response_id=response_id)
    if not previous.is_stored:
        raise _not_found(response_id)
    if not previous.status.is_final:
        raise ResponseInProgressError(
            f"{format_id(RESPONSE_PREFIX, response_id)} hasn't ended yet.",
            field="previous_response_id",
            remedy="Wait until it has ended, or cancel it.",
        )


def _not_found(response_id: UUID) -> ResponseNotFoundError:
    return ResponseNotFoundError(
        f"There is no response {format_id(RESPONSE_PREFIX, response_id)}.",
        remedy="Check the id; only the account that asked for a response can read it.",
    )
