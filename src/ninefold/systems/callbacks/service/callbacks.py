"""Read callbacks, and pass verified ones on again."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.callbacks.errors import CallbackNotFoundError, CallbackNotVerifiedError
from ninefold.systems.callbacks.model import (
    CALLBACK_PREFIX,
    Callback,
    CallbackContent,
    CallbackFilter,
    CallbackStatus,
    VerifiedCallback,
)
from ninefold.systems.callbacks.rules.masking import Masking
from ninefold.systems.callbacks.rules.outgoing import outgoing_of
from ninefold.systems.callbacks.service.changes import announce_changes
from ninefold.systems.callbacks.service.passing_on import WebhookDelivery, pass_on
from ninefold.systems.callbacks.store import callbacks as store
from ninefold.systems.callbacks.store.sources import source_find_many

LOOKED_AT_MAX: Final = 5_000
"""Callbacks that one request looks at. If too few of them match its filter, the page is shorter, or even empty."""

_REMEDIES: Final = {
    CallbackStatus.RECEIVED: "Wait until it is verified.",
    CallbackStatus.QUARANTINED: "Correct the source, then verify it again: POST /api/v1/callbacks/{id}/reverify.",
    CallbackStatus.DUPLICATE: "Replay the callback in its duplicate_of.",
    CallbackStatus.HANDSHAKE: "A handshake has nothing to pass on.",
}


class CallbackWithContent(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as it may be shown."""

    callback: Callback
    content: CallbackContent


class FoundCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Callbacks that match a filter."""

    callbacks: Sequence[Callback]
    stopped_at: UUID | None
    """The last callback that was looked at, if there were too few that match; None if there are enough, or no more."""


async def list_callbacks(
    connection: Connection,
    sealer: Sealer,
    *,
    organisation_id: UUID,
    wanted: CallbackFilter,
    before: UUID | None,
    limit: int,
) -> FoundCallbacks:
    """Return callbacks with ids before one, newest first, as they may be shown: without secrets. Needs a snapshot."""
    place = store.ListPlace(organisation_id=organisation_id, wanted=wanted, before=before, looked_at_max=LOOKED_AT_MAX)
    found = await store.callback_list(connection, place, limit=limit)
    stopped_at = None if len(found) >= limit else await store.callback_find_end(connection, place)
    sources = await source_find_many(connection, sealer, source_ids={callback.source_id for callback in found})
    maskings = {source_id: Masking(source) for source_id, source in sources.items()}
    shown = [_mask(callback, maskings[callback.source_id]) for callback in found]
    return FoundCallbacks(callbacks=shown, stopped_at=stopped_at)


async def get_callback(
    connection: Connection, sealer: Sealer, *, organisation_id: UUID, callback_id: UUID
) -> CallbackWithContent:
    """Return one callback, with its headers and body, as it may be shown: without the secrets of its source.

    Raises:
        CallbackNotFoundError: the organisation has no callback with this id.
    """
    callback = await store.callback_find(connection, organisation_id=organisation_id, callback_id=callback_id)
    content = await store.callback_find_content(connection, organisation_id=organisation_id, callback_id=callback_id)
    if callback is None or content is None:
        raise _not_found(callback_id)
    sources = await source_find_many(connection, sealer, source_ids=[callback.source_id])
    masking = Masking(sources[callback.source_id])
    return CallbackWithContent(
        callback=_mask(callback, masking),
        content=msgspec.structs.replace(content, headers=masking.headers(content.headers)),
    )


async def replay_callback(
    connection: Connection, delivery: WebhookDelivery, *, organisation_id: UUID, callback_id: UUID
) -> UUID:
    """Pass a verified callback on again; return the id of the new event.

    Raises:
        CallbackNotFoundError: the organisation has no callback with this id.
        CallbackNotVerifiedError: it isn't verified.
    """
    verified = await store.callback_lock(connection, organisation_id=organisation_id, callback_id=callback_id)
    if verified is None:
        found = await store.callback_find(connection, organisation_id=organisation_id, callback_id=callback_id)
        raise _not_found(callback_id) if found is None else _not_verified(found)
    return (await replay(connection, delivery, callbacks=[verified]))[callback_id]


async def reverify_callback(connection: Connection, *, organisation_id: UUID, callback_id: UUID) -> CallbackStatus:
    """Let a callback be verified again if it is in quarantine; return its status.

    Raises:
        CallbackNotFoundError: the organisation has no callback with this id.
    """
    if await store.callback_receive_one_again(connection, organisation_id=organisation_id, callback_id=callback_id):
        await announce_changes(connection, callback_ids=[callback_id])
    found = await store.callback_find(connection, organisation_id=organisation_id, callback_id=callback_id)
    if found is None:
        raise _not_found(callback_id)
    return found.status


async def replay(
    connection: Connection, delivery: WebhookDelivery, *, callbacks: Sequence[VerifiedCallback]
) -> dict[UUID, UUID]:
    """Pass verified callbacks on again that this transaction has locked; return the new event of each."""
    sources = await source_find_many(connection, None, source_ids={each.callback.source_id for each in callbacks})
    outgoing = [
        outgoing_of(
            each.callback,
            source=sources[each.callback.source_id],
            event_type=each.event_type,
            provider_event_id=each.provider_event_id,
            is_replay=True,
        )
        for each in callbacks
    ]
    callback_ids = [each.callback.callback_id for each in callbacks]
    await store.callback_record_replays(connection, callback_ids=callback_ids)
    await announce_changes(connection, callback_ids=callback_ids)
    return await pass_on(connection, delivery, outgoing)


def _mask(callback: Callback, masking: Masking) -> Callback:
    return msgspec.structs.replace(callback, query=masking.query(callback.query))


def _not_found(callback_id: UUID) -> CallbackNotFoundError:
    return CallbackNotFoundError(
        f"There is no callback {format_id(CALLBACK_PREFIX, callback_id)}.",
        remedy="List the callbacks to see their ids; old ones are deleted.",
    )


def _not_verified(callback: Callback) -> CallbackNotVerifiedError:
    return CallbackNotVerifiedError(
        f"{format_id(CALLBACK_PREFIX, callback.callback_id)} is {callback.status}; only a verified callback is passed "
        "on.",
        remedy=_REMEDIES[callback.status],
    )
