"""Small tools for tests that talk to a PostgreSQL by themselves."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg

ResultT = TypeVar("ResultT")


def run_apart(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a coroutine on a loop of its own, for fixtures that tests with and without a loop share."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, work).result()


def query(dsn: str, statement: str) -> Any:
    """Run one statement on a connection of its own, and return the first value of its result, if it has one."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return run_apart(fetch())
