"""What live feeds show of payments: each change of a payment, while somebody watches (`core/live/watched_log.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.live import LIVE_CHANNEL, Channel, Feed
from ninefold.core.live.watched_log import append_watched, list_watched, watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import notify_on_commit
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX
from ninefold.systems.payments.model.payments import INTENT_PREFIX, Intent, IntentState

_CHANGES: Final = "payments.changes:"

_encode: Final = msgspec.json.Encoder().encode


class PaymentChange(msgspec.Struct, frozen=True, kw_only=True):
    """A payment after a change, as clients see it."""

    payment_id: str
    merchant_id: str
    state: IntentState
    event: str
    """The type of the entry in the payment's timeline."""
    version: int
    at: datetime


def changes_channel(organisation_id: UUID) -> str:
    """Return the channel of the changes of an organisation's payments."""
    return _CHANGES + format_id(ORGANISATION_PREFIX, organisation_id)


async def announce_payments(connection: Connection, changes: Sequence[tuple[Intent, str]]) -> None:
    """Append changes of payments to their organisations' channels, if those are watched; call it in the transaction.

    Args:
        connection: in the transaction of the changes.
        changes: each payment after the change, and the type of the entry in its timeline.
    """
    by_organisation: dict[UUID, list[msgspec.Struct]] = {}
    for intent, event in changes:
        by_organisation.setdefault(intent.organisation_id, []).append(_change_of(intent, event))
    for organisation_id, entries in sorted(by_organisation.items()):
        await announce(connection, *entries, organisation_id=organisation_id)


async def announce(connection: Connection, *entries: msgspec.Struct, organisation_id: UUID) -> None:
    """Append entries to the channel of an organisation, if that is watched; call it in the transaction."""
    channel = changes_channel(organisation_id)
    if channel not in await list_watched(connection, prefix=channel):
        return
    channels = await append_watched(connection, [(channel, _encode(entry)) for entry in entries])
    if channels:
        await notify_on_commit(connection, LIVE_CHANNEL, *sorted(channels))


def payment_feeds() -> list[Feed]:
    """Return the feeds of payments."""
    return [watched_feed(pattern=_CHANGES + "{organisation_id}", may_read=_may_read)]


async def _may_read(_: Connection, principal: Principal, channel: Channel) -> bool:
    return channel.name == changes_channel(principal.organisation_id)


def _change_of(intent: Intent, event: str) -> PaymentChange:
    return PaymentChange(
        payment_id=format_id(INTENT_PREFIX, intent.intent_id),
        merchant_id=format_id(MERCHANT_PREFIX, intent.merchant_id),
        state=intent.state,
        event=event,
        version=intent.version,
        at=intent.updated_at,
    )
