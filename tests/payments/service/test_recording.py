"""Outcomes that come at the same time share a transaction, and none fails or waits because of another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ninefold.core.clock import SystemClock
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.model.ledger import AccountKey
from ninefold.systems.payments.model.outcomes import Approved, Declined
from ninefold.systems.payments.model.payments import Attempt, NewIntent
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.rules.beginnings import begin_authorisation
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.ledger import read_balance
from ninefold.systems.payments.service.recording import NewOutcome, OutcomeRecorder
from ninefold.systems.payments.service.steps import Done, Evidence, load_step, store_change
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store.payments import attempt_find_by_id, intent_lock
from payments_api import AMOUNT, DirectSimulator, Till, open_till


class CountingDatabase(Database):
    """Counts transactions, and stops each before it begins until it may go on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._pool)
        self.transactions = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        await self.may_go_on.wait()
        self.transactions += 1
        async with super().transaction() as connection:
            yield connection


class ProcessDiedError(BaseException):
    """Nothing in memory is left."""


@pytest.fixture
async def counted(database: Database) -> CountingDatabase:
    return CountingDatabase(database)


@pytest.fixture
async def shop(counted: CountingDatabase, tmp_path: Path) -> Till:
    """A merchant's payments through the counting database."""
    opened = await open_till(counted, tmp_path, PaymentsSettings())
    flow = PaymentFlow(counted, Processors({"simulator": DirectSimulator()}), PaymentsSettings(), SystemClock())
    return opened._replace(flow=flow)


@pytest.fixture
def recorder(counted: CountingDatabase, shop: Till) -> OutcomeRecorder:
    return OutcomeRecorder(counted, SystemClock(), shop.flow.limits)


async def begin(till: Till, count: int) -> list[NewOutcome]:
    """Begin payments as if their processor were called now; return that it has captured them."""
    return [NewOutcome(attempt, Approved(reference="sim_1", is_captured=True)) for attempt in await intend(till, count)]


async def intend(till: Till, count: int) -> list[Attempt]:
    attempts = []
    for _ in range(count):
        new = NewIntent(amount=AMOUNT, currency="usd")
        created = await till.flow.create(till.merchant, new, payment_method="pm_card_visa")
        async with till.database.transaction() as connection:
            step = await load_step(
                connection, created.intent.intent_id, at=SystemClock().now(), limits=till.flow.limits
            )
            done = await store_change(connection, step, begin_authorisation(step, attempt_id=new_id()))
        assert done.attempt is not None
        attempts.append(done.attempt)
    return attempts


async def state_of(till: Till, new: NewOutcome) -> str:
    async with till.database.connection() as connection:
        found = await attempt_find_by_id(connection, attempt_id=new.attempt.attempt_id)
    assert found is not None
    return found.state


async def assert_captured(till: Till, count: int) -> None:
    """Assert that so many payments are in the ledger, and that the audit finds nothing."""
    key = AccountKey(till.merchant.organisation_id, None, "processor_receivable", "USD")
    async with till.database.connection() as connection:
        assert (await read_balance(connection, key)).balance == count * AMOUNT
    assert (await audit_ledger(till.database, organisation_id=till.merchant.organisation_id)).faults == []


