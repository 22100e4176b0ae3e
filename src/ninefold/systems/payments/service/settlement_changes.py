"""What live feeds show of settlement and reconciliation: batches, payouts, statements, breaks and days that change."""

from datetime import date
from typing import Final, Literal
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.live import LIVE_CHANNEL, Channel, Feed
from ninefold.core.live.watched_log import append_watched, list_watched, watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import notify_on_commit
from ninefold.core.tenancy.model import Principal
from ninefold.systems.payments.model.reconciliation import (
    BREAK_PREFIX,
    RUN_PREFIX,
    STATEMENT_PREFIX,
    Break,
    ReconciliationRun,
    Statement,
)
from ninefold.systems.payments.model.settlement import BATCH_PREFIX, PAYOUT_PREFIX, Batch, Payout

_PREFIX: Final = "payments.settlement:"

_encoder: Final = msgspec.json.Encoder()

Changed = Literal["batch", "payout", "statement", "run", "break", "closed_day"]


class SettlementChange(msgspec.Struct, frozen=True, kw_only=True):
    """What has changed; the API has its state."""

    type: Changed
    id: str
    day: date | None = None


def settlement_channel(organisation_id: UUID) -> str:
    """Return the channel of an organisation's settlement and reconciliation."""
    return _PREFIX + format_id("org", organisation_id)


async def announce(connection: Connection, changed: Batch | Payout | Statement | ReconciliationRun | Break) -> None:
    """Say that something has changed, in the transaction that changes it."""
    match changed:
        case Batch():
            change = SettlementChange(type="batch", id=format_id(BATCH_PREFIX, changed.batch_id), day=changed.day)
        case Payout():
            change = SettlementChange(type="payout", id=format_id(PAYOUT_PREFIX, changed.payout_id))
        case Statement():
            change = SettlementChange(type="statement", id=format_id(STATEMENT_PREFIX, changed.statement_id))
        case ReconciliationRun():
            change = SettlementChange(type="run", id=format_id(RUN_PREFIX, changed.run_id), day=changed.day)
        case Break():
            change = SettlementChange(type="break", id=format_id(BREAK_PREFIX, changed.break_id), day=changed.day)
    await _append(connection, changed.organisation_id, change)


async def announce_closed_day(connection: Connection, organisation_id: UUID, day: date) -> None:
    """Say that a day was closed, in the transaction that closes it."""
    await _append(connection, organisation_id, SettlementChange(type="closed_day", id=day.isoformat(), day=day))


def settlement_feed() -> Feed:
    """Return the feed of settlement and reconciliation."""
    return watched_feed(pattern=_PREFIX + "{organisation_id}", may_read=_may_read)


async def _append(connection: Connection, organisation_id: UUID, change: SettlementChange) -> None:
    channel = settlement_channel(organisation_id)
    if channel not in await list_watched(connection, prefix=channel):
        return
    names = await append_watched(connection, [(channel, _encoder.encode(change))])
    if names:
        await notify_on_commit(connection, LIVE_CHANNEL, *sorted(names))


async def _may_read(_: Connection, principal: Principal, channel: Channel) -> bool:
    return channel.name == settlement_channel(principal.organisation_id)
