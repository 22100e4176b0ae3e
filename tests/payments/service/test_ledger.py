"""The ledger: what it posts, what the database refuses, how it is sealed, and what the audit finds."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from string import ascii_uppercase
from uuid import UUID

import asyncpg
import msgspec
import pytest

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.errors import BalanceTooLowError, HoldResolvedError, JournalError
from ninefold.systems.payments.model.ledger import AccountKey, Cause, Transfer, new_transfer
from ninefold.systems.payments.model.merchants import MerchantChanges
from ninefold.systems.payments.service.audit import Audit, audit_ledger
from ninefold.systems.payments.service.ledger import post, read_balance
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.service.sealing import seal_journal

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Books:
    """An organisation with a merchant, and its accounts."""

    def __init__(self, database: Database, organisation_id: UUID, merchant_id: UUID) -> None:
        self.database = database
        self.organisation_id = organisation_id
        self.receivable = AccountKey(organisation_id, None, "processor_receivable", "USD")
        self.euros = AccountKey(organisation_id, None, "processor_receivable", "EUR")
        self.pending = AccountKey(organisation_id, merchant_id, "merchant_pending", "USD")
        self.held = AccountKey(organisation_id, merchant_id, "merchant_held", "USD")
        self.available = AccountKey(organisation_id, merchant_id, "merchant_available", "USD")

    def accounts_with_the_last_id_below_that_of_the_one_before(self) -> Sequence[AccountKey]:
        """Return accounts like `receivable`, `held` and `available`, in a currency with which their ids are so."""
        for letter in ascii_uppercase:
            keys = [
                msgspec.structs.replace(key, currency=f"XX{letter}")
                for key in (self.receivable, self.held, self.available)
            ]
            if keys[2].account_id < keys[1].account_id:
                return keys
        raise AssertionError("there is no such currency")

    async def post(self, *transfers: Transfer) -> int:
        async with self.database.transaction() as connection:
            return await post(connection, transfers, at=NOW)

    async def balance(self, key: AccountKey) -> tuple[int, int]:
        async with self.database.connection() as connection:
            account = await read_balance(connection, key)
        return account.balance, account.pending

    async def audit(self) -> Audit:
        return await audit_ledger(self.database, organisation_id=self.organisation_id)

    def capture(self, amount: int = 100, *, cause: Cause | None = None) -> Transfer:
        cause = cause or Cause("test", new_id())
        return new_transfer(cause, leg=0, debit=self.receivable, credit=self.held, amount=amount)

    def hold(self, amount: int = 100) -> Transfer:
        cause = Cause("test_hold", new_id())
        return new_transfer(cause, leg=0, debit=self.receivable, credit=self.pending, amount=amount, kind="pending")

    def resolve(self, hold: Transfer, kind: str = "posts", amount: int | None = None) -> Transfer:
        return new_transfer(
            Cause("test_resolve", new_id()),
            leg=0,
            debit=hold.debit,
            credit=hold.credit,
            amount=hold.amount if amount is None else amount,
            kind=kind,
            pending_id=hold.transfer_id,
            pending_amount=hold.amount,
        )


DOUBLED_POSTING = """
    INSERT INTO payments.transfer (
        transfer_id, organisation_id, kind, debit_account_id, credit_account_id, amount, currency, cause_type, cause_id,
        at
    )
    SELECT
        gen_random_uuid(), organisation_id, kind, debit_account_id, credit_account_id, amount, currency, cause_type,
        gen_random_uuid(), at
    FROM payments.transfer
    WHERE kind = 'posted'
