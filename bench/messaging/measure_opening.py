"""Measures opening a channel with a million messages, against one with a thousand, through the API of a real server."""

import argparse
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import httpx
import psutil
from message_servers import Talker, get_general_id, make_members

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.messaging.model import CHANNEL_PREFIX

FEW: Final = 1_000
WINDOW: Final = 50
AUTHORS: Final = 10
BATCH: Final = 50_000
BEGAN_AT: Final = datetime.now(UTC) - timedelta(days=100)

_FILL: Final = """
    INSERT INTO messaging.message (channel_id, sequence, ts_us, member_id, text, organisation_id)
    SELECT $1, $2 + number, $3 + number * 1000, ($4::uuid[])[1 + number % 10], 'Message ' || $2 + number || ' about '
        || 'release ' || number % 977 || ' and the usual things that people write to each other in a channel.', $6
    FROM generate_series(1, $5::bigint) AS number
"""
_FILL_LOG: Final = """
    INSERT INTO messaging.event (channel_id, sequence, type, at, member_id, payload)
    SELECT $1, $2 + number, 'message', $3, ($4::uuid[])[1 + number % 10], jsonb_build_object('text', number::text)
    FROM generate_series(1, $5::bigint) AS number
"""


class Filled(NamedTuple):
    """A channel with messages, in an organisation of its own."""

    channel: str
    reader: Talker
    messages: int


async def fill(database: Database, messages: int) -> Filled:
    """Create an organisation in whose channel so many messages were written, which nobody has read."""
    async with database.transaction() as connection:
        members = await make_members(connection, count=AUTHORS + 1)
        general_id = await get_general_id(connection, members[0].member.organisation_id)
    for start in range(0, messages, BATCH):
        async with database.transaction() as connection:
            await _append(connection, general_id, members, min(BATCH, messages - start))
    async with database.connection() as connection:
        await connection.execute("VACUUM (ANALYZE) messaging.message")
        await connection.execute("VACUUM (ANALYZE) messaging.event")
    return Filled(format_id(CHANNEL_PREFIX, general_id), members[0], messages)


async def _append(connection: Connection, channel_id: UUID, members: Sequence[Talker], messages: int) -> None:
    """Append messages to a channel, a millisecond after each other."""
    query = "SELECT last_sequence FROM messaging.channel WHERE channel_id = $1"
    before = await connection.fetchval(query, channel_id)
    began_us = int(BEGAN_AT.timestamp() * 1_000_000) + before * 1_000
    authors = [each.member.member_id for each in members[1:]]
    organisation_id = members[0].member.organisation_id
    await connection.execute(_FILL, channel_id, before, began_us, authors, messages, organisation_id)
    await connection.execute(_FILL_LOG, channel_id, before, BEGAN_AT, authors, messages)
    await connection.execute(
        "UPDATE messaging.channel SET last_sequence = $2, last_ts_us = $3 WHERE channel_id = $1",
        channel_id,
        before + messages,
        began_us + messages * 1_000,
    )


async def measure_opening(
    ninefold: tuple[psutil.Process, int], few: Filled, many: Filled, options: argparse.Namespace
) -> dict[str, Any]:
    """Open both channels in turn; return how long it took."""
    _, port = ninefold
    delays_ms: dict[int, list[float]] = {few.messages: [], many.messages: []}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1/messaging", trust_env=False) as http:
        for each in (few, many):
            await _open(http, each)
        for _ in range(options.openings):
            for each in (few, many):
                began_at = time.perf_counter()
                await _open(http, each)
                delays_ms[each.messages].append((time.perf_counter() - began_at) * 1_000)
    medians = {messages: statistics.median(measured) for messages, measured in delays_ms.items()}
    return {
        "ratio": round(medians[many.messages] / medians[few.messages], 2),
        "few_p50_ms": round(medians[few.messages], 2),
        "many_p50_ms": round(medians[many.messages], 2),
        "messages": many.messages,
    }


async def _open(http: httpx.AsyncClient, filled: Filled) -> None:
    """Open a channel as the page does: the channel, what is unread, and the messages around the first unread one.

    Raises:
        RuntimeError: they aren't those that were written.
    """
    headers = {"Authorization": f"Bearer {filled.reader.token}"}
    path = f"/channels/{filled.channel}"
    channel = (await http.get(path, headers=headers)).raise_for_status().json()
    unread = (await http.get("/unread", headers=headers)).raise_for_status().json()["items"]
    last = channel["last_sequence"]
    counted = [each["unread"] for each in unread if each["channel_id"] == filled.channel]
    latest = (await http.get(f"{path}/messages?limit={WINDOW}", headers=headers)).raise_for_status().json()
    around = f"{path}/messages?around={last // 2}&limit={WINDOW}"
    middle = (await http.get(around, headers=headers)).raise_for_status().json()
    expected = [*range(last - WINDOW + 1, last + 1)]
    if counted != [FEW] or [each["sequence"] for each in latest["items"]] != expected or len(middle["items"]) != WINDOW:
        raise RuntimeError("a channel wasn't opened as it was written")
