"""Named SQL: loads a package's `sql/*.sql` files as one object with an async method for each query."""

from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiosql
import asyncpg
from aiosql.adapters.asyncpg import AsyncPGAdapter

from ninefold.core.postgres.database import Connection


def load_queries(package: str) -> Any:
    """Load every `-- name: …` query of `<package>/sql/`.

    The result is untyped on purpose: a package's `store` wraps each query in a typed function.

    Args:
        package: the dotted name of a package, usually `__package__`.
    """
    # aiosql's protocol requires synchronous and asynchronous methods; its own adapters don't have both either.
    return aiosql.from_path(sql_folder(package), _ConnectionAdapter, mandatory_parameters=False)  # type: ignore[arg-type]


def sql_folder(package: str) -> Path:
    """Return the folder of a package's named queries."""
    return Path(str(files(package).joinpath("sql")))


class _ConnectionAdapter(AsyncPGAdapter):
    """Runs queries on connections only.

    aiosql's own adapter also accepts pools. It calls `dir()` for every query to tell the two apart, which takes 25 µs.
    """

    async def select(
        self, conn: Connection, query_name: str, sql: str, parameters: dict[str, Any], record_class: object = None
    ) -> AsyncIterator[asyncpg.Record]:
        """Yield all rows."""
        del record_class
        for record in await conn.fetch(sql, *self._in_order(query_name, parameters)):
            yield record

    async def select_one(
        self, conn: Connection, query_name: str, sql: str, parameters: dict[str, Any], record_class: object = None
    ) -> asyncpg.Record | None:
        """Return the first row, or None."""
        del record_class
        return await conn.fetchrow(sql, *self._in_order(query_name, parameters))

    async def select_value(self, conn: Connection, query_name: str, sql: str, parameters: dict[str, Any]) -> Any:
        """Return the first column of the first row, or None."""
        return await conn.fetchval(sql, *self._in_order(query_name, parameters))

    async def insert_update_delete(
        self, conn: Connection, query_name: str, sql: str, parameters: dict[str, Any]
    ) -> str:
        """Return the status of the command, such as `UPDATE 3`."""
        return await conn.execute(sql, *self._in_order(query_name, parameters))

    def _in_order(self, query_name: str, parameters: dict[str, Any]) -> list[Any]:
        return [parameters[name] for name in self.var_sorted[query_name]]
