"""Helpers for tests that connect to PostgreSQL directly."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg

ResultT = TypeVar("ResultT")


def run_in_new_loop(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a coroutine in a separate event loop, for fixtures of both synchronous and asynchronous tests."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(asyncio.run, work).result()


def query(dsn: str, statement: str) -> Any:
    """Run one statement on a new connection, and return the first value of its result, if there is one."""

    async def fetch() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return run_in_new_loop(fetch())
