"""Queries of the search for payments."""

from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import Intent, SearchScope
from ninefold.systems.payments.store.queries import queries, read_row


async def payment_search_find_end(
    connection: Connection, scope: SearchScope, *, before: UUID | None, looked_max: int
) -> UUID | None:
    """Find the last payment that a search looks at; None if there are fewer."""
    end: UUID | None = await queries.payment_search_find_end(
        connection, **msgspec.structs.asdict(scope), before=before, looked_max=looked_max
    )
    return end


async def payment_search_list(
    connection: Connection, scope: SearchScope, *, text: str, before: UUID | None, end: UUID | None, limit: int
) -> list[Intent]:
    """Read payments with a text, newest first, down to the last one that is looked at."""
    rows = queries.payment_search_list(
        connection, **msgspec.structs.asdict(scope), text=text, before=before, end=end, limit=limit
    )
    return [read_row(Intent, row) async for row in rows]


async def payment_search_list_by_id(connection: Connection, scope: SearchScope, *, value: UUID) -> list[Intent]:
    """Read the payment with an id, or that of a charge, a refund or a call to the processor."""
    rows = queries.payment_search_list_by_id(connection, **msgspec.structs.asdict(scope), id=value)
    return [read_row(Intent, row) async for row in rows]
