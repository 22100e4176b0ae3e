"""Bank files: payouts are written to files, and these are delivered to a folder."""

import asyncio
import os
from collections.abc import Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.errors import BankFileNotFoundError
from ninefold.systems.payments.files.nacha import trace_number
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.settlement import BANK_FILE_PREFIX, BankFile, BankFileFormat, Payout
from ninefold.systems.payments.rules.bank_entries import (
    Originator,
    content_digest,
    csv_content,
    file_name,
    nacha_content,
)
from ninefold.systems.payments.service.events import record_payout_event
from ninefold.systems.payments.service.settlement_changes import announce
from ninefold.systems.payments.store import settlement as store
from ninefold.systems.payments.store.merchants import merchant_find

ENTRIES_MAX: Final = 9_000
"""Payouts of one file: banks take files of up to 10,000 lines."""
FILES_AT_ONCE: Final = 100


async def write_files(
    connection: Connection, *, organisation_id: UUID, originator: Originator, at: datetime
) -> list[BankFile]:
    """Write the payouts that are in no file yet to files, one for each currency and format; call it in a transaction.

    Raises:
        BankFileError: what a merchant has said about its bank account can't be written.
    """
    await store.bank_file_lock(connection, organisation_id=organisation_id)
    payouts = await store.payout_lock_to_file(connection, organisation_id=organisation_id, limit=ENTRIES_MAX)
    files = []
    for (currency, method), group in groupby(payouts, key=lambda payout: (payout.currency, payout.method)):
        found = list(group)
        files.append(
            await _write_file(connection, found, currency=currency, method=method, originator=originator, at=at)
        )
    return files


async def deliver_files(database: Database, *, organisation_id: UUID, folder: Path, at: datetime) -> None:
    """Deliver the files of an organisation that weren't delivered yet: each appears whole, under its name.

    A file that was delivered before a crash is written again, with the same bytes.
    """
    async with database.connection() as connection:
        files = await store.bank_file_list_undelivered(connection, organisation_id=organisation_id, limit=FILES_AT_ONCE)
    for file in files:
        async with database.connection() as connection:
            content = await store.bank_file_read_content(connection, bank_file_id=file.bank_file_id)
        path = folder / format_id("org", organisation_id) / file.name
        await asyncio.to_thread(_write_whole, path, content)
        async with database.transaction() as connection:
            await _record_delivery(connection, file, at=at)


async def get_file(connection: Connection, *, organisation_id: UUID, bank_file_id: UUID) -> BankFile:
    """Return a bank file.

    Raises:
        BankFileNotFoundError: the organisation has no such file.
    """
    file = await store.bank_file_find(connection, organisation_id=organisation_id, bank_file_id=bank_file_id)
    if file is None:
        raise BankFileNotFoundError(
            f"There is no bank file {format_id(BANK_FILE_PREFIX, bank_file_id)}.", remedy="List the bank files."
        )
    return file


async def read_content(connection: Connection, file: BankFile) -> bytes:
    """Return the bytes of a bank file."""
    return await store.bank_file_read_content(connection, bank_file_id=file.bank_file_id)


async def list_files(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[BankFile]:
    """Return bank files of an organisation, newest first."""
    return await store.bank_file_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def _write_file(
    connection: Connection,
    payouts: Sequence[Payout],
    *,
    currency: str,
    method: BankFileFormat,
    originator: Originator,
    at: datetime,
) -> BankFile:
    organisation_id = payouts[0].organisation_id
    merchants = await _read_merchants(connection, payouts)
    batches = [
        await store.batch_find(connection, organisation_id=organisation_id, batch_id=payout.batch_id)
        for payout in payouts
    ]
    day: date = max(batch.day for batch in batches if batch is not None)
    number = 1 + await store.bank_file_count_of_day(connection, organisation_id=organisation_id, day=day)
    traces: dict[UUID, str | None] = {payout.payout_id: None for payout in payouts}
    if method == "nacha":
        numbered = await _take_trace_numbers(connection, payouts, bank=originator.bank)
        content = nacha_content(payouts, merchants, originator=originator, trace_numbers=numbered, number=number, at=at)
        traces.update(numbered)
    else:
        content = csv_content(payouts, merchants)
    file = BankFile(
        bank_file_id=new_id(),
        organisation_id=organisation_id,
        name=file_name(day, number, method),
        format=method,
        currency=currency,
        day=day,
        number=number,
        arrival_date=min(payout.arrival_date for payout in payouts),
        entry_count=len(payouts),
        total=sum(payout.amount for payout in payouts),
        sha256=content_digest(content),
        state="written",
        created_at=at,
        delivered_at=None,
    )
    await store.bank_file_insert(connection, file, content=content)
    await store.payout_update_filed(connection, bank_file_id=file.bank_file_id, trace_numbers=traces)
    await store.batch_update_file_written(
        connection, batch_ids=[payout.batch_id for payout in payouts], bank_file_id=file.bank_file_id, at=at
    )
    for batch in batches:
        if batch is not None:
            await announce(connection, batch)
    return file


async def _take_trace_numbers(connection: Connection, payouts: Sequence[Payout], *, bank: str) -> dict[UUID, str]:
    last = await store.ach_trace_take(connection, bank=bank, count=len(payouts))
    first = last - len(payouts) + 1
    ordered = sorted(payouts, key=lambda payout: (payout.arrival_date, payout.payout_id))
    return {payout.payout_id: trace_number(bank, first + position) for position, payout in enumerate(ordered)}


async def _read_merchants(connection: Connection, payouts: Sequence[Payout]) -> dict[UUID, Merchant]:
    merchants = {}
    for merchant_id in {payout.merchant_id for payout in payouts}:
        merchant = await merchant_find(connection, organisation_id=payouts[0].organisation_id, merchant_id=merchant_id)
        assert merchant is not None, "a payout has a merchant"
        merchants[merchant_id] = merchant
    return merchants


async def _record_delivery(connection: Connection, file: BankFile, *, at: datetime) -> None:
    await store.bank_file_update_delivered(connection, bank_file_id=file.bank_file_id, at=at)
    await store.payout_update_in_transit(connection, bank_file_id=file.bank_file_id, at=at)
    for payout in await store.payout_list_of_bank_file(connection, bank_file_id=file.bank_file_id):
        await record_payout_event(connection, "payout.updated", payout, at=at)
    await store.batch_update_delivered(connection, bank_file_id=file.bank_file_id, at=at)
    for batch in await store.batch_list_of_bank_file(connection, bank_file_id=file.bank_file_id):
        await announce(connection, batch)


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power failure."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.partial")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode=0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
