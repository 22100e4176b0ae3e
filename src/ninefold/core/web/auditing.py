"""Writes the audit log: an entry for each request that changes something, in the transaction of the change.

The database that such a request's handler gets adds the entry at the end of its transaction. So a handler needs no code
for it, except to name the target if that isn't in the path:

    from litestar import post
    from litestar.di import NamedDependency

    @post("/api/v1/notes")
    async def create_note(database: NamedDependency[Database], audit: NamedDependency[AuditEntry]) -> None:
        async with database.transaction() as connection:
            audit.target_id = await connection.fetchval("INSERT INTO … RETURNING …")

`tests/conformance/test_audit_log.py` calls each operation and makes sure that its entry is there.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar.types import Scope

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.store.audit_log import audit_entry_insert

_STATE_KEY: Final = "audit_entry"
_TARGET_LENGTH_MAX: Final = 200


def begin_entry(scope: Scope, *, operation: str, address: str) -> AuditEntry:
    """Begin the entry of a request. Its target is the last id in the path; the handler can name another."""
    entry = AuditEntry(
        operation=operation,
        target_id=_last_path_parameter(scope),
        address=address,
        request_id=scope["state"].get("request_id"),
    )
    scope["state"][_STATE_KEY] = entry
    return entry


def audited(database: Database, scope: Scope) -> Database:
    """Return the database for a request's handler: one that writes the request's entry, if it has one."""
    entry = scope["state"].get(_STATE_KEY)
    return database if entry is None else AuditedDatabase(database, entry)


def provide_audit(scope: Scope) -> AuditEntry:
    """Return the entry of a request; injected into handlers as `audit`."""
    entry: AuditEntry = scope["state"][_STATE_KEY]
    return entry


async def record_denial(database: Database, entry: AuditEntry) -> None:
    """Write the entry of a request that was refused because of a role."""
    async with database.connection() as connection:
        await audit_entry_insert(connection, audit_entry_id=new_id(), entry=entry, result="denied")


class AuditedDatabase(Database):
    """A database whose first transaction that commits also adds an entry to the audit log."""

    def __init__(self, database: Database, entry: AuditEntry) -> None:
        self._database = database
        self._entry = entry
        self._is_written = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection, as the database does; what it changes isn't audited."""
        async with self._database.connection() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Yield a snapshot, as the database does."""
        async with self._database.snapshot() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a transaction, as the database does, and add the entry before its commit."""
        async with self._database.transaction() as connection:
            yield connection
            if not self._is_written:
                await audit_entry_insert(connection, audit_entry_id=new_id(), entry=self._entry, result="succeeded")
        self._is_written = True


def _last_path_parameter(scope: Scope) -> str | None:
    parameters: dict[str, Any] = scope["path_params"]
    return str([*parameters.values()][-1])[:_TARGET_LENGTH_MAX] if parameters else None
