"""Measures how long it takes to settle many captures of one merchant: holds, batch, payout, bank file."""

import argparse
import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from ninefold.core.clock import SystemClock
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.model.ledger import AccountKey
from ninefold.systems.payments.model.merchants import Merchant, MerchantChanges
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.service.sealing import seal_journal
from ninefold.systems.payments.service.settling import delivery_of, settle_merchant
from ninefold.systems.payments.settings import PaymentsSettings

DAY: Final = date(2026, 11, 23)
CAPTURED_AT: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTLED_AT: Final = datetime(2026, 11, 23, 23, tzinfo=UTC)
AT_ONCE: Final = 5_000
AMOUNT: Final = 2_000
FEE: Final = 88

_METHOD: Final = """
    INSERT INTO payments.payment_method (
        payment_method_id, merchant_id, token, brand, last4, exp_month, exp_year, created_at
    )
    VALUES (uuidv7(), $1, 'pm_card_visa', 'visa', '4242', 12, 2034, $2) RETURNING payment_method_id
"""
_CHARGES: Final = """
    WITH made AS (
        SELECT uuidv7() AS intent_id, uuidv7() AS charge_id FROM generate_series(1, $7)
    ),
    intents AS (
        INSERT INTO payments.intent (
            intent_id, organisation_id, merchant_id, state, amount, currency, capture_method, amount_received,
            payment_method_id, latest_charge_id, client_secret, created_at, updated_at
        )
        SELECT intent_id, $1, $2, 'succeeded', $4, 'USD', 'automatic', $4, $3, charge_id, intent_id::text, $6, $6
        FROM made
    ),
    charges AS (
        INSERT INTO payments.charge (
            charge_id, organisation_id, merchant_id, intent_id, payment_method_id, state, amount, currency,
            amount_captured, fee, created_at, captured_at, available_at
        )
        SELECT charge_id, $1, $2, intent_id, $3, 'succeeded', $4, 'USD', $4, $5, $6, $6, $6
        FROM made
    )
    SELECT payments.post_transfers(
        $8::text::jsonb,
        (
            SELECT jsonb_agg(
                jsonb_build_object(
                    'transfer_id', uuidv7(), 'organisation_id', $1, 'kind', 'posted',
                    'debit_account_id', debit, 'credit_account_id', credit, 'amount', amount, 'currency', 'USD',
                    'cause_type', 'capture', 'cause_id', charge_id, 'leg', leg, 'at', $6
                )
            )
            FROM made CROSS JOIN (
                VALUES ($9::uuid, $10::uuid, $4, 10), ($10::uuid, $11::uuid, $5, 11)
            ) AS legs (debit, credit, amount, leg)
        )
    )
"""


async def measure_settlement(database: Database, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Settle a merchant with many captures; verify the batch, the file and the ledger."""
    merchant = await _make_captures(database, options.captures)
    delivery = delivery_of(PaymentsSettings(bank_files_folder=str(folder / "bank-files")))
    began_at = time.perf_counter()
    [batch] = await settle_merchant(database, merchant, day=DAY, at=SETTLED_AT, delivery=delivery)
    lasted_s = time.perf_counter() - began_at
    net = options.captures * (AMOUNT - FEE)
    if (batch.capture_count, batch.payout_amount, batch.state) != (options.captures, net, "delivered"):
        raise RuntimeError(f"{batch.capture_count} captures, {batch.payout_amount}, {batch.state}")
    await seal_journal(database, at=SystemClock().now())
    audited_at = time.perf_counter()
    audit = await audit_ledger(database, organisation_id=merchant.organisation_id)
    if not audit.is_right:
        raise RuntimeError(f"{audit.faults}")
    return {
        "captures": options.captures,
        "settled_s": round(lasted_s, 1),
        "audited_transfers": audit.transfers,
        "audited_s": round(time.perf_counter() - audited_at, 1),
    }


async def _make_captures(database: Database, count: int) -> Merchant:
    """Create a merchant with captures as the flow makes them, whose hold is over."""
    changes = MerchantChanges(
        hold_days=0,
        first_payout_days=0,
        bank_account_name="Bakery",
        bank_routing_number="011000015",
        bank_account_number="000123456789",
        bank_account_kind="checking",
    )
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="bench settlement")
        created = await create_merchant(
            connection,
            organisation_id=organisation.organisation_id,
            name="Bakery",
            changes=changes,
            at=CAPTURED_AT - timedelta(days=100),
        )
        method_id = await connection.fetchval(_METHOD, created.merchant.merchant_id, CAPTURED_AT)
    merchant = created.merchant
    own, shared = (merchant.organisation_id, merchant.merchant_id), (merchant.organisation_id, None)
    keys = [
        AccountKey(*shared, "processor_receivable", "USD"),
        AccountKey(*own, "merchant_held", "USD"),
        AccountKey(*shared, "fees", "USD"),
    ]
    rows = msgspec.json.encode([{**msgspec.structs.asdict(key), "account_id": key.account_id} for key in keys]).decode()
    for _ in range(count // AT_ONCE):
        async with database.connection() as connection:
            await connection.fetchval(
                _CHARGES,
                merchant.organisation_id,
                merchant.merchant_id,
                method_id,
                AMOUNT,
                FEE,
                CAPTURED_AT,
                AT_ONCE,
                rows,
                *[key.account_id for key in keys],
            )
        await asyncio.sleep(0)
    return merchant
