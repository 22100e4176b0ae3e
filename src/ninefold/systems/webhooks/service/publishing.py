"""Publishing: an event is accepted once its row is committed."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.contracts.webhooks import EventTier
from ninefold.core.errors import InvalidInputError, NinefoldError
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.errors import EventTooLargeError, IdempotencyConflictError
from ninefold.systems.webhooks.model import EVENT_PREFIX, EarlierEvent, NewEvent
from ninefold.systems.webhooks.rules.event_types import check_event_type
from ninefold.systems.webhooks.rules.ordering import check_ordering_key
from ninefold.systems.webhooks.service.admission import Admission
from ninefold.systems.webhooks.service.ordering import insert_ordered, is_ordered
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.store.events import event_find_earlier, event_insert_many

PAYLOAD_BYTES_MAX: Final = 1024 * 1024
"""The size of the JSON text. A worker holds it in memory for each attempt in flight."""

IDEMPOTENCY_KEY_LENGTH_MAX: Final = 255
"""In characters. Each key is stored in an index."""


class EventDraft(msgspec.Struct, frozen=True, kw_only=True):
    """An event that a caller wants to publish; `payload` is JSON text that is delivered byte for byte."""

    event_type: str
    payload: bytes
    idempotency_key: str | None
    tier: EventTier = EventTier.STANDARD
    ordering_key: str | None = None


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and the organisation that publishes it."""

    organisation_id: UUID
    draft: EventDraft


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """An event that was accepted by this call, or by an earlier one with the same idempotency key (a replay)."""

    event_id: UUID
    queued_deliveries: int
    is_replay: bool


async def publish_events(
    connection: Connection,
    recipient_cache: RecipientCache,
    *,
    organisation_id: UUID,
    drafts: Sequence[EventDraft],
    is_by_user: bool = True,
    admission: Admission | None = None,
) -> list[Publication | NinefoldError]:
    """Accept events independently of each other: if one is rejected, the others are still accepted.

    Args:
        connection: the transaction.
        recipient_cache: the organisations' subscriptions.
        organisation_id: whose events they are.
        drafts: the events.
        is_by_user: whether a user publishes them, rather than another system, which may use more types.
        admission: refuses events while queues are full; without it, they are accepted.

    Returns:
        For each draft, in order, the accepted event or the error.
    """
    return await publish_for_organisations(
        connection,
        recipient_cache,
        [Publish(organisation_id=organisation_id, draft=draft) for draft in drafts],
        is_by_user=is_by_user,
        admission=admission,
    )


async def publish_for_organisations(
    connection: Connection,
    recipient_cache: RecipientCache,
    events: Sequence[Publish],
    *,
    is_by_user: bool = True,
    admission: Admission | None = None,
) -> list[Publication | NinefoldError]:
    """Accept the events of several organisations, as `publish_events`, in as many statements as those of one.

    Without idempotency keys and ordering keys, only the last of these statements changes anything, so no transaction is
    needed.
    """
    results: dict[int, Publication | NinefoldError] = {}
    recipients = await recipient_cache.current_of(connection, {event.organisation_id for event in events})
    new_events: dict[int, NewEvent] = {}
    for position, event in enumerate(events):
        draft = event.draft
        try:
            _check(draft, is_by_user=is_by_user)
        except NinefoldError as error:
            results[position] = error
        else:
            matching = recipients[event.organisation_id].matching(draft.event_type)
            new_events[position] = NewEvent(
                event_id=new_id(),
                organisation_id=event.organisation_id,
                event_type=draft.event_type,
                payload=draft.payload,
                idempotency_key=draft.idempotency_key,
                queued_deliveries=len(matching),
                tier=draft.tier,
                ordering_key=draft.ordering_key,
                is_ordered=any(is_ordered(recipient, draft.ordering_key) for recipient in matching),
            )
    refused = await admission.find_refused(connection, new_events.values()) if admission else {}
    # Concurrent batches that share keys insert them in the same order, so they can't deadlock. The sort is stable: of
    # two drafts with the same key, the first becomes the event and the second its replay.
    in_key_order = sorted(
        (each for each in new_events.values() if each.event_id not in refused),
        key=lambda each: (each.organisation_id, each.idempotency_key or ""),
    )
    accepted = await event_insert_many(connection, events=in_key_order) if in_key_order else {}
    await insert_ordered(
        connection,
        [
            (each, recipients[each.organisation_id].matching(each.event_type), accepted[each.event_id])
            for each in new_events.values()
            if each.is_ordered and each.event_id in accepted
        ],
    )
    repeats = [
        each
        for each in new_events.values()
        if each.event_id not in accepted and (each.event_id not in refused or each.idempotency_key is not None)
    ]
    earlier = await event_find_earlier(connection, events=repeats) if repeats else {}
    for position, each in new_events.items():
        if each.event_id in accepted:
            results[position] = Publication(
                event_id=each.event_id, queued_deliveries=each.queued_deliveries, is_replay=False
            )
        elif each.event_id in refused and each.event_id not in earlier:
            results[position] = refused[each.event_id]
        else:
            results[position] = _replay(each, earlier=earlier[each.event_id])
    return [results[position] for position in range(len(events))]


def _check(draft: EventDraft, *, is_by_user: bool) -> None:
    check_event_type(draft.event_type, field="event_type", is_by_user=is_by_user)
    if len(draft.payload) > PAYLOAD_BYTES_MAX:
        raise EventTooLargeError(
            f"The payload has {len(draft.payload)} bytes.",
            field="payload",
            remedy=f"Send at most {PAYLOAD_BYTES_MAX} bytes; for larger content, send a link to it.",
        )
    key = draft.idempotency_key
    if key is not None and (not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX or "\x00" in key):
        raise InvalidInputError(
            f"An idempotency key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters, none of them NUL.",
            field="idempotency_key",
            remedy="Use an id from your application that identifies the event, such as order-1234-created.",
        )
    if draft.ordering_key is not None:
        check_ordering_key(draft.ordering_key)


def _replay(event: NewEvent, *, earlier: EarlierEvent) -> Publication | NinefoldError:
    differing_fields = earlier.differing_fields
    if differing_fields:
        earlier_id = format_id(EVENT_PREFIX, earlier.event_id)
        return IdempotencyConflictError(
            f"Idempotency key {event.idempotency_key!r} was used for {earlier_id}, "
            f"whose {' and '.join(differing_fields)} {'is' if len(differing_fields) == 1 else 'are'} different.",
            field=differing_fields[0],
            remedy="Use a new key for another event, or send the same bytes again to get the same answer.",
        )
    return Publication(event_id=earlier.event_id, queued_deliveries=earlier.queued_deliveries, is_replay=True)
