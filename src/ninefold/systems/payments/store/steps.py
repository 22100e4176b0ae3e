"""The query that stores a step of a payment: all of its rows and transfers in one statement."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import Attempt, Charge, Intent, IntentEvent, PaymentMethod, Refund
from ninefold.systems.payments.store.queries import json_rows, queries


class StepRows(msgspec.Struct, frozen=True, kw_only=True):
    """What a step stores: new rows, and rows that replace those with the same id."""

    payment_methods: Sequence[PaymentMethod] = ()
    intents: Sequence[Intent] = ()
    events: Sequence[IntentEvent] = ()
    refunds: Sequence[Refund] = ()
    charges: Sequence[Charge] = ()
    attempts: Sequence[Attempt] = ()
    accounts: Sequence[dict[str, Any]] = ()
    """Those of the transfers, as `post_transfers` takes them."""
    transfers: Sequence[dict[str, Any]] = ()


async def step_store(connection: Connection, rows: StepRows) -> int:
    """Store the rows that a step of a payment changes, and post its transfers; return how many of those were new.

    Raises:
        asyncpg.CheckViolationError: a row or a balance can't be like this.
        asyncpg.UniqueViolationError: what is pending was resolved before, or another attempt is open.
    """
    parameters = {name: json_rows(getattr(rows, name)) for name in StepRows.__struct_fields__}
    count: int = await queries.step_store(connection, **parameters)
    return count
