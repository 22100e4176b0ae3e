"""Adds the changes of commands to the audit log."""

from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.store.audit_log import audit_entry_insert


async def record_command(
    connection: Connection, command: str, *, organisation_id: UUID | None = None, target_id: str
) -> None:
    """Add a command to the audit log, in the transaction of its change.

    Args:
        connection: a connection in that transaction.
        command: the command, such as `ninefold keys create`.
        organisation_id: the organisation that it is about; None if it is about none.
        target_id: the id of what it changed.
    """
    entry = AuditEntry(operation=command, organisation_id=organisation_id, target_id=target_id)
    await audit_entry_insert(connection, audit_entry_id=new_id(), entry=entry, result="succeeded")
