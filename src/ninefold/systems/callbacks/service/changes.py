"""What live feeds show of callbacks: each change of one, in the channel of its source and in its organisation's.

The status of a callback is overwritten, so each change is appended to a log in the transaction that makes it, while
somebody watches (`core/live/watched_log.py`).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live import LIVE_CHANNEL, Channel, Feed
from ninefold.core.live.watched_log import append_watched, list_watched, watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import notify_on_commit
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal
from ninefold.systems.callbacks.model import CALLBACK_PREFIX, EVENT_PREFIX, SOURCE_PREFIX, Callback, CallbackStatus
from ninefold.systems.callbacks.store.callbacks import callback_list_changed
from ninefold.systems.callbacks.store.sources import source_find

_PREFIX: Final = "callbacks."
_OF_SOURCE: Final = "callbacks.source:"
_OF_ORGANISATION: Final = "callbacks.organisation:"

_encoder: Final = msgspec.json.Encoder()


class CallbackChange(msgspec.Struct, frozen=True, kw_only=True):
    """A callback after a change, as clients see it; the fields are those of the API."""

    callback_id: str
    source_id: str
    provider: str
    status: CallbackStatus
    type: str | None
    provider_event_id: str | None
    received_at: datetime
    judged_at: datetime | None
    body_bytes: int
    reason: str | None
    detail: str | None
    duplicate_of: str | None
    event_id: str | None
    replay_count: int


def source_channel(source_id: UUID) -> str:
    """Return the channel of the callbacks of a source."""
    return _OF_SOURCE + format_id(SOURCE_PREFIX, source_id)


def organisation_channel(organisation_id: UUID) -> str:
    """Return the channel of all callbacks of an organisation."""
    return _OF_ORGANISATION + format_id(ORGANISATION_PREFIX, organisation_id)


async def is_watched(connection: Connection) -> bool:
    """Return whether somebody watches callbacks at the moment."""
    return bool(await list_watched(connection, prefix=_PREFIX))


async def append_changes(connection: Connection, *, callback_ids: Collection[UUID]) -> set[str]:
    """Append changed callbacks to the channels that are watched. Call it at the transaction's end.

    Args:
        connection: in the transaction.
        callback_ids: the callbacks that it has changed.

    Returns:
        The channels to notify of after the commit.
    """
    watched = await list_watched(connection, prefix=_PREFIX) if callback_ids else frozenset[str]()
    if not watched:
        return set()
    changed = await callback_list_changed(
        connection,
        callback_ids=callback_ids,
        source_ids=_ids_in(watched, _OF_SOURCE, SOURCE_PREFIX),
        organisation_ids=_ids_in(watched, _OF_ORGANISATION, ORGANISATION_PREFIX),
    )
    entries = [
        (channel, _encoder.encode(_change(callback)))
        for callback in changed
        for channel in (source_channel(callback.source_id), organisation_channel(callback.organisation_id))
    ]
    return await append_watched(connection, entries)


async def announce_changes(connection: Connection, *, callback_ids: Collection[UUID]) -> None:
    """Append changes as `append_changes` does, and notify servers with the commit; for transactions that are rare."""
    channels = await append_changes(connection, callback_ids=callback_ids)
    if channels:
        await notify_on_commit(connection, LIVE_CHANNEL, *sorted(channels))


def make_feeds() -> list[Feed]:
    """Return the feeds of callbacks."""
    return [
        watched_feed(pattern=_OF_SOURCE + "{source_id}", may_read=_may_read_source),
        watched_feed(pattern=_OF_ORGANISATION + "{organisation_id}", may_read=_may_read_organisation),
    ]


async def _may_read_source(connection: Connection, principal: Principal, channel: Channel) -> bool:
    try:
        source_id = parse_id(SOURCE_PREFIX, channel["source_id"])
    except InvalidIdError:
        return False
    found = await source_find(connection, None, organisation_id=principal.organisation_id, source_id=source_id)
    return found is not None


async def _may_read_organisation(_: Connection, principal: Principal, channel: Channel) -> bool:
    return channel.name == organisation_channel(principal.organisation_id)


def _change(callback: Callback) -> CallbackChange:
    return CallbackChange(
        callback_id=format_id(CALLBACK_PREFIX, callback.callback_id),
        source_id=format_id(SOURCE_PREFIX, callback.source_id),
        provider=callback.provider,
        status=callback.status,
        type=callback.event_type,
        provider_event_id=callback.provider_event_id,
        received_at=callback.received_at,
        judged_at=callback.judged_at,
        body_bytes=callback.body_bytes,
        reason=callback.reason,
        detail=callback.detail,
        duplicate_of=_id_or_none(CALLBACK_PREFIX, callback.duplicate_of),
        event_id=_id_or_none(EVENT_PREFIX, callback.event_id),
        replay_count=callback.replay_count,
    )


def _id_or_none(prefix: str, value: UUID | None) -> str | None:
    return None if value is None else format_id(prefix, value)


def _ids_in(channels: Collection[str], start: str, prefix: str) -> list[UUID]:
    return [parse_id(prefix, channel.removeprefix(start)) for channel in channels if channel.startswith(start)]
