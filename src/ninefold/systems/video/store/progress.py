"""Queries for how far titles are."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.progress import EncodingCount, RungProgress
from ninefold.systems.video.store.queries import queries


async def rung_progress_list(connection: Connection, title_ids: Sequence[UUID]) -> dict[UUID, list[RungProgress]]:
    """Read the rungs of titles, by title: lowest first, and the sound last."""
    found: defaultdict[UUID, list[RungProgress]] = defaultdict(list)
    async for record in queries.rung_progress_list(connection, title_ids=list(title_ids)):
        columns = dict(record)
        found[columns.pop("title_id")].append(RungProgress(**columns))
    return found


async def encoding_count(connection: Connection, title_ids: Sequence[UUID]) -> dict[UUID, EncodingCount]:
    """Count the chunks of titles, by title."""
    records = queries.encoding_count(connection, title_ids=list(title_ids))
    return {
        record["title_id"]: EncodingCount(ready=record["chunks_ready"], total=record["chunks_total"])
        async for record in records
    }
