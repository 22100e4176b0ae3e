"""A worker is killed in the middle of a settlement: another one goes on, with the same batch and the same bytes."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.settlement import Batch
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.settlement_jobs import enqueue_settlement
from ninefold.systems.payments.service.settling import list_batches, recompute_content
from payments_settlement import SettledShop, open_settled_shop
from worker_processes import running_worker

PAID_BEFORE: Final = timedelta(days=10)
"""Long enough for a banking day to have ended since."""

WITHIN_S: Final = 90.0

# Whoever records that a file is delivered waits for an advisory lock: the file is in its folder already.
_STOP_DELIVERIES = """
    CREATE FUNCTION wait_for_lock() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END';
    CREATE TRIGGER wait_for_lock BEFORE UPDATE ON payments.bank_file
        FOR EACH ROW EXECUTE FUNCTION wait_for_lock();
"""
_STOPPED = """
    SELECT count(*)
    FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'advisory' AND query LIKE '%bank_file%'
"""


async def test_a_settlement_goes_on_with_the_same_bytes_after_its_worker_was_killed(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    shop = await open_settled_shop(database, tmp_path)
    shop.clock.at = datetime.now(UTC) - PAID_BEFORE
    for amount in (10_000, 2_000, 350):
        await shop.pay(amount)
    async with database.transaction() as connection:
        await connection.execute(_STOP_DELIVERIES)
        await enqueue_settlement(connection, shop.merchant, day=None, at=datetime.now(UTC))
    settings = {"NINEFOLD_PAYMENTS_BANK_FILES_FOLDER": str(tmp_path), "NINEFOLD_DATA_DIR": str(tmp_path / "data")}

    async with asyncio.timeout(WITHIN_S), running_worker(database_url, settings) as killed:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(1)")
            await wait_until_stopped(database)
            (path,) = shop.folder.iterdir()
            delivered = path.read_bytes()
            (interrupted,) = await batches_of(shop)
            killed.kill()
            await killed.wait()
        async with running_worker(database_url, settings):
            resumed = await wait_until_delivered(shop)

    assert interrupted.state == "file_written"
    assert (resumed.batch_id, resumed.digest) == (interrupted.batch_id, interrupted.digest)
    assert [file.read_bytes() for file in shop.folder.iterdir()] == [delivered]
    assert [payout.amount for payout in await shop.payouts()] == [resumed.payout_amount]
    assert await shop.balance("payout_in_flight") == resumed.payout_amount
    async with database.connection() as connection:
        await recompute_content(connection, resumed)
    assert (await audit_ledger(database, organisation_id=shop.organisation_id)).faults == []


async def batches_of(shop: SettledShop) -> list[Batch]:
    async with shop.database.connection() as connection:
        return await list_batches(connection, organisation_id=shop.organisation_id, limit=10)


async def wait_until_stopped(database: Database) -> None:
    """Wait until a worker has written the file, and is about to record that."""
    async with database.connection() as connection:
        while not await connection.fetchval(_STOPPED):
            await asyncio.sleep(0.05)


async def wait_until_delivered(shop: SettledShop) -> Batch:
    """Wait until the only batch is delivered; return it."""
    while True:
        (batch,) = await batches_of(shop)
        if batch.state == "delivered":
            return batch
        await asyncio.sleep(0.1)
