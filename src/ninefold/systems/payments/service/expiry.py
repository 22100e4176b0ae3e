"""Authorisations that weren't captured in time."""

from datetime import datetime
from typing import Final

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.rules.changes import Limits
from ninefold.systems.payments.rules.outcomes import expire
from ninefold.systems.payments.service.steps import load_step, store_change
from ninefold.systems.payments.store.payments import intent_list_expired

BATCH: Final = 200


async def expire_due(database: Database, *, at: datetime, limits: Limits) -> int:
    """Cancel payments that were authorised and not captured in time, at most a batch, each in its own transaction.

    Returns:
        How many were looked at; a full batch means that there can be more.
    """
    async with database.connection() as connection:
        due = await intent_list_expired(connection, at=at, limit=BATCH)
    for intent_id in due:
        async with database.transaction() as connection:
            step = await load_step(connection, intent_id, at=at, limits=limits)
            is_due = step.intent.capture_before is not None and step.intent.capture_before <= at
            if step.intent.state == "requires_capture" and is_due:
                await store_change(connection, step, expire(step))
    return len(due)
