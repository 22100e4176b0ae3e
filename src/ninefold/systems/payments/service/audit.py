"""The audit of an organisation's ledger: everything that must be true of it, computed again from the journal."""

from collections import Counter
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.model.ledger import ACCOUNT_PREFIX, ComparedAccount, JournalBlock
from ninefold.systems.payments.rules.journal import GENESIS, hash_block
from ninefold.systems.payments.rules.transfers import HELD_LEG
from ninefold.systems.payments.store import ledger as store

BLOCKS_AT_ONCE: Final = 50
FAULTS_MAX: Final = 100
"""Those beyond are counted."""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit has found."""

    transfers: int
    """Transfers in sealed blocks, which were all hashed again."""
    unsealed: int
    """The newest transfers, which no block has yet."""
    accounts: int
    blocks: int
    last_hash: str | None
    """The hash of the newest block, which stands for the whole journal up to it."""
    balances: dict[str, int]
    """Of each currency, the sum of all debits, which is that of all credits."""
    faults: list[str]
    fault_count: int

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault_count == 0


class _Findings:
    """Collects faults."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.count = 0

    def add(self, fault: str) -> None:
        self.count += 1
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(fault)


async def audit_ledger(
    database: Database, *, organisation_id: UUID, on_block: Callable[[int], None] = lambda _: None
) -> Audit:
    """Verify the ledger of an organisation.

    It checks that debits equal credits, that each balance is what the journal says, that no account is overdrawn that
    mustn't be, that everything pending is open or resolved once, that each capture has its transfer, and that the chain
    of blocks is whole.

    Args:
        database: the balances are read in one snapshot, the blocks afterwards: they never change.
        organisation_id: whose ledger it is.
        on_block: is told how many transfers were hashed.
    """
    findings = _Findings()
    async with database.snapshot() as connection:
        accounts = await store.account_compare(connection, organisation_id=organisation_id)
        await _check_holds(connection, organisation_id, findings)
    balances = _check_accounts(accounts, findings)
    last, hashed, blocks = None, 0, 0
    while True:
        async with database.snapshot() as connection:
            found = await store.journal_block_list(
                connection, organisation_id=organisation_id, after=blocks, limit=BLOCKS_AT_ONCE
            )
            for block in found:
                await _check_block(connection, block, last, findings)
                last, hashed, blocks = block, hashed + block.transfer_count, block.number
        on_block(hashed)
        if len(found) < BLOCKS_AT_ONCE:
            break
    return Audit(
        transfers=hashed,
        unsealed=await _count_unsealed(database, organisation_id, last),
        accounts=len(accounts),
        blocks=blocks,
        last_hash=None if last is None else last.hash.hex(),
        balances=balances,
        faults=findings.faults,
        fault_count=findings.count,
    )


def _check_accounts(accounts: list[ComparedAccount], findings: _Findings) -> dict[str, int]:
    debits: Counter[str] = Counter()
    credits_: Counter[str] = Counter()
    for account in accounts:
        name = format_id(ACCOUNT_PREFIX, account.account_id)
        if not account.is_right:
            findings.add(f"{name} ({account.kind}, {account.currency}) has other balances than the journal says.")
        if account.is_overdrawn:
            findings.add(f"{name} ({account.kind}, {account.currency}) is overdrawn.")
        debits[account.currency] += account.posted_debits
        credits_[account.currency] += account.posted_credits
    for currency in sorted(debits):
        if debits[currency] != credits_[currency]:
            findings.add(f"The debits in {currency} are {debits[currency]}, and the credits {credits_[currency]}.")
    return dict(debits)


async def _check_holds(connection: Connection, organisation_id: UUID, findings: _Findings) -> None:
    holds = await store.transfer_count_wrong_holds(connection, organisation_id=organisation_id)
    if holds:
        findings.add(f"{holds} pending transfers are neither open nor resolved once.")
    captures = await store.transfer_count_wrong_captures(connection, organisation_id=organisation_id, held_leg=HELD_LEG)
    if captures:
        findings.add(f"{captures} captured charges have another amount in the journal.")


async def _check_block(
    connection: Connection, block: JournalBlock, last: JournalBlock | None, findings: _Findings
) -> None:
    """Hash a block again, with all transfers from the end of the block before."""
    expected = (1, 0, GENESIS) if last is None else (last.number + 1, last.last_sequence, last.hash)
    number, after, previous_hash = expected
    entries = await store.transfer_list_in_order(
        connection,
        organisation_id=block.organisation_id,
        after=after,
        until=block.last_sequence,
        limit=block.transfer_count + 1,
    )
    if block.number != number or block.previous_hash != previous_hash:
        findings.add(f"Block {block.number} doesn't follow the block before it.")
    if len(entries) != block.transfer_count or hash_block(block.previous_hash, entries) != block.hash:
        findings.add(f"Block {block.number} has other transfers than when it was sealed.")


async def _count_unsealed(database: Database, organisation_id: UUID, last: JournalBlock | None) -> int:
    async with database.connection() as connection:
        return await store.transfer_count_after(
            connection, organisation_id=organisation_id, after=0 if last is None else last.last_sequence
        )
