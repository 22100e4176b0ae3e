"""Gives organisations their shares of the runners."""

from collections.abc import Mapping
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.shares import SetShare
from ninefold.systems.workflows.store import runners as store


async def apply_shares(connection: Connection, shares: Mapping[UUID, SetShare]) -> None:
    """Set these shares, and the default ones of all other organisations."""
    wanted = dict(shares)
    for organisation_id in await store.share_list_other(connection, organisation_ids=list(shares)):
        wanted[organisation_id] = SetShare(1, None)
    for organisation_id, share in sorted(wanted.items()):
        found = await store.share_ensure(connection, organisation_id=organisation_id)
        if (found.weight, found.jobs_max) != (share.weight, share.jobs_max):
            await store.share_set(
                connection, organisation_id=organisation_id, weight=share.weight, jobs_max=share.jobs_max
            )
