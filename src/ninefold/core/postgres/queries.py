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
    """Return every `-- name: …` query of `<package>/sql/`, by name. The files are read when the first one is used.

    The result is untyped on purpose: a package's `store` wraps each query in a typed function.

    Args:
        package: the dotted name of a package, usually `__package__`.
    """
    return _Queries(package)


def sql_folder(package: str) -> Path:
    """Return the folder of a package's named queries."""
    return Path(str(files(package).joinpath("sql")))


class _Queries:
    """The queries of a package. Each process imports all systems, and reading all their files takes 0.2 s."""

    def __init__(self, package: str) -> None:
        self._package = package

    def __getattr__(self, name: str) -> Any:
        # Only called for what isn't in the object: once, and for names that don't exist.
        if "_loaded" not in self.__dict__:
            # aiosql's protocol requires synchronous and asynchronous methods; its own adapters don't have both either.
            self._loaded = aiosql.from_path(
                sql_folder(self._package),
                _ConnectionAdapter,  # type: ignore[arg-type]
                mandatory_parameters=False,
            )
            for loaded in self._loaded.available_queries:
                setattr(self, loaded, getattr(self._loaded, loaded))
        return getattr(self._loaded, name)


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
