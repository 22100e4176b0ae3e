"""The floor: a bare loop that claims rows of a plain table in batches, and marks them as succeeded.

It has no leases, fairness, handlers, retries or logs. It shows what PostgreSQL and asyncpg can do with a queue in a
table.
"""

import asyncio
import os
from typing import Final

import asyncpg
import uvloop

BATCH: Final = 20
"""The number of a worker's slots."""

IDLE_S: Final = 0.001

_CLAIM = """
    UPDATE bench.item
    SET state = 'running'
    WHERE item_id IN (
        SELECT item_id FROM bench.item WHERE state = 'queued' ORDER BY item_id LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    RETURNING item_id
"""
_FINISH = "UPDATE bench.item SET state = 'succeeded', result = '1' WHERE item_id = ANY($1)"


async def main() -> None:
    """Process rows until the process is killed."""
    connection = await asyncpg.connect(os.environ["NINEFOLD_DATABASE_URL"])
    while True:
        item_ids = [record["item_id"] for record in await connection.fetch(_CLAIM, BATCH)]
        if item_ids:
            await connection.execute(_FINISH, item_ids)
        else:
            await asyncio.sleep(IDLE_S)


if __name__ == "__main__":
    uvloop.run(main())
