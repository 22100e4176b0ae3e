"""Seals the journal: the transfers of each organisation become blocks, each with the hash of the one before.

The blocks are made afterwards, so that posting needs no lock for the whole journal. A sequence is taken before its
transaction commits, so a higher one can be visible first. Therefore a block ends where the journal was at a moment, and
is made when every transaction of that moment has ended.
"""

import asyncio
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.ledger import JournalBlock
from ninefold.systems.payments.rules.journal import GENESIS, hash_block
from ninefold.systems.payments.store import ledger as store

TRANSFERS_MAX: Final = 1_000
"""Of one block."""

WAIT_S: Final = 0.05
WAITS_MAX: Final = 200
"""How often it is looked whether the transactions of a moment have ended; if they haven't, the next run seals."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """How much was sealed."""

    blocks: int
    transfers: int


async def seal_journal(database: Database, *, at: datetime) -> Sealed:
    """Seal what isn't sealed yet, of all organisations."""
    until = await _settled_position(database)
    blocks = transfers = 0
    if until is not None:
        async with database.connection() as connection:
            organisations = await store.account_list_organisations(connection)
        for organisation_id in organisations:
            while (count := await _seal_block(database, organisation_id, until=until, at=at)) > 0:
                blocks += 1
                transfers += count
    return Sealed(blocks=blocks, transfers=transfers)


async def _settled_position(database: Database) -> int | None:
    """Return a sequence up to which no transfer can appear any more; None if transactions take too long."""
    async with database.connection() as connection:
        last_sequence, transaction = await store.transfer_find_position(connection)
        for _ in range(WAITS_MAX):
            if await store.transfer_is_settled(connection, transaction=transaction):
                return last_sequence
            await asyncio.sleep(WAIT_S)
    return None


async def _seal_block(database: Database, organisation_id: UUID, *, until: int, at: datetime) -> int:
    """Seal the next block of an organisation; return how many transfers it has."""
    async with database.transaction() as connection:
        await store.journal_block_lock_organisation(connection, organisation_id=organisation_id)
        last = await store.journal_block_find_last(connection, organisation_id=organisation_id)
        entries = await store.transfer_list_in_order(
            connection,
            organisation_id=organisation_id,
            after=0 if last is None else last.last_sequence,
            until=until,
            limit=TRANSFERS_MAX,
        )
        if not entries:
            return 0
        previous_hash = GENESIS if last is None else last.hash
        await store.journal_block_insert(
            connection,
            JournalBlock(
                organisation_id=organisation_id,
                number=1 if last is None else last.number + 1,
                first_sequence=entries[0].sequence,
                last_sequence=entries[-1].sequence,
                transfer_count=len(entries),
                previous_hash=previous_hash,
                hash=hash_block(previous_hash, entries),
                sealed_at=at,
            ),
        )
    return len(entries)
