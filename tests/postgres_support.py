"""Helpers for tests that connect to PostgreSQL directly."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg

from ninefold.core.postgres.embedded import EmbeddedPostgres

ResultT = TypeVar("ResultT")


def run_apart(work: Coroutine[Any, Any, ResultT]) -> ResultT:
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

    return run_apart(fetch())


@contextmanager
def temporary_database(postgres: EmbeddedPostgres, *, template: str) -> Iterator[str]:
    """Create a database as a copy of another, and drop it at the end, even with open connections."""
    name = f"test_{uuid4().hex}"
    administration = postgres.dsn(role="postgres", database="postgres")
    query(administration, f"CREATE DATABASE {name} OWNER ninefold TEMPLATE {template} STRATEGY file_copy")
    try:
        yield name
    finally:
        query(administration, f"DROP DATABASE {name} WITH (FORCE)")
