"""Everything that can be done to the ledger, in any order, on PostgreSQL and on the model: both must always agree."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from ledger_model import LedgerModel, OverdrawnError, ResolvedError
from loop_threads import LoopThread
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.errors import BalanceTooLowError, HoldResolvedError, JournalError
from ninefold.systems.payments.model.ledger import (
    OF_ORGANISATION,
    AccountKey,
    AccountKind,
    Cause,
    Transfer,
    TransferKind,
    new_transfer,
)
from ninefold.systems.payments.model.merchants import MerchantChanges
from ninefold.systems.payments.service import ledger
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.service.sealing import seal_journal

AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
SHARED: tuple[AccountKind, ...] = ("processor_receivable", "fees", "bank")
OWN: tuple[AccountKind, ...] = ("merchant_pending", "merchant_held", "merchant_available", "payout_in_flight")
PLACES = [*product(SHARED, ["USD", "JPY"], [0]), *product(OWN, ["USD", "JPY"], [0, 1])]
places = st.sampled_from(PLACES)
amounts = st.integers(min_value=1, max_value=1_000)
resolutions: st.SearchStrategy[TransferKind] = st.sampled_from(["posts", "voids", "expires"])


class LedgerMachine(RuleBasedStateMachine):
    """Posts, reserves and resolves; repeats, overdraws and races."""

    holds: Bundle[Transfer] = Bundle("holds")
    resolved: Bundle[Transfer] = Bundle("resolved")
    posted: Bundle[list[Transfer]] = Bundle("posted")

    database: ClassVar[Database]
    loop: ClassVar[LoopThread]

    def __init__(self) -> None:
        super().__init__()
        self.model = LedgerModel()

    @initialize()
    def make_merchants(self) -> None:
        self.organisation_id, self.merchant_ids = self.loop.run(make_merchants(self.database))

    @rule(target=posted, moves=st.lists(st.tuples(places, places, amounts), min_size=1, max_size=4))
    def post(self, moves: list[tuple[Any, Any, int]]) -> Any:
        cause = Cause("test", new_id())
        transfers = [
            new_transfer(cause, leg=leg, debit=self.key(debit), credit=self.key(credit), amount=amount)
            for leg, (debit, credit, amount) in enumerate(moves)
            if debit != credit and debit[1] == credit[1]
        ]
        return transfers if transfers and self.post_to_both(transfers) else multiple()

    @rule(target=holds, debit=places, credit=places, amount=amounts, times_out=st.booleans())
    def reserve(self, debit: Any, credit: Any, amount: int, *, times_out: bool) -> Any:
        if debit == credit or debit[1] != credit[1]:
            return multiple()
        hold = new_transfer(
            Cause("hold", new_id()),
            leg=0,
            debit=self.key(debit),
            credit=self.key(credit),
            amount=amount,
            kind="pending",
            timeout_at=AT + timedelta(days=7) if times_out else None,
        )
        return hold if self.post_to_both([hold]) else multiple()

    @rule(target=resolved, hold=consumes(holds), kind=resolutions, part=st.floats(0.01, 1.0))
    def resolve(self, hold: Transfer, kind: TransferKind, part: float) -> Any:
        amount = max(1, int(hold.amount * part)) if kind == "posts" else hold.amount
        # What is posted can overdraw the account that it was reserved from only if it is none that has a limit.
        assert self.post_to_both([resolution(hold, kind, amount)])
        return hold

    @rule(hold=resolved, kind=resolutions)
    def resolve_again(self, hold: Transfer, kind: TransferKind) -> None:
        assert not self.post_to_both([resolution(hold, kind, hold.amount)])

    @rule(hold=holds, extra=amounts)
    def post_more_than_is_pending(self, hold: Transfer, extra: int) -> None:
        with pytest.raises(JournalError):
            self.loop.run(self.post_alone([resolution(hold, "posts", hold.amount + extra)]))

    @rule(target=resolved, hold=consumes(holds), kinds=st.lists(resolutions, min_size=2, max_size=4))
    def race(self, hold: Transfer, kinds: list[TransferKind]) -> Any:
        contenders = [resolution(hold, kind, hold.amount) for kind in kinds]
        outcomes = self.loop.run(self.post_at_once(contenders))
        [winner] = [
            each for each, outcome in zip(contenders, outcomes, strict=True) if not isinstance(outcome, Exception)
        ]
        assert {type(outcome) for outcome in outcomes} <= {int, HoldResolvedError}
        assert self.model.post([winner]) == 1
        return hold

    @rule(transfers=posted, other=amounts)
    def repeat(self, transfers: list[Transfer], other: int) -> None:
        assert self.model.post(transfers) == 0
        assert self.loop.run(self.post_alone(transfers)) == 0
        changed = [Transfer(**{**as_dict(transfers[0]), "amount": other})]
        assert self.loop.run(self.post_alone(changed)) == 0

    @rule(debit=places, credit=places, amount=amounts)
    def mix_currencies(self, debit: Any, credit: Any, amount: int) -> None:
        if debit[1] != credit[1]:
            keys = {"debit": self.key(debit), "credit": self.key(credit)}
            with pytest.raises(JournalError):
                self.loop.run(self.post_alone([new_transfer(Cause("mixed", new_id()), leg=0, amount=amount, **keys)]))

    @rule(statement=st.sampled_from(["UPDATE payments.transfer SET amount = 1", "DELETE FROM payments.transfer"]))
    def rewrite_the_journal(self, statement: str) -> None:
        with pytest.raises(asyncpg.RestrictViolationError):
            self.loop.run(self.execute(statement))

    @rule()
    def seal_and_audit(self) -> None:
        self.loop.run(seal_journal(self.database, at=AT))
        audit = self.loop.run(audit_ledger(self.database, organisation_id=self.organisation_id))
        assert audit.faults == []
        assert (audit.transfers, audit.unsealed) == (len(self.model.posted), 0)

    @invariant()
    def the_balances_are_those_of_the_model(self) -> None:
        if not hasattr(self, "organisation_id"):
            return
        found, open_ids = self.loop.run(self.read())
        expected = {key.account_id: each.as_tuple() for key, each in self.model.accounts.items()}
        # A transfer that is refused leaves no account either.
        assert found == expected
        assert open_ids == set(self.model.open)
        assert sum(each[0] for each in found.values()) == sum(each[1] for each in found.values())
        assert sum(each[2] for each in found.values()) == sum(each[3] for each in found.values())

    def teardown(self) -> None:
        if hasattr(self, "organisation_id"):
            self.seal_and_audit()

    def key(self, place: tuple[AccountKind, str, int]) -> AccountKey:
        kind, currency, number = place
        merchant_id = None if kind in OF_ORGANISATION else self.merchant_ids[number]
        return AccountKey(self.organisation_id, merchant_id, kind, currency)

    def post_to_both(self, transfers: list[Transfer]) -> bool:
        """Post to the model and to the ledger; return whether both have taken it."""
        try:
            expected = self.model.post(transfers)
        except (OverdrawnError, ResolvedError) as refused:
            error = BalanceTooLowError if isinstance(refused, OverdrawnError) else HoldResolvedError
            with pytest.raises(error):
                self.loop.run(self.post_alone(transfers))
            return False
        assert self.loop.run(self.post_alone(transfers)) == expected
        return True

    async def post_alone(self, transfers: list[Transfer]) -> int:
        async with self.database.transaction() as connection:
            return await ledger.post(connection, transfers, at=AT)

    async def post_at_once(self, contenders: list[Transfer]) -> list[int | BaseException]:
        return await asyncio.gather(*[self.post_alone([each]) for each in contenders], return_exceptions=True)

    async def execute(self, statement: str) -> None:
        async with self.database.transaction() as connection:
            await connection.execute(statement)

    async def read(self) -> tuple[dict[UUID, tuple[int, ...]], set[UUID]]:
        async with self.database.connection() as connection:
            accounts = await connection.fetch(
                """
                SELECT account_id, posted_debits, posted_credits, pending_debits, pending_credits
                FROM payments.account WHERE organisation_id = $1
                """,
                self.organisation_id,
            )
            holds = await connection.fetch(
                """
                SELECT open_hold.pending_id FROM payments.open_hold
                JOIN payments.transfer ON transfer_id = open_hold.pending_id WHERE organisation_id = $1
                """,
                self.organisation_id,
            )
        return {row[0]: tuple(row)[1:] for row in accounts}, {row[0] for row in holds}


def test_the_ledger_always_agrees_with_its_model(database_url: str) -> None:
    with LoopThread() as thread:
        pool = thread.run(Database.connect(database_url, application_name="ninefold-test"))

        class Machine(LedgerMachine):
            database = pool
            loop = thread

        try:
            run_state_machine_as_test(Machine, settings=settings(max_examples=20, stateful_step_count=30))
        finally:
            thread.run(pool.close())


def resolution(hold: Transfer, kind: TransferKind, amount: int) -> Transfer:
    return new_transfer(
        Cause("resolve", new_id()),
        leg=0,
        debit=hold.debit,
        credit=hold.credit,
        amount=amount,
        kind=kind,
        pending_id=hold.transfer_id,
        pending_amount=hold.amount,
    )


async def make_merchants(database: Database) -> tuple[UUID, list[UUID]]:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="ledger")
        merchants = [
            await create_merchant(
                connection, organisation_id=organisation.organisation_id, name=name, changes=MerchantChanges(), at=AT
            )
            for name in ("Bakery", "Florist")
        ]
    return organisation.organisation_id, [each.merchant.merchant_id for each in merchants]


def as_dict(transfer: Transfer) -> dict[str, Any]:
    return {name: getattr(transfer, name) for name in transfer.__struct_fields__}