async def test_outcomes_that_come_during_a_transaction_share_the_next_one(
    counted: CountingDatabase, shop: Till, recorder: OutcomeRecorder
) -> None:
    outcomes = await begin(shop, 10)
    counted.may_go_on.clear()
    counted.transactions = 0

    async with asyncio.TaskGroup() as group:
        first = group.create_task(recorder.record(outcomes[0]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = [group.create_task(recorder.record(each)) for each in outcomes[1:]]
        counted.may_go_on.set()

    assert counted.transactions == 2
    done = [task.result() for task in (first, *others)]
    assert [each.attempt.attempt_id for each in done if each.attempt] == [each.attempt.attempt_id for each in outcomes]
    assert {each.intent.state for each in done} == {"succeeded"}
    await assert_captured(shop, 10)


async def test_one_that_fails_fails_alone(shop: Till, recorder: OutcomeRecorder) -> None:
    outcomes = await begin(shop, 5)

    async def refuse(connection: Connection, _: Done) -> None:
        await connection.execute("SELECT 1 / 0")

    records = [recorder.record(each, ended=refuse if number == 2 else None) for number, each in enumerate(outcomes)]
    results = await asyncio.gather(*records, return_exceptions=True)

    assert [type(each).__name__ for each in results] == ["Done", "Done", "DivisionByZeroError", "Done", "Done"]
    assert [await state_of(shop, each) for each in outcomes] == [
        *("succeeded", "succeeded", "intended", "succeeded", "succeeded")
    ]
    await assert_captured(shop, 4)


async def test_each_is_answered_with_its_own_outcome(shop: Till, recorder: OutcomeRecorder) -> None:
    captured, refused = await begin(shop, 2)
    declined = Declined(code="card_declined", message="The card was declined.")
    told: list[str] = []

    async def tell(_: Connection, done: Done) -> None:
        told.append(done.intent.state)

    first, second = await asyncio.gather(
        recorder.record(captured, ended=tell), recorder.record(NewOutcome(refused.attempt, declined), ended=tell)
    )

    assert (first.intent.state, second.intent.state) == ("succeeded", "requires_payment_method")
    assert told == ["succeeded", "requires_payment_method"]
    await assert_captured(shop, 1)


async def test_the_answer_and_the_webhook_of_a_call_are_recorded_once(shop: Till, recorder: OutcomeRecorder) -> None:
    answer, other = await begin(shop, 2)
    webhook = answer._replace(evidence=Evidence(kind="webhook", text="evt_1"))

    done = await asyncio.gather(*[recorder.record(each) for each in (answer, webhook, other, webhook)])

    assert [each.intent.state for each in done] == ["succeeded"] * 4
    assert done[0].intent.version == done[1].intent.version == done[3].intent.version
    await assert_captured(shop, 2)


async def test_a_caller_that_is_gone_leaves_a_recorded_outcome(
    counted: CountingDatabase, shop: Till, recorder: OutcomeRecorder
) -> None:
    gone, other = await begin(shop, 2)
    counted.may_go_on.clear()
    task = asyncio.create_task(recorder.record(gone))
    await asyncio.sleep(0)
    task.cancel()
    counted.may_go_on.set()

    await recorder.record(other)

    assert task.cancelled()
    assert await state_of(shop, gone) == "succeeded"
    await assert_captured(shop, 2)


@pytest.mark.parametrize("comes_first", [True, False])
async def test_a_payment_that_is_locked_elsewhere_stops_no_other(
    counted: CountingDatabase, shop: Till, recorder: OutcomeRecorder, *, comes_first: bool
) -> None:
    locked, *others = await begin(shop, 4)
    outcomes = [locked, *others] if comes_first else [*others, locked]
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        # Whichever transaction has the locked one, alone or with others.
        async with Database.transaction(counted) as connection:
            await intent_lock(connection, intent_ids=[locked.attempt.intent_id])
            tasks = {each.attempt.attempt_id: group.create_task(recorder.record(each)) for each in outcomes}
            waiting = tasks.pop(locked.attempt.attempt_id)
            await asyncio.gather(*tasks.values())
            assert not waiting.done()
        await waiting

    await assert_captured(shop, 4)


async def test_if_the_process_dies_before_the_commit_nothing_has_changed_and_nobody_is_answered(
    shop: Till, recorder: OutcomeRecorder
) -> None:
    outcomes = await begin(shop, 3)

    async def die(_: Connection, __: Done) -> None:
        raise ProcessDiedError

    tasks = [asyncio.create_task(recorder.record(each, ended=die)) for each in outcomes]
    await asyncio.wait(tasks)

    assert {type(task.exception()) for task in tasks} == {ProcessDiedError}
    assert {await state_of(shop, each) for each in outcomes} == {"intended"}
    await assert_captured(shop, 0)
    # Another process goes on.
    await asyncio.gather(*[recorder_of(shop, shop.database).record(each) for each in outcomes])
    await assert_captured(shop, 3)


def recorder_of(till: Till, database: Database) -> OutcomeRecorder:
    return OutcomeRecorder(database, SystemClock(), till.flow.limits)
