"""A person says that a line of the bank is a payout, although its amount is off or its reference is missing."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.errors import CardNumberError
from ninefold.systems.payments.model.ledger import AccountKind
from ninefold.systems.payments.model.reconciliation import Break
from ninefold.systems.payments.reconciliation_errors import BreakStateError, InvalidMatchError
from ninefold.systems.payments.rules.break_advice import advise, can_match
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.ledger import list_accounts, list_entries
from ninefold.systems.payments.service.matching_by_hand import match_break
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.service.releasing import release_funds
from ninefold.systems.payments.service.settling import compute_batches, post_batches
from ninefold.systems.payments.service.statements import list_lines_of_payout
from payments_settlement import BANK_ACCOUNT, MONDAY, Line, SettledShop, open_settled_shop

DAY = date(2026, 11, 23)
NET = 9_680
"""What 10,000 leave after the fee."""


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> SettledShop:
    """A shop whose first day is settled, on the morning of the next one."""
    shop = await open_settled_shop(database, tmp_path)
    await shop.pay(10_000)
    shop.clock.at = datetime(2026, 11, 23, 22, tzinfo=UTC)
    await shop.settle(DAY)
    shop.clock.at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return shop


async def match(shop: SettledShop, found: Break, **options: Any) -> Break:
    given = {"payout_id": None, "difference_account": "suspense", "evidence": "Ticket 5521 at the bank."} | options
    async with shop.database.transaction() as connection:
        return await match_break(
            connection,
            organisation_id=shop.organisation_id,
            break_id=found.break_id,
            matched_by="ines",
            at=shop.clock.at,
            **given,
        )


async def off_by(shop: SettledShop, difference: int) -> Break:
    """Import a line of the payout that is off from it; return its break."""
    (payout,) = await shop.payouts()
    await shop.import_lines(Line(-NET - difference, payout.reference))
    (found,) = await shop.breaks()
    return found


async def balances(shop: SettledShop) -> dict[str, int]:
    kinds: tuple[AccountKind, ...] = ("payout_in_flight", "bank", "suspense", "bank_fees")
    return {kind: await shop.balance(kind) for kind in kinds}


@pytest.mark.parametrize(
    ("difference", "account", "suspense", "bank_fees"),
    [(-1, "suspense", 1, 0), (1, "suspense", -1, 0), (-250, "bank_fees", 0, -250), (250, "bank_fees", 0, 250)],
)
async def test_a_payout_is_paid_with_the_amount_that_the_bank_has(
    shop: SettledShop, difference: int, account: str, suspense: int, bank_fees: int
) -> None:
    found = await off_by(shop, difference)

    resolved = await match(shop, found, difference_account=account)

    (payout,) = await shop.payouts()
    assert (payout.state, payout.amount, payout.paid_amount) == ("paid", NET, NET + difference)
    assert (resolved.state, resolved.ended_by, resolved.evidence) == ("resolved", "ines", "Ticket 5521 at the bank.")
    assert await balances(shop) == {
        "payout_in_flight": 0,
        "bank": -NET - difference,
        "suspense": suspense,
        "bank_fees": bank_fees,
    }
    async with shop.database.connection() as connection:
        (line,) = await list_lines_of_payout(connection, payout)
    assert (line.state, line.match_rule, line.payout_id) == ("matched", "person", payout.payout_id)
    assert (await audit_ledger(shop.database, organisation_id=shop.organisation_id)).is_right


async def test_the_entry_of_the_difference_names_the_break(shop: SettledShop) -> None:
    resolved = await match(shop, await off_by(shop, -1))

    async with shop.database.connection() as connection:
        accounts = await list_accounts(
            connection, organisation_id=shop.organisation_id, merchant_id=None, after=None, limit=100
        )
        (in_flight,) = [each for each in accounts if each.kind == "payout_in_flight"]
        entries = await list_entries(connection, account=in_flight, before=None, limit=10)
    (entry,) = [each for each in entries if each.transfer_id == resolved.correction_id]
    assert (entry.cause_type, entry.cause_id, entry.amount) == ("correction", resolved.break_id, 1)


async def test_a_line_without_a_reference_is_the_payout_that_a_person_names(shop: SettledShop) -> None:
    (payout,) = await shop.payouts()
    await shop.import_lines(Line(-NET - 5, "LOST"))
    (found,) = await shop.breaks()
    with pytest.raises(InvalidMatchError, match="doesn't say which payout"):
        await match(shop, found)

    await match(shop, found, payout_id=payout.payout_id)

    assert [(each.state, each.paid_amount) for each in await shop.payouts()] == [("paid", NET + 5)]


async def test_what_was_paid_with_another_amount_comes_back_with_it(shop: SettledShop) -> None:
    await match(shop, await off_by(shop, -1))
    (payout,) = await shop.payouts()

    await shop.import_lines(Line(NET - 1, payout.reference, reason="R03"))

    assert await shop.breaks() == []
    assert await shop.balance("merchant_available") == NET
    assert await balances(shop) == {"payout_in_flight": 0, "bank": 0, "suspense": 0, "bank_fees": 0}


async def test_a_line_that_names_a_file_of_one_payout_is_matched_with_that(shop: SettledShop) -> None:
    (path,) = shop.folder.iterdir()
    await shop.import_lines(Line(-NET + 1, path.name))
    (found,) = await shop.breaks()
    assert can_match(found)

    await match(shop, found)

    assert [(each.state, each.paid_amount) for each in await shop.payouts()] == [("paid", NET - 1)]


async def test_a_line_of_several_payouts_is_taken_back_and_paid_again(database: Database, tmp_path: Path) -> None:
    shop = await settle_two_in_a_file(database, tmp_path)
    (path,) = shop.folder.iterdir()
    one, other = await shop.payouts()
    total = one.amount + other.amount
    await shop.import_lines(Line(-total + 1, path.name))
    (found,) = await shop.breaks()
    assert not can_match(found)
    assert "bank file of several payouts" in advise(found)
    with pytest.raises(InvalidMatchError, match="bank file of several payouts"):
        await match(shop, found, payout_id=one.payout_id)

    await shop.import_lines(Line(total - 1, path.name), Line(-total, path.name))

    assert [each.state for each in await shop.payouts()] == ["paid", "paid"]
    assert [each.found_amount for each in await shop.breaks()] == [total - 1, -total + 1]
    assert await shop.balance("suspense") == 0
    assert (await audit_ledger(database, organisation_id=shop.organisation_id)).is_right


async def settle_two_in_a_file(database: Database, folder: Path) -> SettledShop:
    """Return a merchant whose payout is in the same bank file as that of another one of its organisation."""
    shop = await open_settled_shop(database, folder)
    async with database.transaction() as connection:
        created = await create_merchant(
            connection,
            organisation_id=shop.organisation_id,
            name="Books",
            changes=BANK_ACCOUNT,
            at=MONDAY - timedelta(days=400),
        )
    other = SettledShop(database, created.merchant, folder)
    await shop.pay(10_000)
    await other.pay(5_000)
    shop.clock.at = datetime(2026, 11, 23, 22, tzinfo=UTC)
    await release_funds(database, other.merchant, until=shop.clock.at, at=shop.clock.at)
    await compute_batches(database, other.merchant, day=DAY, cutoff_at=shop.clock.at, at=shop.clock.at)
    async with database.transaction() as connection:
        await post_batches(connection, other.merchant, at=shop.clock.at)
    await shop.settle(DAY)
    shop.clock.at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return shop


async def test_what_cannot_be_the_payout_is_refused(shop: SettledShop) -> None:
    found = await off_by(shop, -1)
    (payout,) = await shop.payouts()
    with pytest.raises(CardNumberError):
        await match(shop, found, evidence="card 4242424242424242")
    await shop.import_lines(Line(500, "GIFT"), Line(-700, "RENT"))
    await shop.import_lines(Line(-900, "RENT", currency="EUR"))
    gift, rent, euros = [await break_with(shop, amount) for amount in (500, -700, -900)]
    with pytest.raises(InvalidMatchError, match="paid something out"):
        await match(shop, gift, payout_id=payout.payout_id)
    with pytest.raises(InvalidMatchError, match="The line is in EUR"):
        await match(shop, euros, payout_id=payout.payout_id)
    await match(shop, found)

    with pytest.raises(InvalidMatchError, match="it is paid"):
        await match(shop, rent, payout_id=payout.payout_id)
    with pytest.raises(BreakStateError):
        await match(shop, found)


async def break_with(shop: SettledShop, amount: int) -> Break:
    (found,) = [each for each in await shop.breaks() if each.found_amount == amount]
    return found