"""


@pytest.fixture
async def books(database: Database) -> Books:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="acme")
        created = await create_merchant(
            connection,
            organisation_id=organisation.organisation_id,
            name="Bakery",
            changes=MerchantChanges(),
            at=NOW,
        )
    return Books(database, organisation.organisation_id, created.merchant.merchant_id)


async def test_a_transfer_moves_an_amount_once(books: Books) -> None:
    transfer = books.capture()

    assert await books.post(transfer) == 1
    assert await books.post(transfer) == 0
    assert await books.balance(books.receivable) == (100, 0)
    assert await books.balance(books.held) == (100, 0)


async def test_what_is_pending_is_posted_in_part_and_the_rest_released(books: Books) -> None:
    hold = books.hold()
    await books.post(hold)
    assert await books.balance(books.pending) == (0, 100)

    await books.post(books.resolve(hold, amount=60))

    assert await books.balance(books.pending) == (60, 0)


@pytest.mark.parametrize("kind", ["voids", "expires"])
async def test_what_is_pending_is_released(books: Books, kind: str) -> None:
    hold = books.hold()
    await books.post(hold)

    await books.post(books.resolve(hold, kind))

    assert await books.balance(books.pending) == (0, 0)


@pytest.mark.parametrize("kind", ["posts", "voids", "expires"])
async def test_what_is_pending_is_resolved_once(books: Books, kind: str) -> None:
    hold = books.hold()
    await books.post(hold)
    await books.post(books.resolve(hold))

    with pytest.raises(HoldResolvedError):
        await books.post(books.resolve(hold, kind))

    assert (await books.audit()).faults == []


async def test_two_at_once_resolve_it_once(books: Books) -> None:
    hold = books.hold()
    await books.post(hold)

    results = await asyncio.gather(*(books.post(books.resolve(hold)) for _ in range(5)), return_exceptions=True)

    assert sorted(map(str, results)).count("1") == 1
    assert sum(isinstance(each, HoldResolvedError) for each in results) == 4
    assert await books.balance(books.pending) == (100, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda books, hold: books.resolve(hold, amount=101),
        lambda books, hold: books.resolve(hold, "voids", amount=99),
        lambda books, _: books.resolve(books.hold()),
        lambda books, _: books.capture(0),
        lambda books, _: new_transfer(Cause("test", new_id()), leg=0, debit=books.held, credit=books.held, amount=1),
        lambda books, _: new_transfer(Cause("test", new_id()), leg=0, debit=books.euros, credit=books.held, amount=1),
    ],
    ids=["more than is pending", "voids a part", "resolves nothing", "zero", "to itself", "two currencies"],
)
async def test_the_journal_refuses_what_contradicts_it(
    books: Books, wrong: Callable[[Books, Transfer], Transfer]
) -> None:
    hold = books.hold()
    await books.post(hold)

    with pytest.raises(JournalError):
        await books.post(wrong(books, hold))


async def test_an_account_that_must_not_be_negative_never_is(books: Books) -> None:
    await books.post(books.capture(100))
    release = [
        new_transfer(Cause("test", new_id()), leg=0, debit=books.held, credit=books.available, amount=30)
        for _ in range(6)
    ]

    results = await asyncio.gather(*(books.post(each) for each in release), return_exceptions=True)

    assert [each for each in results if not isinstance(each, int | BalanceTooLowError)] == []
    assert sum(isinstance(each, BalanceTooLowError) for each in results) == 3
    assert await books.balance(books.held) == (10, 0)
    assert await books.balance(books.available) == (90, 0)


async def test_a_transfer_that_does_not_see_a_new_account_yet_and_one_that_does_end_both(books: Books) -> None:
    receivable, held, available = books.accounts_with_the_last_id_below_that_of_the_one_before()
    await books.post(new_transfer(Cause("test", new_id()), leg=0, debit=receivable, credit=held, amount=100))

    async with asyncio.TaskGroup() as group, books.database.transaction() as locking:
        await locking.execute("SELECT 1 FROM payments.account WHERE account_id = $1 FOR UPDATE", held.account_id)
        # The second creates the account while the first waits; the third sees it, and locks it before the other one.
        for debit in (held, receivable, held):
            transfer = new_transfer(Cause("test", new_id()), leg=0, debit=debit, credit=available, amount=30)
            group.create_task(books.post(transfer))
            await asyncio.sleep(0.2)

    assert (await books.balance(held), await books.balance(available)) == ((40, 0), (90, 0))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments.transfer SET amount = amount + 1",
        "DELETE FROM payments.transfer",
        "TRUNCATE payments.transfer CASCADE",
        "UPDATE payments.journal_block SET hash = previous_hash",
        "DELETE FROM payments.journal_block",
    ],
)
async def test_the_journal_is_append_only(books: Books, statement: str) -> None:
    await books.post(books.capture())
    await seal_journal(books.database, at=NOW)

    async with books.database.connection() as connection:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(statement)


async def test_sealing_takes_what_is_new_and_waits_for_who_is_slow(books: Books) -> None:
    await books.post(books.capture())
    assert (await seal_journal(books.database, at=NOW)).transfers == 1
    assert (await seal_journal(books.database, at=NOW)).transfers == 0
    async with books.database.transaction() as slow:
        await post(slow, [books.capture(7)], at=NOW)
        sealing = asyncio.create_task(seal_journal(books.database, at=NOW))
        await asyncio.sleep(0.2)
        assert not sealing.done(), "a transfer with a lower sequence could still appear"

    await sealing
    await seal_journal(books.database, at=NOW)

    found = await books.audit()
    assert (found.faults, found.blocks, found.transfers, found.unsealed) == ([], 2, 2, 0)


async def test_the_audit_counts_what_is_not_sealed_yet(books: Books) -> None:
    await books.post(books.capture())

    found = await books.audit()

    assert (found.faults, found.blocks, found.unsealed, found.last_hash) == ([], 0, 1, None)
    assert found.balances == {"USD": 100}


@pytest.mark.parametrize(
    ("tampering", "fault"),
    [
        ("UPDATE payments.transfer SET amount = amount + 1", "has other transfers than when it was sealed"),
        ("UPDATE payments.transfer SET cause_id = gen_random_uuid()", "has other transfers than when it was sealed"),
        ("DELETE FROM payments.transfer WHERE amount = 2", "has other transfers than when it was sealed"),
        ("DELETE FROM payments.journal_block WHERE number = 1", "doesn't follow the block before it"),
        (
            "UPDATE payments.account SET posted_debits = posted_debits + 1 WHERE merchant_id IS NULL",
            "has other balances than the journal says",
        ),
        ("DELETE FROM payments.open_hold", "are neither open nor resolved once"),
        ("UPDATE payments.journal_block SET hash = sha256('x')", "has other transfers than when it was sealed"),
        (DOUBLED_POSTING, "has other balances than the journal says"),
    ],
)
async def test_the_audit_finds_what_an_intruder_with_all_rights_has_changed(
    books: Books, tampering: str, fault: str
) -> None:
    await books.post(books.capture(1), books.capture(2), books.hold())
    await seal_journal(books.database, at=NOW)
    await books.post(books.capture(3))
    await seal_journal(books.database, at=NOW)
    assert (await books.audit()).faults == []

    async with books.database.transaction() as connection:
        for table in ("transfer", "journal_block"):
            await connection.execute(f"ALTER TABLE payments.{table} DISABLE TRIGGER USER")
        await connection.execute(tampering)

    assert any(fault in each for each in (await books.audit()).faults)
