"""The queries that store steps of payments: all of their rows and transfers in one statement."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import Attempt, Charge, Intent, IntentEvent, PaymentMethod, Refund
from ninefold.systems.payments.store.queries import json_rows, queries


class StepRows(msgspec.Struct, frozen=True, kw_only=True):
    """What steps store: new rows, and rows that replace those with the same id."""

    payment_methods: Sequence[PaymentMethod] = ()
    intents: Sequence[Intent] = ()
    events: Sequence[IntentEvent] = ()
    refunds: Sequence[Refund] = ()
    charges: Sequence[Charge] = ()
    attempts: Sequence[Attempt] = ()
    accounts: Sequence[dict[str, Any]] = ()
    """Those of the transfers, as `post_transfers` takes them."""
    transfers: Sequence[dict[str, Any]] = ()


async def step_limit_lock_waits(connection: Connection, *, milliseconds: int) -> None:
    """Let a statement fail that waits longer for a lock, until the end of the transaction."""
    await queries.step_limit_lock_waits(connection, duration=f"{milliseconds}ms")


async def step_store(connection: Connection, rows: StepRows) -> int:
    """Store the rows that steps of payments change, and post their transfers; return how many of those were new.

    Raises:
        asyncpg.CheckViolationError: a row or a balance can't be like this.
        asyncpg.UniqueViolationError: what is pending was resolved before, or another attempt is open.
    """
    parameters = {name: json_rows(getattr(rows, name)) for name in StepRows.__struct_fields__}
    count: int = await queries.step_store(connection, **parameters)
    return count
