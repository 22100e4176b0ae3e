"""Workspaces: what an organisation gets when it first uses messaging."""

from typing import Final
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Channel, Workspace
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.store.channels import channel_find_general, channel_insert
from ninefold.systems.messaging.store.members import workspace_find, workspace_insert

GENERAL_NAME: Final = "general"


async def ensure_workspace(connection: Connection, *, organisation_id: UUID) -> Workspace:
    """Return the workspace of an organisation; the first time it is made, with the channel `general`.

    Call it in a transaction.
    """
    found = await workspace_find(connection, organisation_id=organisation_id)
    if found is not None:
        return found
    # If another transaction makes it, this waits for it, and then finds it.
    made = await workspace_insert(connection, organisation_id=organisation_id, slack_id=new_slack_id("T"))
    if made is not None:
        await channel_insert(
            connection,
            channel_id=new_id(),
            organisation_id=organisation_id,
            slack_id=new_slack_id("C"),
            kind="public",
            name=GENERAL_NAME,
            purpose="Everybody is here.",
            is_general=True,
        )
        return made
    found = await workspace_find(connection, organisation_id=organisation_id)
    assert found is not None, "the first one has committed it"
    return found


async def get_general(connection: Connection, *, organisation_id: UUID) -> Channel:
    """Return the channel that everybody is in; call it in a transaction."""
    await ensure_workspace(connection, organisation_id=organisation_id)
    general = await channel_find_general(connection, organisation_id=organisation_id)
    assert general is not None, "it is made together with the workspace"
    return general
