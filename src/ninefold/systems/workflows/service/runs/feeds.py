"""The live feeds of runs: the log of each run, and what changes in the list of an organisation's runs."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live import Channel, Cursor, Entry, Feed, Position
from ninefold.core.live.watched_log import watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RUN_PREFIX, LoggedEvent
from ninefold.systems.workflows.service.channels import RUN_PATTERN, RUNS_PATTERN
from ninefold.systems.workflows.store import runs as store


def encode_event(event: LoggedEvent) -> bytes:
    """Return an entry of a run's log as clients get it."""
    return msgspec.json.encode(
        {
            "sequence": event.sequence,
            "type": event.type,
            "attempt": event.attempt,
            "at": event.at,
            "job_id": None if event.job_id is None else format_id(JOB_PREFIX, event.job_id),
            "data": event.data,
        }
    )


def _run_in(channel: Channel) -> UUID | None:
    try:
        return parse_id(RUN_PREFIX, channel["run_id"])
    except InvalidIdError:
        return None


async def _may_read(connection: Connection, principal: Principal, channel: Channel) -> bool:
    run_id = _run_in(channel)
    if run_id is None:
        return False
    return await store.run_find(connection, organisation_id=principal.organisation_id, run_id=run_id) is not None


async def _may_read_list(connection: Connection, principal: Principal, channel: Channel) -> bool:
    del connection
    return channel["organisation_id"] == format_id(ORGANISATION_PREFIX, principal.organisation_id)


async def _read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
    names = {run_id: channel.name for channel in channels if (run_id := _run_in(channel))}
    positions = await store.run_list_positions(connection, run_ids=names)
    return {names[run_id]: Position(offset=sequence) for run_id, sequence in positions.items()}


async def _read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    names = {run_id: cursor for cursor in cursors if (run_id := _run_in(cursor.channel)) is not None}
    found = await store.run_event_list(
        connection, cursors=[(run_id, cursor.offset) for run_id, cursor in names.items()], limit=limit
    )
    return {
        names[run_id].channel.name: [Entry(event.sequence, encode_event(event)) for event in events]
        for run_id, events in found.items()
    }


RUN_FEEDS: Final = (
    Feed(pattern=RUN_PATTERN, may_read=_may_read, read_positions=_read_positions, read_after=_read_after),
    watched_feed(pattern=RUNS_PATTERN, may_read=_may_read_list),
)
