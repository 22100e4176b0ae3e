"""Queries for the audit log."""

from datetime import timedelta
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.audit import AuditEntry, AuditFilter, AuditResult, StoredAuditEntry
from ninefold.core.tenancy.store.queries import queries


async def audit_entry_delete_old(connection: Connection, *, retention: timedelta, limit: int) -> int:
    """Delete old entries, and return how many."""
    count: int = await queries.audit_entry_delete_old(connection, retention=retention, limit=limit)
    return count


async def audit_entry_insert(
    connection: Connection, *, audit_entry_id: UUID, entry: AuditEntry, result: AuditResult
) -> None:
    """Add an entry to the audit log."""
    await queries.audit_entry_insert(
        connection,
        audit_entry_id=audit_entry_id,
        organisation_id=entry.organisation_id,
        operation=entry.operation,
        target_id=entry.target_id,
        account_id=entry.account_id,
        credential_id=entry.credential_id,
        address=entry.address,
        request_id=entry.request_id,
        result=result,
    )


async def audit_entry_list(
    connection: Connection, *, organisation_id: UUID | None, where: AuditFilter, before: UUID | None, limit: int
) -> list[StoredAuditEntry]:
    """List entries, newest first: those of an organisation, or all of them for the operator."""
    records = queries.audit_entry_list(
        connection,
        organisation_id=organisation_id,
        account_id=where.account_id,
        operation=where.operation,
        target_id=where.target_id,
        result=where.result,
        before=before,
        limit=limit,
    )
    return [StoredAuditEntry(**record) async for record in records]
