"""The search for payments by a text."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import (
    ATTEMPT_PREFIX,
    CHARGE_PREFIX,
    INTENT_PREFIX,
    REFUND_PREFIX,
    Intent,
    SearchScope,
)
from ninefold.systems.payments.service.reading import list_payments
from ninefold.systems.payments.store import payment_search as store
from ninefold.systems.payments.store.payments import charge_list_refunded

LOOKED_MAX: Final = 10_000
"""Payments that one search looks at; the next page continues there."""

_PREFIXES: Final = (INTENT_PREFIX, CHARGE_PREFIX, REFUND_PREFIX, ATTEMPT_PREFIX)


class FoundPayments(msgspec.Struct, frozen=True, kw_only=True):
    """What a search has found."""

    items: list[Intent]
    refunded: Mapping[UUID, int]
    """What was refunded of them, in minor units; those of which nothing was refunded are left out."""
    stopped_at: UUID | None
    """The last payment that it has looked at; None if it has found enough, or has looked at all."""


async def search_payments(
    connection: Connection, scope: SearchScope, *, text: str | None, before: UUID | None, limit: int
) -> FoundPayments:
    """Find payments, newest first.

    Args:
        connection: in a snapshot.
        scope: which payments are looked at.
        text: a part of the description; or a whole value of the metadata, the processor's reference, or an id of the
            payment, a charge, a refund or a call to the processor; None for all payments.
        before: the payment that the page before ended with.
        limit: the most that are returned.
    """
    found, stopped_at = await _search(connection, scope, text=text, before=before, limit=limit)
    refunded = await charge_list_refunded(connection, intent_ids=[each.intent_id for each in found])
    return FoundPayments(items=found, refunded=refunded, stopped_at=stopped_at)


async def _search(
    connection: Connection, scope: SearchScope, *, text: str | None, before: UUID | None, limit: int
) -> tuple[list[Intent], UUID | None]:
    if text is None:
        return await _list_all(connection, scope, before=before, limit=limit), None
    value = _id_of(text)
    if value is not None:
        return await store.payment_search_list_by_id(connection, scope, value=value), None
    end = await store.payment_search_find_end(connection, scope, before=before, looked_max=LOOKED_MAX)
    found = await store.payment_search_list(connection, scope, text=text, before=before, end=end, limit=limit)
    return found, None if len(found) >= limit else end


async def _list_all(connection: Connection, scope: SearchScope, *, before: UUID | None, limit: int) -> list[Intent]:
    return await list_payments(connection, **msgspec.structs.asdict(scope), before=before, limit=limit)


def _id_of(text: str) -> UUID | None:
    for prefix in _PREFIXES:
        with suppress(InvalidIdError):
            return parse_id(prefix, text)
    return None
