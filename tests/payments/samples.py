"""The sample data of payments: a merchant with a payment, and calls whose outcome is in doubt."""

import tempfile
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from ninefold.core.clock import SystemClock
from ninefold.core.ids import format_id, parse_id
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX, Merchant
from ninefold.systems.payments.model.payments import INTENT_PREFIX, CaptureMethod, NewIntent
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.service.closing_days import close_day
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store.queries import read_row
from payments_api import AMOUNT, DirectSimulator
from payments_settlement import BANK_ACCOUNT, Line, SettledShop, camt053
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-knows-this"
FIRST_DAY = date(2026, 3, 2)
BETWEEN = date(2026, 3, 3)
LAST_DAY = date(2026, 3, 4)


async def make_sample_data(context: SampleContext) -> SampleData:
    """Take payments of a merchant; the outcome of some isn't known."""
    api = context.api
    merchant = await api.done("POST", "/payments/merchants", json={"name": SECRET_TEXT})
    await api.done("POST", "/payments/merchants", json={"name": "Bakery"})
    tokens = ["pm_card_visa", *["pm_card_neverKnown"] * 3]
    payments = [await pay(context, merchant["merchant_id"], token) for token in tokens]
    attempts = [each["attempt_id"] for each in (await api.get("/payments/doubts"))["items"]]
    accounts = (await api.get("/payments/accounts"))["items"]
    (receivable,) = [each["account_id"] for each in accounts if each["kind"] == "processor_receivable"]
    settled = await settle_two_days(context, merchant["merchant_id"])
    return SampleData(
        ids={
            **settled.ids,
            "merchant_id": merchant["merchant_id"],
            "key_id": (await api.get(f"/payments/merchants/{merchant['merchant_id']}/keys"))["items"][0]["key_id"],
            "payment_id": payments[-1],
            "account_id": receivable,
            "attempt_id": attempts[0],
        },
        ids_of={
            "cancel_payment": {"payment_id": await pay(context, merchant["merchant_id"], None)},
            "capture_payment": {"payment_id": await pay(context, merchant["merchant_id"], "pm_card_visa", "manual")},
            "refund_payment": {"payment_id": payments[0]},
            "close_payment_doubt": {"attempt_id": attempts[1]},
            **settled.ids_of,
        },
        contents={"import_statement": camt053([Line(-1, "OTHER")], number=99, day=LAST_DAY)},
        secret_text=SECRET_TEXT,
        destroying=["revoke_merchant_key"],
    )


class Settled(NamedTuple):
    """What the settlement of two days has left."""

    ids: dict[str, str]
    ids_of: dict[str, dict[str, str]]


async def settle_two_days(context: SampleContext, merchant_id: str) -> Settled:
    """Settle two days of a merchant of the past, with a report, a statement and a break of each; close the first."""
    shop = await shop_of_the_past(context, merchant_id)
    for day in (FIRST_DAY, LAST_DAY):
        shop.clock.at = datetime.combine(day, time(15), UTC)
        await shop.pay(AMOUNT)
        shop.clock.at = datetime.combine(day, time(22), UTC)
        await shop.settle(day)
        await shop.import_lines(Line(-day.day, SECRET_TEXT))
        shop.clock.at = datetime.combine(day, time(12), UTC) + timedelta(days=1)
        await shop.reconcile(day)
    api = context.api
    async with context.database.transaction() as connection:
        await connection.execute(
            "UPDATE payments.break SET state = 'closed', ended_at = now() WHERE day = $1", FIRST_DAY
        )
        await close_day(
            connection,
            organisation_id=shop.organisation_id,
            day=FIRST_DAY,
            closed_by="sample",
            at=shop.clock.at,
        )

    async def first_id(path: str, name: str) -> str:
        found: str = (await api.get(f"/payments/{path}"))["items"][0][name]
        return found

    ids = {
        "batch_id": await first_id("batches", "batch_id"),
        "payout_id": await first_id("payouts", "payout_id"),
        "bank_file_id": await first_id("bank-files", "bank_file_id"),
        "statement_id": await first_id("statements", "statement_id"),
        "settlement_report_id": await first_id("settlement-reports", "settlement_report_id"),
        "break_id": await first_id("reconciliation/breaks?state=closed", "break_id"),
        "day": LAST_DAY.isoformat(),
    }
    open_break = await first_id("reconciliation/breaks?state=open", "break_id")
    return Settled(
        ids=ids,
        ids_of={
            "resolve_break": {"break_id": open_break},
            "get_day_report": {"day": FIRST_DAY.isoformat()},
            "close_day": {"day": BETWEEN.isoformat()},
        },
    )


async def shop_of_the_past(context: SampleContext, merchant_id: str) -> SettledShop:
    """Give a merchant a bank account, and let it have begun in February."""
    changes = msgspec.to_builtins(BANK_ACCOUNT)
    await context.api.done(
        "PATCH",
        f"/payments/merchants/{merchant_id}",
        json={name: value for name, value in changes.items() if value is not None},
    )
    folder = Path(tempfile.mkdtemp())
    query = "UPDATE payments.merchant SET created_at = $2 WHERE merchant_id = $1 RETURNING *"
    async with context.database.connection() as connection:
        began_at = datetime(2026, 2, 20, tzinfo=UTC)
        row = await connection.fetchrow(query, parse_id(MERCHANT_PREFIX, merchant_id), began_at)
    return SettledShop(context.database, read_row(Merchant, row), folder)


async def pay(
    context: SampleContext, merchant_id: str, token: str | None, capture_method: CaptureMethod = "automatic"
) -> str:
    """Take a payment, without the process of the simulated processor; return its id.

    Without a payment method it isn't confirmed.
    """
    processors = Processors({"simulator": DirectSimulator()})
    flow = PaymentFlow(context.database, processors, PaymentsSettings(), SystemClock())
    query = "SELECT * FROM payments.merchant WHERE merchant_id = $1"
    async with context.database.connection() as connection:
        merchant = read_row(Merchant, await connection.fetchrow(query, parse_id(MERCHANT_PREFIX, merchant_id)))
    new = NewIntent(amount=AMOUNT, currency="usd", description=SECRET_TEXT, capture_method=capture_method)
    done = await flow.create(merchant, new, payment_method=token, confirm=token is not None)
    return format_id(INTENT_PREFIX, done.intent.intent_id)
