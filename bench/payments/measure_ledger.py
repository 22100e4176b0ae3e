"""Measures what a posting costs in a short and in a long journal."""

import argparse
import statistics
import time
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.model.ledger import AccountKey, Cause, Transfer, new_transfer
from ninefold.systems.payments.model.merchants import MerchantChanges
from ninefold.systems.payments.service import ledger
from ninefold.systems.payments.service.merchants import create_merchant

AT: Final = datetime(2026, 11, 27, 12, tzinfo=UTC)
FEW: Final = 1_000
_FILL: Final = """
    INSERT INTO payments.transfer (
        transfer_id, organisation_id, kind, debit_account_id, credit_account_id, amount, currency, cause_type, cause_id,
        leg, at
    )
    SELECT uuidv7(), $1, 'posted', $2, $3, 1, 'USD', 'filled', uuidv7(), 0, $4 FROM generate_series(1, $5)
"""


class Book:
    """An organisation with a merchant, and the accounts that are posted to."""

    def __init__(self, organisation_id: UUID, merchant_id: UUID) -> None:
        self.debit: Final = AccountKey(organisation_id, None, "processor_receivable", "USD")
        self.credit: Final = AccountKey(organisation_id, merchant_id, "merchant_held", "USD")

    def capture(self, *, transfers: int) -> list[Transfer]:
        """Return some transfers between the two accounts."""
        cause = Cause("capture", new_id())
        return [
            new_transfer(cause, leg=leg, debit=self.debit, credit=self.credit, amount=100) for leg in range(transfers)
        ]


async def open_book(database: Database, name: str) -> Book:
    """Create an organisation with a merchant."""
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name=name)
        created = await create_merchant(
            connection, organisation_id=organisation.organisation_id, name=name, changes=MerchantChanges(), at=AT
        )
    return Book(organisation.organisation_id, created.merchant.merchant_id)


async def measure_long_journal(database: Database, superuser: str, options: argparse.Namespace) -> dict[str, Any]:
    """Post in turn to two books, of which one has a thousand entries and the other a million."""
    books = [await open_book(database, f"bench journal {count}") for count in (FEW, options.entries)]
    for book, count in zip(books, (FEW, options.entries), strict=True):
        await _post_alone(database, book)
        await _fill(superuser, book, count)
    delays_s: tuple[list[float], list[float]] = ([], [])
    for number in range(options.postings):
        for position in (0, 1) if number % 2 else (1, 0):
            delays_s[position].append(await _post_alone(database, books[position]))
    few, many = [statistics.median(found) * 1_000 for found in delays_s]
    return {
        "entries": options.entries,
        "few_p50_ms": round(few, 3),
        "many_p50_ms": round(many, 3),
        "ratio": round(many / few, 2),
    }


async def _post_alone(database: Database, book: Book) -> float:
    """Post a transfer; return how long it took, in seconds."""
    began_at = time.perf_counter()
    async with database.transaction() as connection:
        await ledger.post(connection, book.capture(transfers=1), at=AT)
    return time.perf_counter() - began_at


async def _fill(superuser: str, book: Book, count: int) -> None:
    """Fill a journal without its triggers, which would check each row."""
    connection = await asyncpg.connect(superuser, server_settings={"session_replication_role": "replica"})
    organisation_id = book.debit.organisation_id
    accounts = book.debit.account_id, book.credit.account_id
    await connection.execute(_FILL, organisation_id, *accounts, AT, count, timeout=600.0)
    await connection.execute(
        "UPDATE payments.account SET posted_debits = posted_debits + $2 WHERE account_id = $1", accounts[0], count
    )
    await connection.execute(
        "UPDATE payments.account SET posted_credits = posted_credits + $2 WHERE account_id = $1", accounts[1], count
    )
    await connection.execute("VACUUM ANALYZE payments.transfer", timeout=600.0)
    await connection.close()
