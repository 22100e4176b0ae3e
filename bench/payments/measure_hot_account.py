"""Measures postings on one hot account: outcomes of payments that come by themselves, as `PaymentFlow` records them."""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from measure_ledger import AT, Book, open_book

from ninefold.core.clock import SystemClock
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.model.merchants import Merchant, MerchantChanges
from ninefold.systems.payments.model.outcomes import Approved
from ninefold.systems.payments.model.payments import Attempt, NewIntent
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.rules.beginnings import begin_authorisation
from ninefold.systems.payments.rules.changes import Step
from ninefold.systems.payments.service import ledger
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.service.payment_methods import find_or_create_payment_method
from ninefold.systems.payments.service.steps import new_intent, store_new_intent
from ninefold.systems.payments.settings import PaymentsSettings

HOT: Final = "CREATE TABLE IF NOT EXISTS hot (id integer PRIMARY KEY, balance bigint) WITH (fillfactor = 50)"


async def measure_hot_account(database: Database, options: argparse.Namespace) -> dict[str, Any]:
    """Measure in turn: changing one row (the floor), posting one transfer in a transaction, and recording outcomes.

    An outcome is that of a captured payment: it changes the payment, its attempt, charge, timeline and events, and
    posts to the merchant's account and to that of what the processor owes. All are one merchant's.
    """
    book = await open_book(database, "bench hot")
    flow = PaymentFlow(database, Processors({}), PaymentsSettings(), SystemClock())
    merchant = await _open_merchant(database)
    await _prepare_row(database)

    async def change_row() -> None:
        async with database.transaction() as connection:
            await connection.execute("UPDATE hot SET balance = balance + 1 WHERE id = 1")

    async def post() -> None:
        await _post(database, book)

    rates: dict[str, list[float]] = {"floor": [], "alone": [], "recorded": []}
    for _ in range(options.slices):
        attempts = await _begin_payments(database, flow, merchant, options.outcomes)

        async def record(left: list[Attempt] = attempts) -> None:
            attempt = left.pop()
            await flow.record(attempt, Approved(reference=attempt.our_reference, is_captured=True))

        rates["floor"].append(await _rate(change_row, options.connections, options.outcomes // 4))
        rates["alone"].append(await _rate(post, options.connections, options.outcomes // 4))
        rates["recorded"].append(await _rate(record, options.connections, options.outcomes))
    figures: dict[str, Any] = {name: round(statistics.median(found)) for name, found in rates.items()}
    ratios = [one / floor for one, floor in zip(rates["recorded"], rates["floor"], strict=True)]
    figures["slices"] = [round(rate) for rate in rates["recorded"]]
    return {**figures, "ratio": round(statistics.median(ratios), 2)}


async def _rate(work: Callable[[], Awaitable[None]], clients: int, count: int) -> float:
    """Do some work so many times, by some clients at once, each after the end of its last; return how many a second."""
    began_at = time.perf_counter()
    left = iter(range(count))

    async def go_on() -> None:
        for _ in left:
            await work()

    await asyncio.gather(*[go_on() for _ in range(clients)])
    return count / (time.perf_counter() - began_at)


async def _post(database: Database, book: Book) -> None:
    async with database.transaction() as connection:
        await ledger.post(connection, book.capture(transfers=1), at=AT)


async def _prepare_row(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(HOT)
        await connection.execute("INSERT INTO hot VALUES (1, 0) ON CONFLICT DO NOTHING")


async def _open_merchant(database: Database) -> Merchant:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="bench outcomes")
        created = await create_merchant(
            connection,
            organisation_id=organisation.organisation_id,
            name="Bakery",
            changes=MerchantChanges(),
            at=SystemClock().now(),
        )
    return created.merchant


async def _begin_payments(database: Database, flow: PaymentFlow, merchant: Merchant, count: int) -> list[Attempt]:
    """Store payments whose processor has been called; return the calls, which have no outcome yet."""
    attempts = []
    at = SystemClock().now()
    async with database.transaction() as connection:
        for _ in range(count):
            method = await find_or_create_payment_method(
                connection, merchant_id=merchant.merchant_id, text="pm_card_visa", at=at
            )
            intent = new_intent(merchant, NewIntent(amount=1_999, currency="usd"), payment_method=method, at=at)
            step = Step(intent=intent, merchant=merchant, payment_method=method, at=at, limits=flow.limits)
            begun = await store_new_intent(connection, step, begin_authorisation(step, attempt_id=new_id()))
            assert begun.attempt is not None
            attempts.append(begun.attempt)
    return attempts
