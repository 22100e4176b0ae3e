"""Reconciliation of a day: which differences are found, when they end, and what closing a day forbids."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.ledger import AccountKey, Cause, new_transfer
from ninefold.systems.payments.model.outcomes import SettlementLine
from ninefold.systems.payments.model.reconciliation import ClosedDay
from ninefold.systems.payments.reconciliation_errors import (
    BreaksOpenError,
    DayClosedError,
    DayNotComparedError,
    DayNotOverError,
)
from ninefold.systems.payments.rules.break_advice import advise
from ninefold.systems.payments.service.closing_days import DayReport, close_day
from ninefold.systems.payments.service.ledger import post
from ninefold.systems.payments.service.reconciling import compare_day, list_items
from ninefold.systems.payments.service.reports import store_report
from payments_settlement import SettledShop, open_settled_shop

DAY = date(2026, 11, 23)
NEXT = date(2026, 11, 24)
MORNING = datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> SettledShop:
    return await open_settled_shop(database, tmp_path)


async def close(shop: SettledShop, day: date) -> ClosedDay:
    async with shop.database.transaction() as connection:
        return await close_day(
            connection, organisation_id=shop.organisation_id, day=day, closed_by="ines", at=shop.clock.at
        )


async def report(shop: SettledShop, day: date, *lines: SettlementLine) -> None:
    async with shop.database.transaction() as connection:
        await store_report(
            connection,
            lines,
            organisation_id=shop.organisation_id,
            processor="simulator",
            day=day,
            at=shop.clock.at,
        )


async def test_a_day_agrees_on_three_sides(shop: SettledShop) -> None:
    charge = await shop.pay(10_000)
    await shop.pay(2_000)
    shop.clock.at = datetime(2026, 11, 23, 22, tzinfo=UTC)
    await shop.settle(DAY)
    await shop.refund(charge, 500)
    shop.clock.at = MORNING
    await shop.reconcile(DAY)
    await shop.import_lines(shop.processor_line(11_500, DAY))

    run = await shop.reconcile(DAY)

    assert run.number == 2
    assert run.summary["totals"] == [
        {
            "currency": "USD",
            "ledger_count": 3,
            "ledger_amount": 11_500,
            "report_count": 3,
            "report_amount": 11_500,
            "bank_count": 1,
            "bank_amount": 11_500,
        }
    ]
    assert run.summary["open_breaks"] == 0


@pytest.mark.parametrize(
    ("token", "break_type", "expected", "found"),
    [
        ("pm_card_notSettled", "missing", 10_000, None),
        ("pm_card_settledTwice", "duplicate", None, 10_000),
        ("pm_card_settledWrongAmount", "amount", 10_000, 10_001),
    ],
)
async def test_a_fault_in_the_report_is_a_break(
    shop: SettledShop, token: str, break_type: str, expected: int | None, found: int | None
) -> None:
    charge = await shop.pay(10_000, token)
    await shop.pay(500)
    shop.clock.at = MORNING

    for _ in range(2):
        await shop.reconcile(DAY)

    (each,) = await shop.breaks()
    assert (each.type, each.expected_amount, each.found_amount) == (break_type, expected, found)
    assert each.charge_id == charge.charge_id


def line_of(reference: str, *, amount: int = 10_000, currency: str = "USD") -> SettlementLine:
    return SettlementLine(
        our_reference=reference,
        processor_reference=f"sim_{reference}",
        type="capture",
        amount=amount,
        currency=currency,
        at=datetime(2026, 11, 23, 23, tzinfo=UTC),
    )


async def compare(shop: SettledShop, day: date) -> list[tuple[str, str]]:
    """Compare a day with the reports that are stored; return its open breaks."""
    async with shop.database.transaction() as connection:
        await compare_day(
            connection, organisation_id=shop.organisation_id, day=day, started_at=shop.clock.at, at=shop.clock.at
        )
    return [(each.type, each.reference) for each in await shop.breaks() if each.day == day]


async def test_a_capture_in_the_report_of_the_next_day_was_only_late(shop: SettledShop) -> None:
    charge = await shop.pay(10_000)
    reference = format_id("att", charge.charge_id)
    await report(shop, DAY)
    assert [kind for kind, _ in await compare(shop, DAY)] == ["missing"]

    await report(shop, NEXT, line_of(reference))

    assert await compare(shop, DAY) == []
    assert await compare(shop, NEXT) == []
    assert [(each.type, each.ended_by) for each in await shop.breaks("closed")] == [("timing", "comparison")]


async def test_what_was_captured_after_the_report_was_read_is_not_missing_yet(shop: SettledShop) -> None:
    early = await shop.pay(10_000, "pm_card_notSettled")
    await shop.reconcile(DAY)
    await shop.pay(2_000, "pm_card_notSettled")

    async def verdicts() -> list[tuple[str, int | None]]:
        async with shop.database.connection() as connection:
            items = await list_items(
                connection, organisation_id=shop.organisation_id, day=DAY, only_breaks=False, offset=0, limit=10
            )
        return [(each.item.verdict, each.item.ledger_amount) for each in items]

    assert await verdicts() == [("missing", 10_000), ("not_compared", 2_000)]
    assert [each.charge_id for each in await shop.breaks()] == [early.charge_id]
    # The report says the same as before, but it was read later.
    shop.clock.at = MORNING
    await shop.reconcile(DAY)

    assert await verdicts() == [("missing", 10_000), ("missing", 2_000)]


async def test_a_day_cannot_be_closed_before_its_last_capture_was_compared(shop: SettledShop) -> None:
    await shop.pay(10_000)
    await shop.reconcile(DAY)
    await shop.pay(2_000)
    shop.clock.at = MORNING

    with pytest.raises(DayNotComparedError, match="1 capture or refund of 2026-11-23 came after"):
        await close(shop, DAY)

    await shop.reconcile(DAY)
    await close(shop, DAY)


async def test_an_item_is_paid_when_the_bank_has_paid_its_report(shop: SettledShop) -> None:
    await shop.pay(10_000)
    shop.clock.at = MORNING
    await shop.reconcile(DAY)

    async def bank_amounts() -> list[int | None]:
        async with shop.database.connection() as connection:
            items = await list_items(
                connection, organisation_id=shop.organisation_id, day=DAY, only_breaks=False, offset=0, limit=10
            )
        return [each.bank_amount for each in items]

    assert await bank_amounts() == [None]
    await shop.import_lines(shop.processor_line(10_000, DAY))
    assert await bank_amounts() == [10_000]


async def test_a_line_without_our_reference_is_matched_by_amount_if_that_is_unique(shop: SettledShop) -> None:
    await shop.pay(10_000)
    await report(shop, DAY, line_of("lost"))

    assert await compare(shop, DAY) == []
    assert await compare(shop, DAY) == []


async def test_two_candidates_are_none(shop: SettledShop) -> None:
    await shop.pay(10_000)
    await shop.pay(10_000)
    await report(shop, DAY, line_of("lost"))

    assert sorted(kind for kind, _ in await compare(shop, DAY)) == ["missing", "missing", "unknown"]


async def test_another_currency_is_a_break(shop: SettledShop) -> None:
    charge = await shop.pay(10_000)
    await report(shop, DAY, line_of(format_id("att", charge.charge_id), currency="EUR"))

    assert await compare(shop, DAY) == [("currency", format_id("ch", charge.charge_id))]


async def test_lines_about_payments_of_another_organisation_are_left_out(shop: SettledShop, tmp_path: Path) -> None:
    other = await open_settled_shop(shop.database, tmp_path, name="Other")
    charge = await other.pay(10_000)
    await report(shop, DAY, line_of(format_id("att", charge.charge_id)))

    assert await compare(shop, DAY) == []


async def test_what_the_bank_has_not_shown_in_time_is_a_break(shop: SettledShop) -> None:
    await shop.pay(10_000)
    shop.clock.at = datetime(2026, 11, 23, 22, tzinfo=UTC)
    await shop.settle(DAY)
    shop.clock.at = datetime(2026, 11, 25, 12, tzinfo=UTC)
    await shop.import_lines(shop.processor_line(1, NEXT))

    await shop.reconcile(NEXT)

    (payout,) = await shop.payouts()
    assert [(each.source, each.type, each.payout_id) for each in await shop.breaks() if each.day == NEXT] == [
        ("bank", "missing", payout.payout_id)
    ]


async def test_a_report_that_grows_after_the_bank_has_paid_it_is_a_break(shop: SettledShop) -> None:
    first = await shop.pay(10_000)
    second = await shop.pay(2_000)
    lines = [line_of(format_id("att", first.charge_id)), line_of(format_id("att", second.charge_id), amount=2_000)]
    await report(shop, DAY, lines[0])
    await shop.import_lines(shop.processor_line(10_000, DAY))
    await report(shop, DAY, *lines)

    await compare(shop, DAY)

    (found,) = await shop.breaks()
    assert (found.source, found.type, found.expected_amount, found.found_amount) == ("bank", "amount", 12_000, 10_000)
    assert "comes to now" in advise(found)
    await report(shop, DAY, lines[0])
    assert [kind for kind, _ in await compare(shop, DAY)] == ["missing"]


async def test_a_closed_day_does_not_change(shop: SettledShop) -> None:
    await shop.pay(10_000)
    with pytest.raises(DayNotOverError):
        await close(shop, DAY)
    shop.clock.at = MORNING
    await shop.reconcile(DAY)
    closed = await close(shop, DAY)

    found = msgspec.json.decode(closed.report, type=DayReport)
    assert (found.transfers, found.previous_sha256, found.closed_by) == (2, None, "ines")
    assert {document.type for document in found.documents} == {"settlement_report"}
    with pytest.raises(DayClosedError):
        await close(shop, DAY)
    with pytest.raises(DayClosedError, match=f"{DAY - timedelta(days=1)} is closed, with {DAY}"):
        await close(shop, DAY - timedelta(days=1))
    with pytest.raises(DayClosedError):
        await shop.reconcile(DAY)
    transfer = new_transfer(
        Cause("test", shop.merchant.merchant_id),
        leg=0,
        debit=AccountKey(shop.organisation_id, None, "bank", "USD"),
        credit=AccountKey(shop.organisation_id, None, "suspense", "USD"),
        amount=1,
    )
    async with shop.database.connection() as connection:
        with pytest.raises(Exception, match="closed_day"):
            await post(connection, [transfer], at=datetime(2026, 11, 23, 23, 59, tzinfo=UTC))
        await post(connection, [transfer], at=MORNING)
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute("DELETE FROM payments.closed_day")


async def test_reports_of_closed_days_form_a_chain(shop: SettledShop) -> None:
    shop.clock.at = MORNING
    first = await close(shop, DAY - timedelta(days=1))
    second = await close(shop, DAY)

    assert msgspec.json.decode(second.report, type=DayReport).previous_sha256 == first.sha256.hex()


async def test_a_day_with_an_open_break_is_not_closed(shop: SettledShop) -> None:
    await shop.pay(10_000, "pm_card_notSettled")
    shop.clock.at = MORNING
    await shop.reconcile(DAY)

    with pytest.raises(BreaksOpenError):
        await close(shop, DAY)
