"""Queries for merchants and their keys."""

from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.merchants import Merchant, MerchantChanges
from ninefold.systems.payments.store.queries import json_rows, queries, read_row, read_row_or_none


async def merchant_find(connection: Connection, *, organisation_id: UUID, merchant_id: UUID) -> Merchant | None:
    """Read one merchant of an organisation."""
    row = await queries.merchant_find(connection, organisation_id=organisation_id, merchant_id=merchant_id)
    return read_row_or_none(Merchant, row)


async def merchant_insert(
    connection: Connection,
    *,
    merchant_id: UUID,
    organisation_id: UUID,
    name: str,
    country: str,
    default_currency: str,
    created_at: datetime,
) -> Merchant | None:
    """Insert a merchant; return None when the organisation has one of this name."""
    row = await queries.merchant_insert(
        connection,
        merchant_id=merchant_id,
        organisation_id=organisation_id,
        name=name,
        country=country,
        default_currency=default_currency,
        created_at=created_at,
    )
    return read_row_or_none(Merchant, row)


async def merchant_list(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[Merchant]:
    """Read the merchants of an organisation, oldest first, from a position."""
    rows = queries.merchant_list(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [read_row(Merchant, row) async for row in rows]


async def merchant_update(
    connection: Connection, *, organisation_id: UUID, merchant_id: UUID, changes: MerchantChanges
) -> Merchant | None:
    """Set what is given for a merchant; return None if there is none."""
    columns = msgspec.structs.asdict(changes)
    columns["fees"] = None if changes.fees is None else json_rows(changes.fees)
    row = await queries.merchant_update(connection, organisation_id=organisation_id, merchant_id=merchant_id, **columns)
    return read_row_or_none(Merchant, row)


async def merchant_key_find(connection: Connection, *, credential_id: UUID) -> UUID | None:
    """Read the merchant of a key."""
    merchant_id: UUID | None = await queries.merchant_key_find(connection, credential_id=credential_id)
    return merchant_id


async def merchant_key_insert(connection: Connection, *, credential_id: UUID, merchant_id: UUID) -> None:
    """Say whose a new key is."""
    await queries.merchant_key_insert(connection, credential_id=credential_id, merchant_id=merchant_id)


async def merchant_key_list(connection: Connection, *, merchant_id: UUID, limit: int) -> list[UUID]:
    """Read the keys of a merchant, oldest first."""
    rows = queries.merchant_key_list(connection, merchant_id=merchant_id, limit=limit)
    return [row["credential_id"] async for row in rows]
