"""Tells all servers that access has ended, so that they close what was opened with it, such as live connections."""

from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import notify_on_commit

ACCESS_CHANNEL: Final = "ninefold_access"
"""The notifier's channel on which servers hear of it. A message is the id of a credential, an account or an
organisation."""


async def announce_end_of_access(connection: Connection, owner_id: UUID) -> None:
    """Tell all servers, when the caller's transaction commits, that access has ended.

    Args:
        connection: in the caller's transaction.
        owner_id: a credential; or an account or an organisation, all of whose connections are then authenticated again.
    """
    await notify_on_commit(connection, ACCESS_CHANNEL, str(owner_id))
