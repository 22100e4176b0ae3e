"""Whatever a merchant and its bank do in a week: lines, payout, ledger, file and bank line have the same sums."""

import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.files.nacha import read_nacha
from ninefold.systems.payments.files.nacha.model import total_of
from ninefold.systems.payments.model.payments import Charge
from ninefold.systems.payments.model.settlement import Batch
from ninefold.systems.payments.service.settling import list_batch_lines, recompute_content
from payments_settlement import Line, SettledShop, open_settled_shop, with_bank_account

MONDAY = date(2026, 11, 16)


@pytest.mark.parametrize("seed", range(3))
async def test_all_sums_of_a_week_agree(database: Database, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    changes = with_bank_account(
        hold_days=chance.choice([0, 1]), reserve_bps=chance.choice([0, 500]), reserve_days=2, payout_minimum=2_000
    )
    shop = await open_settled_shop(database, tmp_path, changes=changes)
    charges: list[Charge] = []
    batches: list[Batch] = []
    for days in range(5):
        day = MONDAY + timedelta(days=days)
        shop.clock.at = datetime.combine(day, time(15), UTC)
        charges += [await shop.pay(chance.randint(50, 90_000)) for _ in range(chance.randint(0, 4))]
        for charge in chance.sample(charges, min(2, len(charges))):
            await shop.refund(charge, chance.randint(1, 10))
        shop.clock.at = datetime.combine(day, time(22), UTC)
        batches += await shop.settle(day)
        await the_bank_answers(shop, chance)

    assert await shop.breaks() == []
    for batch in batches:
        await check_batch(shop, batch)
    paid_out = sum(payout.amount for payout in await shop.payouts() if payout.state == "paid")
    assert -await shop.balance("bank") == paid_out
    assert await shop.balance("suspense") == 0
    assert await shop.balance("merchant_available") == (batches[-1].carried_amount if batches else 0) + sum(
        payout.amount
        for payout in await shop.payouts()
        if payout.state == "failed" and payout.failed_at == shop.clock.at
    )
    files = [read_nacha(path.read_bytes()) for path in shop.folder.iterdir()] if shop.folder.exists() else []
    entries = [entry for file in files for batch_of_file in file.batches for entry in batch_of_file.entries]
    assert total_of(entries).credits == sum(batch.payout_amount for batch in batches)
    assert len({entry.trace_number for entry in entries}) == len(entries)


async def the_bank_answers(shop: SettledShop, chance: random.Random) -> None:
    """Pay each payout in transit, or return it before or after that."""
    for payout in await shop.payouts():
        if payout.state != "in_transit":
            continue
        lines = [Line(-payout.amount, payout.reference)]
        if chance.random() < 0.3:
            lines.append(Line(payout.amount, payout.reference, reason="R03"))
            chance.shuffle(lines)
        for line in lines:
            await shop.import_lines(line)


async def check_batch(shop: SettledShop, batch: Batch) -> None:
    """Check that a batch follows from the journal, and adds up."""
    async with shop.database.connection() as connection:
        await recompute_content(connection, batch)
        lines = await list_batch_lines(connection, batch, after=None, limit=1_000)
    assert batch.opening_amount + sum(line.net for line in lines) == batch.net_amount
    assert batch.payout_amount == 0 or batch.payout_amount >= 2_000
