"""The end of holds and reserves: captured funds become available to the merchant."""

from datetime import datetime
from typing import Any, Final

import msgspec

from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.model.ledger import AccountKey
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.store import settlement as store

RELEASED_AT_ONCE: Final = 10_000
"""Captures of one transaction."""


async def release_funds(database: Database, merchant: Merchant, *, until: datetime, at: datetime) -> int:
    """End all holds and reserves of a merchant that end before a moment; return how many.

    Each transaction posts some of them, so that what was done isn't done again after a crash.
    """
    async with database.connection() as connection:
        currencies = await store.held_charge_list_currencies(connection, merchant_id=merchant.merchant_id)
    total = 0
    for currency in currencies:
        for release in (release_held, release_reserve):
            released = RELEASED_AT_ONCE
            while released == RELEASED_AT_ONCE:
                async with database.transaction() as connection:
                    released = await release(connection, merchant, currency=currency, until=until, at=at)
                total += released
    return total


async def release_held(
    connection: Connection, merchant: Merchant, *, currency: str, until: datetime, at: datetime
) -> int:
    """End some holds that end before a moment, in the caller's transaction; return how many."""
    held, available = _account(merchant, "merchant_held", currency), _account(merchant, "merchant_available", currency)
    return await store.held_charge_release(
        connection,
        organisation_id=merchant.organisation_id,
        merchant_id=merchant.merchant_id,
        currency=currency,
        until=until,
        at=at,
        limit=RELEASED_AT_ONCE,
        held_account_id=held.account_id,
        available_account_id=available.account_id,
        accounts=_accounts(held, available),
    )


async def release_reserve(
    connection: Connection, merchant: Merchant, *, currency: str, until: datetime, at: datetime
) -> int:
    """Return some of what was kept in reserve long enough, in the caller's transaction; return of how many captures."""
    reserve = _account(merchant, "merchant_reserve", currency)
    available = _account(merchant, "merchant_available", currency)
    return await store.held_charge_release_reserve(
        connection,
        organisation_id=merchant.organisation_id,
        merchant_id=merchant.merchant_id,
        currency=currency,
        until=until,
        at=at,
        limit=RELEASED_AT_ONCE,
        reserve_account_id=reserve.account_id,
        available_account_id=available.account_id,
        accounts=_accounts(reserve, available),
    )


def _account(merchant: Merchant, kind: Any, currency: str) -> AccountKey:
    return AccountKey(merchant.organisation_id, merchant.merchant_id, kind, currency)


def _accounts(*keys: AccountKey) -> str:
    rows = [{**msgspec.structs.asdict(key), "account_id": key.account_id} for key in keys]
    return msgspec.json.encode(rows).decode()
