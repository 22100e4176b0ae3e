"""A settlement report ends a doubt if it proves the outcome, and only then."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.outcomes import SettlementLine
from ninefold.systems.payments.model.payments import Attempt, CaptureMethod, NewIntent
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.reconciling import compare_day
from ninefold.systems.payments.service.report_evidence import end_doubts
from ninefold.systems.payments.service.reports import store_report
from ninefold.systems.payments.store.payments import attempt_find_by_id
from payments_settlement import SettledShop, open_settled_shop

DAY = date(2026, 11, 23)


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> SettledShop:
    return await open_settled_shop(database, tmp_path)


async def doubtful_payment(shop: SettledShop, *, capture_method: CaptureMethod = "automatic") -> Attempt:
    """Begin a payment whose answer gets lost, and whose processor never answers inquiries."""
    new = NewIntent(amount=10_000, currency="usd", capture_method=capture_method)
    done = await shop.flow.create(shop.merchant, new, payment_method="pm_card_neverKnown", confirm=True)
    assert done.attempt is not None
    assert done.attempt.state == "in_doubt"
    return done.attempt


async def read(shop: SettledShop, attempt: Attempt) -> Attempt:
    async with shop.database.connection() as connection:
        found = await attempt_find_by_id(connection, attempt_id=attempt.attempt_id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("waiting", "state"), [(timedelta(minutes=1), "in_doubt"), (timedelta(days=1, minutes=1), "needs_person")]
)
async def test_a_report_ends_a_doubt_that_no_inquiry_ends(shop: SettledShop, waiting: timedelta, state: str) -> None:
    attempt = await doubtful_payment(shop)
    shop.clock.at += waiting
    await shop.flow.resume(attempt)
    assert (await read(shop, attempt)).state == state
    shop.clock.at = max(shop.clock.at, datetime(2026, 11, 24, 6, tzinfo=UTC))

    run = await shop.reconcile(DAY)
    await shop.reconcile(DAY)

    ended = await read(shop, attempt)
    assert (ended.state, ended.evidence_kind, ended.closed_by) == ("succeeded", "settlement_report", None)
    assert (ended.evidence or "").startswith("Line 1 of the report srp_")
    assert run.summary["open_breaks"] == 0
    assert await shop.breaks() == []
    assert await shop.balance("processor_receivable") == 10_000
    assert (await audit_ledger(shop.database, organisation_id=shop.organisation_id)).faults == []


async def test_a_payment_whose_doubt_a_report_has_ended_can_be_refunded(shop: SettledShop) -> None:
    attempt = await doubtful_payment(shop)
    shop.clock.at += timedelta(days=1)
    await shop.reconcile(DAY)

    done = await shop.flow.refund(shop.merchant.merchant_id, attempt.intent_id, amount=500)

    assert done.refund is not None
    assert done.refund.state == "succeeded"


async def test_a_report_ends_the_doubt_about_a_refund(shop: SettledShop) -> None:
    charge = await shop.pay(10_000, "pm_card_lostRefundAnswer")
    refunding = await shop.flow.refund(shop.merchant.merchant_id, charge.intent_id, amount=500)
    assert refunding.attempt is not None
    assert refunding.attempt.state == "in_doubt"
    shop.clock.at += timedelta(days=1)

    run = await shop.reconcile(DAY)

    ended = await read(shop, refunding.attempt)
    assert (ended.state, ended.evidence_kind) == ("succeeded", "settlement_report")
    assert run.summary["open_breaks"] == 0
    assert await shop.balance("refunds_in_flight") == 0


@pytest.mark.parametrize(
    ("capture_method", "processor", "changes"),
    [
        ("automatic", "simulator", {"amount": 10_001}),
        ("automatic", "simulator", {"currency": "EUR"}),
        ("automatic", "simulator", {"type": "refund"}),
        ("automatic", "stripe", {}),
        ("manual", "simulator", {}),
    ],
)
async def test_a_line_that_proves_nothing_is_a_break(
    shop: SettledShop, capture_method: CaptureMethod, processor: str, changes: dict[str, Any]
) -> None:
    attempt = await doubtful_payment(shop, capture_method=capture_method)
    line = msgspec.structs.replace(line_of(attempt), **changes)

    assert await report_and_end(shop, line, processor=processor) == 0
    assert (await read(shop, attempt)).state == "in_doubt"
    assert await compare(shop) == [("timing", attempt.our_reference)]


async def test_the_break_closes_when_a_corrected_report_proves_the_outcome(shop: SettledShop) -> None:
    attempt = await doubtful_payment(shop)
    assert await report_and_end(shop, line_of(attempt, amount=9_999)) == 0
    assert await compare(shop) == [("timing", attempt.our_reference)]

    assert await report_and_end(shop, line_of(attempt)) == 1

    assert await compare(shop) == []
    assert [each.type for each in await shop.breaks("closed")] == ["timing"]


def line_of(attempt: Attempt, *, amount: int = 10_000) -> SettlementLine:
    return SettlementLine(
        our_reference=attempt.our_reference,
        processor_reference="sim_1",
        type="capture",
        amount=amount,
        currency="USD",
        at=datetime(2026, 11, 23, 23, tzinfo=UTC),
    )


async def report_and_end(shop: SettledShop, line: SettlementLine, *, processor: str = "simulator") -> int:
    """Store a report of one line, and return how many doubts it has ended."""
    async with shop.database.transaction() as connection:
        await store_report(
            connection,
            [line],
            organisation_id=shop.organisation_id,
            processor=processor,
            day=DAY,
            at=shop.clock.at,
        )
    return await end_doubts(shop.database, shop.flow, organisation_id=shop.organisation_id, day=DAY)


async def compare(shop: SettledShop) -> list[tuple[str, str]]:
    """Compare the day; return its open breaks."""
    async with shop.database.transaction() as connection:
        await compare_day(
            connection, organisation_id=shop.organisation_id, day=DAY, started_at=shop.clock.at, at=shop.clock.at
        )
    return [(each.type, each.reference) for each in await shop.breaks()]
