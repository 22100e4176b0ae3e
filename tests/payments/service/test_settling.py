"""The daily batch: what is in it, where its money goes, and what is left after a crash."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.errors import BatchOrderError
from ninefold.systems.payments.files.csv_file import read_csv
from ninefold.systems.payments.files.nacha.model import total_of
from ninefold.systems.payments.model.settlement import Batch
from ninefold.systems.payments.reconciliation_errors import DayNotBegunError
from ninefold.systems.payments.service.settling import get_batch, list_batch_lines, recompute_content
from payments_settlement import (
    BANK_ACCOUNT,
    CrashError,
    CrashingDatabase,
    SettledShop,
    open_settled_shop,
    with_bank_account,
)

DAY = date(2026, 11, 23)
CUTOFF = datetime(2026, 11, 23, 22, tzinfo=UTC)


@pytest.fixture
async def shop(database: Database, tmp_path: Path) -> SettledShop:
    return await open_settled_shop(database, tmp_path)


def net_of(amount: int) -> int:
    """Return what the usual fee of 2.9 % and 30 cents leaves."""
    return amount - (amount * 290 + 5_000) // 10_000 - 30


async def lines_of(shop: SettledShop, batch: Batch) -> list[Any]:
    async with shop.database.connection() as connection:
        return await list_batch_lines(connection, batch, after=None, limit=100)


async def test_lines_payout_ledger_and_file_say_the_same(shop: SettledShop) -> None:
    paid = [await shop.pay(amount) for amount in (10_000, 2_000, 350)]
    await shop.refund(paid[0], 1_500)
    shop.clock.at = CUTOFF

    (batch,) = await shop.settle(DAY)

    payout = net_of(10_000) + net_of(2_000) + net_of(350) - 1_500
    assert (batch.state, batch.capture_count, batch.capture_amount) == ("delivered", 3, 12_350)
    assert (batch.refund_count, batch.refund_amount, batch.payout_amount) == (1, -1_500, payout)
    assert batch.fee_amount == 12_350 - sum(map(net_of, (10_000, 2_000, 350)))
    lines = await lines_of(shop, batch)
    assert [(line.type, line.net) for line in lines] == [
        ("refund", -1_500),
        *[("capture", net_of(amount)) for amount in (10_000, 2_000, 350)],
    ]
    assert sum(line.net for line in lines) == payout
    assert (await shop.balance("merchant_available"), await shop.balance("payout_in_flight")) == (0, payout)
    (entry,) = shop.read_file().batches[0].entries
    assert total_of([entry]).credits == payout
    (stored,) = await shop.payouts()
    assert (stored.state, stored.amount, stored.arrival_date) == ("in_transit", payout, date(2026, 11, 24))
    assert (entry.identification, entry.trace_number, entry.name) == (
        stored.reference,
        stored.trace_number,
        "BACKEREI INES",
    )
    assert "000123456789" in str(entry)


async def test_a_second_run_changes_nothing_and_the_journal_gives_the_same_bytes(shop: SettledShop) -> None:
    await shop.pay(10_000)
    shop.clock.at = CUTOFF
    first = await shop.settle(DAY)
    await shop.pay(5_000)

    assert await shop.settle(DAY) == first
    async with shop.database.connection() as connection:
        content = await recompute_content(connection, first[0])
        assert await recompute_content(connection, first[0]) == content
    assert len(list(shop.folder.iterdir())) == 1


async def test_what_is_captured_from_the_cutoff_on_is_in_the_next_batch(shop: SettledShop) -> None:
    shop.clock.at = CUTOFF - timedelta(microseconds=1)
    await shop.pay(10_000)
    shop.clock.at = CUTOFF
    await shop.pay(2_000)
    shop.clock.at = CUTOFF + timedelta(minutes=5)

    (first,) = await shop.settle(DAY)
    shop.clock.at = CUTOFF + timedelta(days=1)
    (second,) = await shop.settle(DAY + timedelta(days=1))

    assert (first.capture_amount, second.capture_amount) == (10_000, 2_000)
    assert second.after_sequence == first.last_sequence


@pytest.mark.parametrize(
    ("day", "cutoff"),
    [
        (date(2026, 3, 6), "22:00"),
        (date(2026, 3, 9), "21:00"),
        (date(2026, 10, 30), "21:00"),
        (date(2026, 11, 2), "22:00"),
    ],
)
async def test_the_cutoff_is_at_the_same_local_time_when_clocks_change(
    shop: SettledShop, day: date, cutoff: str
) -> None:
    shop.clock.at = datetime.fromisoformat(f"{day}T{cutoff}").replace(tzinfo=UTC)
    await shop.pay(2_000)
    shop.clock.at -= timedelta(seconds=1)
    await shop.pay(10_000)
    shop.clock.at += timedelta(hours=1)

    (batch,) = await shop.settle(day)

    assert batch.capture_amount == 10_000


async def test_a_held_capture_waits_for_the_end_of_its_hold(database: Database, tmp_path: Path) -> None:
    shop = await open_settled_shop(database, tmp_path, changes=with_bank_account(hold_days=2))
    await shop.pay(10_000)
    batches = []
    for days in range(4):
        shop.clock.at = CUTOFF + timedelta(days=days)
        batches += await shop.settle(DAY + timedelta(days=days))

    assert [(batch.day, batch.payout_amount) for batch in batches] == [(date(2026, 11, 25), net_of(10_000))]


async def test_a_reserve_is_kept_and_comes_back(database: Database, tmp_path: Path) -> None:
    changes = with_bank_account(reserve_bps=1_000, reserve_days=7)
    shop = await open_settled_shop(database, tmp_path, changes=changes)
    await shop.pay(10_000)
    shop.clock.at = CUTOFF
    (first,) = await shop.settle(DAY)
    shop.clock.at = CUTOFF + timedelta(days=7)
    (second,) = await shop.settle(DAY + timedelta(days=7))

    assert (first.reserve_amount, first.payout_amount) == (1_000, net_of(10_000) - 1_000)
    assert (second.reserve_released_amount, second.payout_amount) == (1_000, 1_000)
    assert await shop.balance("merchant_reserve") == 0


async def test_a_negative_balance_is_carried_until_there_is_enough(shop: SettledShop) -> None:
    charge = await shop.pay(10_000)
    shop.clock.at = CUTOFF
    await shop.settle(DAY)
    await shop.refund(charge, 10_000)
    shop.clock.at = CUTOFF + timedelta(days=1)
    (second,) = await shop.settle(DAY + timedelta(days=1))
    await shop.pay(20_000)
    shop.clock.at = CUTOFF + timedelta(days=2)
    (third,) = await shop.settle(DAY + timedelta(days=2))

    assert (second.state, second.carried_amount, second.carried_reason) == ("carried", -10_000, "negative")
    assert (third.opening_amount, third.payout_amount) == (-10_000, net_of(20_000) - 10_000)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"payout_minimum": 9_681}, "below_minimum"), ({"payout_minimum": 9_680}, None)],
)
async def test_less_than_the_minimum_is_carried(
    database: Database, tmp_path: Path, changes: dict[str, int], reason: str | None
) -> None:
    shop = await open_settled_shop(database, tmp_path, changes=with_bank_account(**changes))
    await shop.pay(10_000)
    shop.clock.at = CUTOFF

    (batch,) = await shop.settle(DAY)

    assert batch.carried_reason == reason


async def test_other_currencies_are_paid_by_a_csv_file(shop: SettledShop) -> None:
    await shop.pay(10_000, currency="jpy")
    await shop.pay(10_000, currency="eur")
    shop.clock.at = CUTOFF

    batches = await shop.settle(DAY)

    assert [(batch.currency, batch.state) for batch in batches] == [("EUR", "delivered"), ("JPY", "delivered")]
    found = [read_csv(path.read_bytes()) for path in sorted(shop.folder.iterdir())]
    assert [(payout.currency, payout.amount) for (payout,) in found] == [
        (batch.currency, batch.payout_amount) for batch in batches
    ]
    assert {(payout.routing_number, payout.account) for (payout,) in found} == {
        (BANK_ACCOUNT.bank_routing_number, BANK_ACCOUNT.bank_account_number)
    }


async def test_days_are_settled_in_order(shop: SettledShop) -> None:
    await shop.pay(10_000)
    shop.clock.at = CUTOFF
    await shop.settle(DAY)

    with pytest.raises(BatchOrderError):
        await shop.settle(DAY - timedelta(days=1))
    with pytest.raises(DayNotBegunError):
        await shop.settle(DAY + timedelta(days=2))


@pytest.mark.parametrize("is_committed", [False, True])
@pytest.mark.parametrize("crash_at", range(1, 9))
async def test_after_a_crash_at_any_step_the_rest_is_done_once(
    shop: SettledShop, *, crash_at: int, is_committed: bool
) -> None:
    await shop.pay(10_000)
    await shop.pay(2_000)
    shop.clock.at = CUTOFF
    crashing: Any = CrashingDatabase(shop.database, at=crash_at, is_committed=is_committed)
    has_crashed = False
    try:
        await shop.settle(DAY, database=crashing)
    except CrashError:
        has_crashed = True

    (batch,) = await shop.settle(DAY)

    assert has_crashed == (crash_at <= 7)
    payout = net_of(10_000) + net_of(2_000)
    assert (batch.state, batch.payout_amount) == ("delivered", payout)
    assert [each.amount for each in await shop.payouts()] == [payout]
    assert (await shop.balance("merchant_available"), await shop.balance("payout_in_flight")) == (0, payout)
    assert total_of(shop.read_file().batches[0].entries).credits == payout


async def test_a_batch_that_was_left_unpaid_is_paid_before_the_next_one_is_computed(shop: SettledShop) -> None:
    await shop.pay(10_000)
    shop.clock.at = CUTOFF
    # It dies before the batch is posted, and nobody goes on until the next day.
    crashing: Any = CrashingDatabase(shop.database, at=4, is_committed=True)
    with pytest.raises(CrashError):
        await shop.settle(DAY, database=crashing)
    assert await shop.payouts() == []
    await shop.pay(2_000)
    shop.clock.at += timedelta(days=1)

    (batch,) = await shop.settle(DAY + timedelta(days=1))

    assert (batch.opening_amount, batch.payout_amount) == (0, net_of(2_000))
    assert [each.amount for each in await shop.payouts()] == [net_of(2_000), net_of(10_000)]
    assert await shop.balance("merchant_available") == 0


async def test_a_batch_of_another_organisation_is_not_found(shop: SettledShop, tmp_path: Path) -> None:
    await shop.pay(10_000)
    shop.clock.at = CUTOFF
    (batch,) = await shop.settle(DAY)
    other = await open_settled_shop(shop.database, tmp_path, name="Other")

    async with shop.database.connection() as connection:
        with pytest.raises(Exception, match="There is no batch"):
            await get_batch(connection, organisation_id=other.organisation_id, batch_id=batch.batch_id)
