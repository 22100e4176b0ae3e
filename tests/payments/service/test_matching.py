"""What the bank says: payouts that are paid or come back, what processors pay, and what is in suspense."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.reconciliation import Break
from ninefold.systems.payments.model.settlement import Payout
from ninefold.systems.payments.reconciliation_errors import (
    BreakStateError,
    InvalidCorrectionError,
    StatementDayError,
    StatementKnownError,
)
from ninefold.systems.payments.service.breaks import Correction, resolve_break
from ninefold.systems.payments.service.statements import list_lines, list_lines_of_payout
from payments_settlement import Line, SettledShop, open_settled_shop

DAY = date(2026, 11, 23)
NEXT = date(2026, 11, 24)
CUTOFF = datetime(2026, 11, 23, 22, tzinfo=UTC)
NET = 9_680
"""What 10,000 leave after the fee."""


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> SettledShop:
    """A shop whose first day is settled, on the morning of the next one."""
    shop = await open_settled_shop(database, tmp_path)
    await shop.pay(10_000)
    shop.clock.at = CUTOFF
    await shop.settle(DAY)
    shop.clock.at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return shop


async def payout_of(shop: SettledShop) -> Payout:
    (payout,) = await shop.payouts()
    return payout


async def break_of(shop: SettledShop) -> Break:
    (found,) = await shop.breaks()
    return found


async def balances(shop: SettledShop) -> dict[str, int]:
    return {
        "available": await shop.balance("merchant_available"),
        "in_flight": await shop.balance("payout_in_flight"),
        "bank": await shop.balance("bank"),
        "suspense": await shop.balance("suspense"),
    }


@pytest.mark.parametrize("by", ["reference", "trace number", "file", "amount and date"])
async def test_a_payout_is_paid_when_the_bank_shows_it(shop: SettledShop, by: str) -> None:
    payout = await payout_of(shop)
    (path,) = shop.folder.iterdir()
    references = {"reference": payout.reference, "trace number": payout.trace_number or "", "file": path.name}

    statement = await shop.import_lines(Line(-NET, references.get(by, "")))

    assert (await payout_of(shop)).state == "paid"
    assert await balances(shop) == {"available": 0, "in_flight": 0, "bank": -NET, "suspense": 0}
    async with shop.database.connection() as connection:
        (line,) = await list_lines(connection, statement, after=None, limit=10)
    assert (line.state, line.match_rule) == ("matched", "amount_and_date" if by == "amount and date" else "reference")


async def test_a_line_with_another_amount_is_shown_with_the_payout_that_it_names(shop: SettledShop) -> None:
    payout = await payout_of(shop)
    await shop.import_lines(Line(1 - NET, payout.reference))

    async with shop.database.connection() as connection:
        lines = await list_lines_of_payout(connection, payout)

    assert [(line.amount, line.state) for line in lines] == [(1 - NET, "suspense")]
    assert (await break_of(shop)).payout_id == payout.payout_id


async def test_two_lines_of_an_amount_are_no_candidates(shop: SettledShop) -> None:
    await shop.import_lines(Line(-NET), Line(-NET))

    assert (await payout_of(shop)).state == "in_transit"
    assert [each.type for each in await shop.breaks()] == ["unknown", "unknown"]
    assert (await balances(shop))["suspense"] == -2 * NET


@pytest.mark.parametrize(
    ("line", "break_type", "difference"),
    [
        (Line(-NET - 1), "amount", -1),
        (Line(-NET + 1), "amount", 1),
        (Line(-NET, currency="EUR"), "currency", 0),
    ],
)
async def test_any_difference_is_a_break_and_its_money_is_in_suspense(
    shop: SettledShop, line: Line, break_type: str, difference: int
) -> None:
    payout = await payout_of(shop)
    await shop.import_lines(line._replace(reference=payout.reference))

    found = await break_of(shop)
    assert (found.type, found.difference, found.payout_id) == (break_type, difference, payout.payout_id)
    assert (await payout_of(shop)).state == "in_transit"
    assert await shop.balance("suspense", line.currency) == line.amount


async def test_a_second_payment_of_a_payout_is_a_break(shop: SettledShop) -> None:
    reference = (await payout_of(shop)).reference
    await shop.import_lines(Line(-NET, reference))
    await shop.import_lines(Line(-NET, reference))

    assert (await break_of(shop)).type == "duplicate"
    assert (await balances(shop))["suspense"] == -NET


async def test_a_statement_says_how_many_of_its_lines_were_counted_before(shop: SettledShop) -> None:
    assert (await shop.import_lines(Line(-5, "X"))).known_line_count == 0
    shop.statements = 0
    again = await shop.import_lines(Line(-5, "X"), Line(-6, "Y"))

    assert (again.line_count, again.known_line_count) == (2, 1)


async def test_an_entry_of_a_day_that_has_not_begun_is_refused(shop: SettledShop) -> None:
    # It can be tomorrow already where the bank is.
    shop.clock.at = datetime(2026, 11, 24, 20, tzinfo=UTC)
    await shop.import_lines(Line(-5, "X", booked_on=date(2026, 11, 25)))
    with pytest.raises(StatementDayError, match="booked on 2026-11-26"):
        await shop.import_lines(Line(-5, "Y", booked_on=date(2026, 11, 26)))


async def test_the_same_file_and_the_same_entry_count_once(shop: SettledShop) -> None:
    payout = await payout_of(shop)
    await shop.import_lines(Line(-NET, payout.reference))
    shop.statements = 0
    with pytest.raises(StatementKnownError):
        await shop.import_lines(Line(-NET, payout.reference))
    shop.statements = 0
    # The same statement with another line.
    await shop.import_lines(Line(-NET, payout.reference), Line(-5, "X"))

    assert [each.type for each in await shop.breaks()] == ["unknown"]
    assert (await balances(shop))["bank"] == -NET - 5


@pytest.mark.parametrize("order", ["paid, return, money", "paid, money, return", "return, paid, money", "money, paid"])
async def test_the_money_of_a_payout_comes_back_once_whatever_comes_first(shop: SettledShop, order: str) -> None:
    payout = await payout_of(shop)
    steps = order.split(", ")
    for step in steps:
        match step:
            case "paid":
                await shop.import_lines(Line(-NET, payout.reference))
            case "return":
                await shop.import_file(shop.returned(payout))
            case _:
                await shop.import_lines(Line(NET, payout.reference, reason="R03"))

    failed = await payout_of(shop)
    assert (failed.state, failed.failure_code) == ("failed", "R03")
    assert failed.failure_message == "no account, or it can't be located"
    assert await balances(shop) == {"available": NET, "in_flight": 0, "bank": 0, "suspense": 0}
    assert await shop.breaks() == []


async def test_what_came_back_is_paid_by_the_next_batch(shop: SettledShop) -> None:
    await shop.import_file(shop.returned(await payout_of(shop)))
    shop.clock.at = CUTOFF + timedelta(days=1)

    (batch,) = await shop.settle(NEXT)

    assert (batch.returned_amount, batch.payout_amount) == (NET, NET)


async def test_a_processor_pays_what_it_owes(shop: SettledShop) -> None:
    assert await shop.balance("processor_receivable") == 10_000
    await shop.reconcile(DAY)
    await shop.import_lines(shop.processor_line(10_000, DAY))

    assert (await shop.balance("processor_receivable"), await shop.balance("bank")) == (0, 10_000)


async def test_money_in_suspense_finds_its_reason_later(shop: SettledShop) -> None:
    await shop.import_lines(shop.processor_line(10_000, DAY))
    assert (await break_of(shop)).type == "unknown"
    assert await shop.balance("suspense") == 10_000

    # The report of the processor comes after the bank's statement.
    await shop.reconcile(DAY)

    assert await shop.breaks() == []
    assert (await shop.balance("processor_receivable"), await shop.balance("suspense")) == (0, 0)


async def test_a_person_resolves_a_break_with_evidence_and_a_correction(shop: SettledShop) -> None:
    await shop.import_lines(Line(500, "GIFT"))
    found = await break_of(shop)

    async def resolve(correction: Correction | None) -> Break:
        async with shop.database.transaction() as connection:
            return await resolve_break(
                connection,
                organisation_id=shop.organisation_id,
                break_id=found.break_id,
                evidence="Ticket 5521 at the bank.",
                correction=correction,
                resolved_by="ines",
                at=shop.clock.at,
            )

    with pytest.raises(InvalidCorrectionError):
        await resolve(Correction(debit="suspense", credit="merchant_pending", amount=500))
    with pytest.raises(InvalidCorrectionError, match="would double it"):
        await resolve(Correction(debit="fees", credit="suspense", amount=500))
    resolved = await resolve(Correction(debit="suspense", credit="fees", amount=500))

    assert (resolved.state, resolved.ended_by, resolved.evidence) == ("resolved", "ines", "Ticket 5521 at the bank.")
    assert await shop.balance("suspense") == 0
    with pytest.raises(BreakStateError):
        await resolve(None)
    await shop.import_lines(Line(1, "Y"))
    # The line that was explained isn't matched again.
    assert [each.reference for each in await shop.breaks()] == ["Y"]
